//! The filter and rule language (stub face; see the brief).

mod request;

use std::sync::Arc;

pub use request::{Caller, Context, Request};

use crate::schema::{Collection, Record, Schema};
use crate::store::Statement;

/// A parsed filter or rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {}

/// Parsed `sort` terms (contract 2.1).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sort {}

/// Why an expression was refused: a position (bytes) and a reason that never holds SQL.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct QueryError {
    pub reason: String,
    pub position: Option<usize>,
    /// True where contract 2.1 answers 403 (`@request.`/`@collection.` in a client's filter).
    pub forbidden: bool,
}

/// Who wrote an expression: decides what it may touch (contract 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// An API rule: may read everything, hidden fields included.
    Rule,
    /// A client's `filter` or `sort`; a superuser's may read everything too.
    Client,
}

impl Filter {
    /// Parses an expression; `None` for an empty one. At most 200 comparisons; depth-limited.
    pub fn parse(_text: &str) -> Result<Option<Self>, QueryError> {
        todo!()
    }
}

impl Sort {
    /// Parses a comma list, at most 8 terms of 255 characters.
    pub fn parse(_text: &str) -> Result<Self, QueryError> {
        todo!()
    }
}

/// A read of one collection under construction: conditions, order, page → a [`Statement`].
pub struct Query<'a> {
    pub schema: &'a Schema,
    pub collection: &'a Arc<Collection>,
    pub request: &'a Request,
}

impl<'a> Query<'a> {
    pub fn new(schema: &'a Schema, collection: &'a Arc<Collection>, request: &'a Request) -> Self {
        Self { schema, collection, request }
    }
    /// ANDs an expression. For `Trust::Client` the limits of contract 3.7 apply.
    pub fn filter(&mut self, _filter: &Filter, _trust: Trust) -> Result<(), QueryError> {
        todo!()
    }
    pub fn sort(&mut self, _sort: &Sort, _trust: Trust) -> Result<(), QueryError> {
        todo!()
    }
    /// ANDs `id = ?`.
    pub fn id(&mut self, _id: &str) {
        todo!()
    }
    /// ANDs `id IN (…)`.
    pub fn ids(&mut self, _ids: &[String]) {
        todo!()
    }
    /// ANDs `field = ?`, or membership for a list field: for back relations.
    pub fn refers_to(&mut self, _field: usize, _ids: &[String]) {
        todo!()
    }
    /// ANDs `field = ?` for a text column, folding ASCII case (`COLLATE NOCASE`) when asked: sign-in by identity.
    pub fn identity(&mut self, _field: usize, _text: &str, _fold_case: bool) {
        todo!()
    }
    /// All stored columns in field order, then the revision (0 for a view), one page of rows.
    pub fn select(&self, _limit: u64, _offset: u64) -> Statement {
        todo!()
    }
    /// The number of distinct matching records.
    pub fn count(&self) -> Statement {
        todo!()
    }
    /// One row `1` if any record matches.
    pub fn exists(&self) -> Statement {
        todo!()
    }
}

/// Evaluates a rule on a record in memory. `None`: it needs the database (joins, `@collection`, back
/// relations, anything not proven equal to SQL). An error denies.
pub fn eval(_filter: &Filter, _schema: &Schema, _record: &Record, _request: &Request) -> Option<bool> {
    todo!()
}

/// Checks an expression against a collection without running it, as saving a rule does.
pub fn check_rule(_text: &str, _schema: &Schema, _collection: &Arc<Collection>) -> Result<(), QueryError> {
    todo!()
}
