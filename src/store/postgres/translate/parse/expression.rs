//! Expressions, by the strength of SQLite's operators.

use super::super::Refused;
use super::super::ast::{Binary, Call, Expr, Literal, Unary};
use super::super::lexer::TokenKind;
use super::{Parser, Result, is_reserved};

/// How strongly operators bind, weakest first.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const EQUALITY: u8 = 4;
const COMPARISON: u8 = 5;
const COLLATION: u8 = 10;
pub(super) const SIGN: u8 = 11;

const BINARY: &[(&str, u8, Binary)] = &[
    ("=", EQUALITY, Binary::Eq),
    ("==", EQUALITY, Binary::Eq),
    ("!=", EQUALITY, Binary::Ne),
    ("<>", EQUALITY, Binary::Ne),
    ("<", COMPARISON, Binary::Lt),
    ("<=", COMPARISON, Binary::Le),
    (">", COMPARISON, Binary::Gt),
    (">=", COMPARISON, Binary::Ge),
    ("&", 6, Binary::BitAnd),
    ("|", 6, Binary::BitOr),
    ("<<", 6, Binary::ShiftLeft),
    (">>", 6, Binary::ShiftRight),
    ("+", 7, Binary::Add),
    ("-", 7, Binary::Subtract),
    ("*", 8, Binary::Multiply),
    ("/", 8, Binary::Divide),
    ("%", 8, Binary::Remainder),
    ("||", 9, Binary::Concat),
    ("->", 9, Binary::Json),
    ("->>", 9, Binary::JsonValue),
];

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expr> {
        self.operators(OR)
    }

    pub(super) fn expressions(&mut self) -> Result<Vec<Expr>> {
        self.list(Self::expression)
    }

    /// An expression of operators that bind at least so strongly.
    pub(super) fn operators(&mut self, strength: u8) -> Result<Expr> {
        self.deeper(|parser| {
            let mut left = parser.prefix(strength)?;
            loop {
                left = match parser.infix(left, strength)? {
                    (left, true) => left,
                    (left, false) => return Ok(left),
                };
            }
        })
    }

    fn prefix(&mut self, strength: u8) -> Result<Expr> {
        // `NOT` in front of `EXISTS` needs nothing of its own: it is an operator like any other.
        if strength <= NOT && self.take_word("not") {
            return Ok(Expr::Unary(Unary::Not, Box::new(self.operators(NOT)?)));
        }
        let sign = [("-", Unary::Minus), ("+", Unary::Plus), ("~", Unary::BitNot)];
        if let Some((_, sign)) = sign.into_iter().find(|(mark, _)| self.take(mark)) {
            // So that the smallest number can be spelled.
            if sign == Unary::Minus
                && let Some(TokenKind::Real(number)) = self.peek()
                && *number == 9_223_372_036_854_775_808.0
            {
                self.advance();
                return Ok(Expr::Literal(Literal::Int(i64::MIN)));
            }
            return Ok(Expr::Unary(sign, Box::new(self.operators(SIGN)?)));
        }
        self.primary()
    }

    /// One operator behind an expression, and whether there was one.
    fn infix(&mut self, left: Expr, strength: u8) -> Result<(Expr, bool)> {
        if let Some(TokenKind::Mark(mark)) = self.peek() {
            let found = BINARY.iter().find(|(known, level, _)| known == mark && *level >= strength);
            let Some((_, level, operator)) = found else { return Ok((left, false)) };
            self.advance();
            let right = self.operators(level + 1)?;
            return Ok((Expr::Binary(*operator, Box::new(left), Box::new(right)), true));
        }
        if strength <= OR && self.take_word("or") {
            let mut parts = vec![left, self.operators(AND)?];
            while self.take_word("or") {
                parts.push(self.operators(AND)?);
            }
            return Ok((Expr::Any(parts), true));
        }
        if strength <= AND && self.take_word("and") {
            let mut parts = vec![left, self.operators(NOT)?];
            while self.take_word("and") {
                parts.push(self.operators(NOT)?);
            }
            return Ok((Expr::All(parts), true));
        }
        if strength <= COLLATION && self.take_word("collate") {
            let collation = self.name()?;
            return Ok((Expr::Collate { value: Box::new(left), collation }, true));
        }
        if strength <= EQUALITY {
            return self.equality(left);
        }
        Ok((left, false))
    }

    /// The operators that are words and bind like `=`.
    fn equality(&mut self, left: Expr) -> Result<(Expr, bool)> {
        let null = || Box::new(Expr::Literal(Literal::Null));
        let is_null = |left: Expr, not: bool| Expr::Is { left: Box::new(left), right: null(), not };
        if self.take_word("isnull") {
            return Ok((is_null(left, false), true));
        }
        if self.take_word("notnull") || self.take_words(&["not", "null"]) {
            return Ok((is_null(left, true), true));
        }
        if self.take_word("is") {
            let not = self.take_word("not");
            let distinct = self.take_words(&["distinct", "from"]);
            let right = Box::new(self.operators(COMPARISON)?);
            return Ok((Expr::Is { left: Box::new(left), right, not: not != distinct }, true));
        }
        let start = self.position;
        let not = self.take_word("not");
        let value = Box::new(left);
        if self.take_word("like") {
            let pattern = Box::new(self.operators(COMPARISON)?);
            let escape = if self.take_word("escape") { Some(Box::new(self.operators(COMPARISON)?)) } else { None };
            return Ok((Expr::Like { value, pattern, escape, not }, true));
        }
        if self.take_word("glob") {
            return Ok((Expr::Glob { value, pattern: Box::new(self.operators(COMPARISON)?), not }, true));
        }
        if self.take_word("between") {
            let low = Box::new(self.operators(COMPARISON)?);
            self.expect_word("and")?;
            let high = Box::new(self.operators(COMPARISON)?);
            return Ok((Expr::Between { value, low, high, not }, true));
        }
        if self.take_word("in") {
            return Ok((self.set(value, not)?, true));
        }
        if self.at_word("match") || self.at_word("regexp") {
            return Err(Refused::new("MATCH and REGEXP are not available"));
        }
        self.position = start;
        Ok((*value, false))
    }

    fn set(&mut self, value: Box<Expr>, not: bool) -> Result<Expr> {
        if !self.take("(") {
            return Err(Refused::new("IN takes a list or a query in parentheses"));
        }
        if self.at_query() {
            let query = Box::new(self.query()?);
            self.expect(")")?;
            return Ok(Expr::InQuery { value, query, not });
        }
        let items = if self.at(")") { Vec::new() } else { self.expressions()? };
        self.expect(")")?;
        Ok(Expr::InList { value, items, not })
    }

    pub(super) fn primary(&mut self) -> Result<Expr> {
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected()) };
        let literal = match token {
            TokenKind::Word(word) => return self.word(&word),
            TokenKind::Quoted { name, double } => {
                self.advance();
                return self.column(name, double);
            }
            TokenKind::Mark("(") => {
                self.advance();
                return self.parenthesis();
            }
            TokenKind::Parameter(index) => {
                self.advance();
                return Ok(Expr::Parameter(index));
            }
            TokenKind::Text(text) => Literal::Text(text),
            TokenKind::Blob(bytes) => Literal::Blob(bytes),
            TokenKind::Int(number) => Literal::Int(number),
            TokenKind::Real(number) => Literal::Real(number),
            TokenKind::Mark(_) => return Err(self.unexpected()),
        };
        self.advance();
        Ok(Expr::Literal(literal))
    }

    fn parenthesis(&mut self) -> Result<Expr> {
        let inner = match self.at_query() {
            true => Expr::Scalar(Box::new(self.query()?)),
            false => self.expression()?,
        };
        if self.at(",") {
            return Err(Refused::new("rows of several values can't be compared here"));
        }
        self.expect(")")?;
        Ok(inner)
    }

    fn word(&mut self, word: &str) -> Result<Expr> {
        let calls = matches!(self.peek_after(1), Some(TokenKind::Mark("(")));
        let lower = word.to_ascii_lowercase();
        let literal = match lower.as_str() {
            "null" => Literal::Null,
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "case" => {
                self.advance();
                return self.case();
            }
            "cast" if calls => {
                self.position += 2;
                return self.cast();
            }
            "exists" if calls => {
                self.position += 2;
                let query = Box::new(self.query()?);
                self.expect(")")?;
                return Ok(Expr::Exists(query));
            }
            "current_timestamp" | "current_date" | "current_time" => {
                self.advance();
                return Ok(Expr::Call(Call::plain(&lower, Vec::new())));
            }
            "glob" | "like" | "replace" if calls => return self.call(lower),
            _ if is_reserved(&lower) => return Err(self.unexpected()),
            _ if calls => return self.call(lower),
            _ => {
                self.advance();
                return self.column(word.to_owned(), false);
            }
        };
        self.advance();
        Ok(Expr::Literal(literal))
    }

    fn column(&mut self, first: String, quoted: bool) -> Result<Expr> {
        if !self.take(".") {
            return Ok(Expr::Column { table: None, name: first, quoted });
        }
        let second = self.name()?;
        if !self.take(".") {
            return Ok(Expr::Column { table: Some(first), name: second, quoted: false });
        }
        let name = self.name()?;
        Ok(Expr::Column { table: Some(second), name, quoted: false })
    }
}
