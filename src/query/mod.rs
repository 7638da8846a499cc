//! The filter and rule language: one language for `filter`, `sort`, and every rule (contract 3).
//!
//! Text becomes tokens (`lexer`), a tree ([`Filter`], `parser`), planned paths (`path`, `walk`, `constant`),
//! and then either SQL (`compile`, [`Query`]) or an answer in memory ([`eval`]). Both follow one value model
//! (`value`), and property tests hold them against each other.
//!
//! *Invariant:* no I/O, no panic on any text, every value a parameter, no SQL in an error. What a client may
//! not touch (contract 3.7) is refused while a path is planned, so neither way around exists. Start reading
//! at [`Query`], then `walk.rs`.

mod aggregate;
mod ast;
mod compile;
mod constant;
mod error;
mod eval;
mod lexer;
mod macros;
mod order;
mod parser;
mod path;
mod reads;
mod request;
mod rule;
mod select;
mod sort;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::sync::Arc;

pub use aggregate::{AggregateError, AggregateTexts, Aggregation, Column, Shown};
pub use ast::Filter;
pub use error::QueryError;
pub use eval::eval;
pub use reads::{CallerPart, Reads};
pub use request::{Caller, Context, Request};
pub use select::Query;
pub use sort::Sort;

use crate::schema::{Collection, Schema};

/// Who wrote an expression: decides what it may touch (contract 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// An API rule: may read everything, hidden fields included.
    Rule,
    /// A client's `filter` or `sort`; a superuser's may read everything too.
    Client,
}

/// Checks a rule against a collection without running it, as saving it does.
///
/// # Errors
/// What is wrong with it and where; never any SQL.
pub fn check_rule(text: &str, schema: &Schema, collection: &Arc<Collection>) -> Result<(), QueryError> {
    match Filter::parse(text)? {
        None => Ok(()),
        Some(filter) => Query::new(schema, collection, &Request::default()).filter(&filter, Trust::Rule),
    }
}
