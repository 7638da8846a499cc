//! Tokens to the syntax tree (contract 3.1): `&&` binds tighter than `||`.

use super::ast::{Call, Comparison, Expr, Filter, Operand};
use super::error::{QueryError, Result};
use super::lexer::{Spanned, Token, tokens};

/// Comparisons in one expression (contract 3.1).
const MAX_COMPARISONS: usize = 200;
/// Parentheses inside parentheses; the parser and all that walks the tree recurse this deep at most.
const MAX_DEPTH: usize = 200;
/// Calls inside calls (contract 3.1).
const MAX_CALL_DEPTH: usize = 3;
/// A client's expression in characters (contract 2.1).
const MAX_CLIENT_CHARACTERS: usize = 3500;

impl Filter {
    /// Parses an expression; `None` for an empty one. Blanks or a comment alone are no expression.
    ///
    /// # Errors
    /// The first fault with its position; more than 200 comparisons; parentheses deeper than 200.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        if text.is_empty() {
            return Ok(None);
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens, at: 0, comparisons: 0, end: text.len() };
        let root = parser.or(0)?;
        match parser.position() {
            None => Ok(Some(Self { root: root.into() })),
            Some(position) => Err(QueryError::at(position, "expected && or || here")),
        }
    }

    /// Like [`Filter::parse`], for text that came with a request: at most 3,500 characters.
    pub fn parse_client(text: &str) -> Result<Option<Self>> {
        if text.chars().count() > MAX_CLIENT_CHARACTERS {
            return Err(QueryError::new(format!("the filter is longer than {MAX_CLIENT_CHARACTERS} characters")));
        }
        Self::parse(text)
    }
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    comparisons: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn position(&self) -> Option<usize> {
        self.tokens.get(self.at).map(|(_, position)| *position)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn error<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(QueryError::at(self.position().unwrap_or(self.end), reason))
    }

    fn or(&mut self, depth: usize) -> Result<Expr> {
        let mut parts = vec![self.and(depth)?];
        while self.take(&Token::Or) {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr> {
        let mut parts = vec![self.primary(depth)?];
        while self.take(&Token::And) {
            parts.push(self.primary(depth)?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn primary(&mut self, depth: usize) -> Result<Expr> {
        if !self.take(&Token::Open) {
            return self.comparison();
        }
        if depth == MAX_DEPTH {
            return self.error(format!("parentheses are nested deeper than {MAX_DEPTH}"));
        }
        let inner = self.or(depth + 1)?;
        if !self.take(&Token::Close) {
            return self.error("a closing parenthesis is missing");
        }
        Ok(inner)
    }

    fn comparison(&mut self) -> Result<Expr> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return self.error(format!("there are more than {MAX_COMPARISONS} comparisons"));
        }
        let left = self.operand(0)?;
        let Some(Token::Operator { op, any }) = self.peek() else {
            return self.error("expected an operator such as = != > >= < <= ~ !~ here");
        };
        let (op, any) = (*op, *any);
        self.at += 1;
        let right = self.operand(0)?;
        Ok(Expr::Compare(Comparison { left, op, any, right }))
    }

    fn operand(&mut self, depth: usize) -> Result<Operand> {
        let Some((token, position)) = self.tokens.get(self.at).cloned() else {
            return self.error("the expression ends where a field or a value is expected");
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Operand::Number(number)),
            Token::Text(text) => Ok(Operand::Text(text)),
            Token::Identifier(name) if self.peek() == Some(&Token::Open) => self.call(name, position, depth),
            Token::Identifier(name) => Ok(keyword(&name).unwrap_or(Operand::Path(name, position))),
            _ => {
                self.at -= 1;
                self.error("expected a field or a value here")
            }
        }
    }

    fn call(&mut self, name: String, position: usize, depth: usize) -> Result<Operand> {
        if depth == MAX_CALL_DEPTH {
            return self.error(format!("function calls are nested deeper than {MAX_CALL_DEPTH}"));
        }
        self.at += 1;
        let mut arguments = Vec::new();
        while !self.take(&Token::Close) {
            if !arguments.is_empty() && !self.take(&Token::Comma) {
                return self.error("expected a comma or a closing parenthesis here");
            }
            arguments.push(self.operand(depth + 1)?);
        }
        Ok(Operand::Call(Call { name, arguments, position }))
    }
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn keyword(name: &str) -> Option<Operand> {
    if name.eq_ignore_ascii_case("true") {
        Some(Operand::Bool(true))
    } else if name.eq_ignore_ascii_case("false") {
        Some(Operand::Bool(false))
    } else if name.eq_ignore_ascii_case("null") {
        Some(Operand::Null)
    } else {
        None
    }
}
