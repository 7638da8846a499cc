//! Text to tokens (contract 3.1). Total: every input gives tokens or an error with its position.

use super::ast::Op;
use super::error::{QueryError, Result};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Identifier(String),
    Number(f64),
    Text(String),
    Operator { op: Op, any: bool },
    And,
    Or,
    Open,
    Close,
    Comma,
}

/// A token and where it starts, in bytes.
pub(super) type Spanned = (Token, usize);

/// Splits an expression into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>> {
    let mut lexer = Lexer { text, at: 0, found: Vec::new() };
    while let Some(first) = lexer.peek() {
        lexer.next_token(first)?;
    }
    Ok(lexer.found)
}

/// The operators, longest first, as a shorter one may begin a longer one.
const OPERATORS: &[(&str, Op, bool)] = &[
    ("?!=", Op::Ne, true),
    ("?!~", Op::NotLike, true),
    ("?>=", Op::Ge, true),
    ("?<=", Op::Le, true),
    ("?=", Op::Eq, true),
    ("?~", Op::Like, true),
    ("?>", Op::Gt, true),
    ("?<", Op::Lt, true),
    ("!=", Op::Ne, false),
    ("!~", Op::NotLike, false),
    (">=", Op::Ge, false),
    ("<=", Op::Le, false),
    ("=", Op::Eq, false),
    ("~", Op::Like, false),
    (">", Op::Gt, false),
    ("<", Op::Lt, false),
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Spanned>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, token: Token, length: usize) {
        self.found.push((token, self.at));
        self.at += length;
    }

    fn next_token(&mut self, first: char) -> Result<()> {
        match first {
            ' ' | '\t' | '\n' => self.at += 1,
            '(' => self.push(Token::Open, 1),
            ')' => self.push(Token::Close, 1),
            ',' => self.push(Token::Comma, 1),
            '"' | '\'' => return self.string(first),
            '0'..='9' | '-' => return self.number(),
            _ if self.rest().starts_with("//") => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            _ if self.rest().starts_with("&&") => self.push(Token::And, 2),
            _ if self.rest().starts_with("||") => self.push(Token::Or, 2),
            _ if starts_identifier(first) => self.identifier(),
            _ => return self.operator(first),
        }
        Ok(())
    }

    fn identifier(&mut self) {
        let rest = self.rest();
        let length = rest.find(|c: char| !continues_identifier(c)).unwrap_or(rest.len());
        self.push(Token::Identifier(rest[..length].to_owned()), length);
    }

    fn operator(&mut self, first: char) -> Result<()> {
        let known = OPERATORS.iter().find(|(text, ..)| self.rest().starts_with(text));
        let Some((text, op, any)) = known else {
            return Err(QueryError::at(self.at, format!("unexpected character {first:?}")));
        };
        let (op, any) = (*op, *any);
        self.push(Token::Operator { op, any }, text.len());
        Ok(())
    }

    /// `-?digits(.digits)?`: no exponent, no dot without digits on both sides.
    fn number(&mut self) -> Result<()> {
        let rest = self.rest();
        let length =
            rest.char_indices().skip(1).find(|(_, c)| !matches!(c, '0'..='9' | '.')).map_or(rest.len(), |(at, _)| at);
        let text = &rest[..length];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let well_formed = match digits.split_once('.') {
            Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
            None => all_digits(digits),
        };
        let glued = rest[length..].starts_with(starts_identifier);
        match text.parse::<f64>() {
            Ok(number) if well_formed && !glued => self.push(Token::Number(number), length),
            _ => return Err(QueryError::at(self.at, "not a number: digits, with a point between digits at most")),
        }
        Ok(())
    }

    /// Backslash escapes itself, `n`, `r`, `t` and both quotes; before anything else it stands for itself.
    fn string(&mut self, quote: char) -> Result<()> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\0' => return Err(QueryError::at(self.at, "a string can't hold the character NUL")),
                _ if c == quote => {
                    self.push(Token::Text(text), at + 1);
                    return Ok(());
                }
                '\\' => {
                    let escaped = chars.peek().and_then(|(_, next)| match next {
                        'n' => Some('\n'),
                        'r' => Some('\r'),
                        't' => Some('\t'),
                        '\\' | '"' | '\'' => Some(*next),
                        _ => None,
                    });
                    text.push(escaped.unwrap_or('\\'));
                    if escaped.is_some() {
                        chars.next();
                    }
                }
                _ => text.push(c),
            }
        }
        Err(QueryError::at(self.at, "the string has no closing quote"))
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn starts_identifier(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '#')
}

fn continues_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '#' | '.' | ':')
}
