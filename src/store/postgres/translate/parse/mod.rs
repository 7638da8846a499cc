//! Tokens to the tree of a statement: SQLite's grammar, as far as it has a meaning here.

mod call;
mod expression;
mod query;
mod schema;
mod write;

use super::Refused;
use super::ast::Statement;
use super::lexer::{self, Token, TokenKind};

/// Parentheses and the like inside of each other; deeper ones would take the stack of a small thread.
const MAX_DEPTH: usize = 450;

/// Words that are no name unless quoted, as they go on with what came before.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "add", "all", "alter", "and", "as", "between", "case", "check", "collate", "constraint", "create", "cross",
    "default", "delete", "distinct", "drop", "else", "escape", "except", "exists", "foreign", "from", "full", "glob",
    "group", "having", "in", "index", "inner", "insert", "intersect", "into", "is", "isnull", "join", "left", "like",
    "limit", "natural", "not", "notnull", "null", "offset", "on", "or", "order", "outer", "primary", "references",
    "returning", "right", "select", "set", "table", "then", "to", "union", "unique", "update", "using", "values",
    "when", "where", "window",
];

pub(super) struct Parser<'s> {
    sql: &'s str,
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

type Result<T> = std::result::Result<T, Refused>;

/// The one statement that the text is.
pub(super) fn parse(sql: &str) -> Result<Statement> {
    let mut parser = Parser { sql, tokens: lexer::tokens(sql)?, position: 0, depth: 0 };
    let statement = parser.statement()?;
    while parser.take(";") {}
    match parser.peek() {
        None => Ok(statement),
        Some(_) => Err(parser.unexpected()),
    }
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement> {
        let word = match self.peek() {
            Some(TokenKind::Word(word)) => word.to_ascii_lowercase(),
            _ => return Err(self.unexpected()),
        };
        match word.as_str() {
            "create" => self.create(),
            "drop" => self.drop(),
            "alter" => self.alter(),
            "select" | "values" | "with" | "insert" | "replace" | "update" | "delete" => {
                let with = self.with()?;
                if self.at_word("insert") || self.at_word("replace") {
                    return Ok(Statement::Insert(Box::new(self.insert(with)?)));
                }
                if self.take_word("update") {
                    return self.update(with).map(Statement::Update);
                }
                if self.take_word("delete") {
                    return self.delete(with).map(Statement::Delete);
                }
                self.query_after(with).map(Statement::Query)
            }
            _ => Err(Refused::new(format!("{word} is no statement that is known here"))),
        }
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(Refused::new("the statement is nested too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.position).map(|token| &token.kind)
    }

    fn peek_after(&self, further: usize) -> Option<&TokenKind> {
        self.tokens.get(self.position + further).map(|token| &token.kind)
    }

    fn advance(&mut self) {
        self.position += 1;
    }

    fn at(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(TokenKind::Mark(found)) if *found == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.at(mark);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Result<()> {
        if self.take(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn at_word(&self, word: &str) -> bool {
        is_word(self.peek(), word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.position += usize::from(found);
        found
    }

    /// Takes all of the words or none.
    fn take_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(index, word)| is_word(self.peek_after(index), word));
        if found {
            self.position += words.len();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A name: quoted, or a word that is free. SQLite takes a text for one, too.
    fn take_name(&mut self) -> Option<String> {
        let name = match self.peek()? {
            TokenKind::Quoted { name, .. } | TokenKind::Text(name) => name.clone(),
            TokenKind::Word(word) if !is_reserved(word) => word.clone(),
            _ => return None,
        };
        self.advance();
        Some(name)
    }

    fn name(&mut self) -> Result<String> {
        self.take_name().ok_or_else(|| self.unexpected())
    }

    /// The name of a table, maybe behind the name of the database, which is one.
    fn table_name(&mut self) -> Result<String> {
        let name = self.name()?;
        if !self.take(".") {
            return Ok(name);
        }
        match name.eq_ignore_ascii_case("main") {
            true => self.name(),
            false => Err(Refused::new(format!("there is no database {name:?}"))),
        }
    }

    fn names(&mut self) -> Result<Vec<String>> {
        self.list(Self::name)
    }

    /// `(a, b, …)`, the parenthesis taken already.
    fn closed_names(&mut self) -> Result<Vec<String>> {
        let names = self.names()?;
        self.expect(")")?;
        Ok(names)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// What was written from a token on to here.
    fn text_from(&self, first: usize) -> &str {
        let start = self.tokens.get(first).map_or(self.sql.len(), |token| token.start);
        let end = self.position.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| token.end);
        self.sql.get(start..end).unwrap_or_default()
    }

    fn unexpected(&self) -> Refused {
        match self.tokens.get(self.position) {
            Some(token) => Refused::new(format!("near {:?}: syntax error", &self.sql[token.start..token.end])),
            None => Refused::new("incomplete input"),
        }
    }
}

fn is_word(token: Option<&TokenKind>, word: &str) -> bool {
    matches!(token, Some(TokenKind::Word(found)) if found.eq_ignore_ascii_case(word))
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
