//! Aggregates over the records that a query finds: group keys and functions of the groups (our own, beside
//! contract 2.1).
//!
//! Text becomes an [`Aggregation`] (`parse`); [`Query::aggregate`] turns it into SQL (`compile`): an inner select
//! that groups, with columns named by number, and around it the condition (`having`), the order and the page,
//! which can name nothing but these columns. Paths are planned as those of a client's filter are, so what may not
//! be filtered by can't be aggregated either.
//!
//! *Invariant:* a secret of an account is no operand, for nobody; every value is a parameter; pages have a total
//! order. Start reading at `compile.rs`.

mod compile;
mod having;
mod parse;

pub use compile::{Column, Shown};

use super::ast::Filter;
use super::sort::Sort;

/// What is asked of a collection: keys, functions, and how the groups are chosen and ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    group: Vec<Expression>,
    select: Vec<Expression>,
    having: Option<Filter>,
    sort: Sort,
}

/// The raw parameters of an aggregation.
#[derive(Debug, Clone, Default)]
pub struct AggregateTexts {
    pub group: String,
    pub select: String,
    pub having: String,
    pub sort: String,
}

/// Why an aggregation was refused: a code of contract 1.8's kind for one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateError {
    pub parameter: &'static str,
    pub code: &'static str,
    /// A sentence that tells nothing of what is hidden.
    pub reason: String,
}

/// One key or function under its name in the answer.
#[derive(Debug, Clone, PartialEq)]
struct Expression {
    key: String,
    function: Option<Function>,
    /// Empty for `count()` alone.
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    /// The start of the span of time that a date lies in (UTC).
    Bucket(Span),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Year,
    Quarter,
    Month,
    /// From Monday, as ISO 8601 has it.
    Week,
    Day,
    Hour,
}

type Result<T> = std::result::Result<T, AggregateError>;

impl AggregateError {
    fn malformed(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self { parameter, code: "validation_invalid_expression", reason: reason.into() }
    }

    /// The same for a field that does not exist and one that is not for the caller.
    fn unknown(parameter: &'static str, name: &str) -> Self {
        let reason = format!("There is no {name:?} that can be used here.");
        Self { parameter, code: "validation_unknown_field", reason }
    }

    fn unfit(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self { parameter, code: "validation_invalid_operand", reason: reason.into() }
    }
}
