//! Calls of functions, their windows, and what looks like a call.

use super::super::ast::{Call, Expr, Window};
use super::super::lexer::TokenKind;
use super::expression::SIGN;
use super::{Parser, Result, is_reserved};

impl Parser<'_> {
    pub(super) fn case(&mut self) -> Result<Expr> {
        let operand = if self.at_word("when") { None } else { Some(Box::new(self.expression()?)) };
        let mut branches = Vec::new();
        while self.take_word("when") {
            let condition = self.expression()?;
            self.expect_word("then")?;
            branches.push((condition, self.expression()?));
        }
        let otherwise = if self.take_word("else") { Some(Box::new(self.expression()?)) } else { None };
        self.expect_word("end")?;
        match branches.is_empty() {
            true => Err(self.unexpected()),
            false => Ok(Expr::Case { operand, branches, otherwise }),
        }
    }

    pub(super) fn cast(&mut self) -> Result<Expr> {
        let value = Box::new(self.expression()?);
        self.expect_word("as")?;
        let to = self.type_name()?;
        self.expect(")")?;
        Ok(Expr::Cast { value, to })
    }

    /// The words of a type and its numbers in parentheses, which say nothing.
    pub(super) fn type_name(&mut self) -> Result<String> {
        let mut words = Vec::new();
        while let Some(TokenKind::Word(word)) = self.peek()
            && !is_reserved(word)
        {
            words.push(word.clone());
            self.advance();
        }
        if !words.is_empty() && self.take("(") {
            self.list(|parser| parser.operators(SIGN))?;
            self.expect(")")?;
        }
        Ok(words.join(" "))
    }

    pub(super) fn call(&mut self, name: String) -> Result<Expr> {
        self.position += 2;
        let mut call = Call::plain(&name, Vec::new());
        call.distinct = self.take_word("distinct");
        call.star = self.take("*");
        if !call.star && !self.at(")") {
            call.arguments = self.expressions()?;
            if self.take_words(&["order", "by"]) {
                call.order = self.list(Self::term)?;
            }
        }
        self.expect(")")?;
        if self.take_word("filter") {
            self.expect("(")?;
            self.expect_word("where")?;
            call.filter = Some(Box::new(self.expression()?));
            self.expect(")")?;
        }
        if self.take_word("over") {
            call.over = Some(Box::new(self.window()?));
        }
        Ok(Expr::Call(call))
    }

    pub(super) fn window(&mut self) -> Result<Window> {
        let mut window = Window::default();
        if !self.take("(") {
            window.base = Some(self.name()?);
            return Ok(window);
        }
        let words = ["partition", "order", "rows", "range", "groups"];
        if !words.iter().any(|word| self.at_word(word)) {
            window.base = self.take_name();
        }
        if self.take_words(&["partition", "by"]) {
            window.partition = self.expressions()?;
        }
        if self.take_words(&["order", "by"]) {
            window.order = self.list(Self::term)?;
        }
        let start = self.position;
        // A frame is made of words and numbers.
        while matches!(self.peek(), Some(TokenKind::Word(_) | TokenKind::Int(_))) {
            self.advance();
        }
        if self.position > start {
            window.frame = self.text_from(start).to_owned();
        }
        self.expect(")")?;
        Ok(window)
    }
}

impl Call {
    pub(in super::super) fn plain(name: &str, arguments: Vec<Expr>) -> Self {
        Self {
            name: name.to_owned(),
            distinct: false,
            star: false,
            arguments,
            order: Vec::new(),
            filter: None,
            over: None,
        }
    }
}
