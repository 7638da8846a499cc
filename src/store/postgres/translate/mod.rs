//! SQLite's SQL in, PostgreSQL's SQL out, with SQLite's answer.
//!
//! The rooms above `store/` and people who write views and indexes speak one dialect, SQLite's. Here such a text is
//! parsed (`lexer.rs`, `parse.rs`), every expression gets a type against the [`Catalog`] (`typed.rs`), and the PostgreSQL
//! that gives the same answer is printed: affinities, order of nulls and bytes, folding of ASCII letters alone,
//! values of mixed kinds as a pair of columns, the number of a row, bare columns beside aggregates. Nothing here does
//! input or output, and nothing keeps state: who calls keeps what was translated, by text, kinds and catalog.
//!
//! *Invariant:* what can't give SQLite's answer is refused with a sentence that says why, never approximated in silence;
//! the values of a statement are parameters of the result, too, never text in it.
//!
//! Start reading at [`statement`], then `expression.rs`.

mod aggregate;
mod ast;
mod catalog;
mod change;
mod comparison;
mod conditional;
mod conversion;
mod expression;
mod from;
mod function;
mod inspect;
mod json;
mod lexer;
mod literal;
mod order;
mod parse;
mod query;
mod scope;
mod select;
mod translator;
mod typed;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use catalog::{Affinity, Catalog, Column, ColumnNote, Kind, LoadedColumn, Relation, ViewNote, physical};

use ast::Statement;
use translator::Translator;

use crate::store::{ColumnInfo, Value};

/// Nesting that any thread has the stack for.
const SHALLOW: usize = 40;
/// For the deepest nesting that the parser takes.
const DEEP_STACK_BYTES: usize = 64 << 20;

/// What is bound to a parameter; with the text of the statement it decides the translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamKind {
    Null,
    Bool,
    Int,
    Real,
    Text,
    /// A text that as a whole spells a number, which a numeric column takes as that number.
    NumericText,
    Blob,
}

/// A statement of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Translated {
    /// With `$1`, `$2`, …, each cast to the type of its kind: `boolean`, `bigint`, `double precision`, `text`, `bytea`.
    pub sql: String,
    /// What is bound to `$1`, `$2`, …
    pub params: Vec<Param>,
    /// One a column of the statement as it was written.
    pub columns: Vec<Output>,
}

/// A value to bind, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// The position among the parameters of the statement: 0 is `?1`.
    pub source: usize,
    /// Never [`ParamKind::Null`], which stands in the text.
    pub kind: ParamKind,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub name: String,
    pub kind: Kind,
    /// Where it is in the row; of a [`Kind::Dynamic`] the text part.
    pub position: usize,
    /// Where the number part (`double precision`) of a [`Kind::Dynamic`] is; of all others the same as `position`.
    pub number_position: usize,
}

/// Why there is no translation: a sentence for whoever wrote the statement, lower-case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What a view query yields and reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspected {
    pub columns: Vec<ColumnInfo>,
    /// Every table or view that is read, sorted.
    pub tables_read: Vec<String>,
    /// Whether the same rows always give the same: no time and no chance is asked for.
    pub stable: bool,
    /// The query itself, for its first rows.
    pub query: Translated,
}

impl Refused {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl ParamKind {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Real(_) => Self::Real,
            Value::Text(text) if lexer::spells_number(text) => Self::NumericText,
            Value::Text(_) => Self::Text,
            Value::Blob(_) => Self::Blob,
        }
    }
}

/// Translates a statement for parameters of these kinds: one statement of PostgreSQL, or several to be run in order
/// (changes of the schema), of which the last gives the rows.
///
/// # Errors
/// What PostgreSQL can't answer as SQLite would, and what is no statement.
pub fn statement(sql: &str, kinds: &[ParamKind], catalog: &Catalog) -> Result<Vec<Translated>, Refused> {
    with_stack_for(sql, || translate(sql, kinds, catalog))
}

fn translate(sql: &str, kinds: &[ParamKind], catalog: &Catalog) -> Result<Vec<Translated>, Refused> {
    let mut translator = Translator::new(kinds, catalog);
    Ok(vec![match parse::parse(sql)? {
        Statement::Query(query) => {
            let shape = translator.query(&query, None)?;
            Translated { columns: shape.outputs(), sql: shape.sql, params: translator.params }
        }
        Statement::Insert(insert) => translator.insert(&insert)?,
        Statement::Update(update) => translator.update(&update)?,
        Statement::Delete(delete) => translator.delete(&delete)?,
        Statement::CreateTable(table) => return translator.create_table(&table),
        Statement::CreateView { name, columns, query } => return translator.create_view(&name, &columns, &query),
        Statement::CreateIndex(index) => translator.create_index(&index)?,
        Statement::AlterTable { table, change } => translator.alter_table(&table, &change)?,
        Statement::Drop { what, optional, name } => translator.drop(what, optional, &name),
    }])
}

/// Runs the work where nesting can't end the stack: what may nest deeply gets a thread of its own. That is rare, and
/// what is translated is kept.
fn with_stack_for<T: Send>(sql: &str, work: impl FnOnce() -> Result<T, Refused> + Send) -> Result<T, Refused> {
    if lexer::may_nest(sql) <= SHALLOW {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK_BYTES).spawn_scoped(scope, work);
        let done = thread.ok().and_then(|thread| thread.join().ok());
        done.unwrap_or_else(|| Err(Refused::new("the statement is nested too deeply")))
    })
}

/// What a view query yields and reads; `denied` are tables with a column that must not be read.
///
/// # Errors
/// The reason when it is not a single `SELECT`, can't be translated, or reads what it must not.
pub fn view_inspection(sql: &str, denied: &[(String, String)], catalog: &Catalog) -> Result<Inspected, Refused> {
    with_stack_for(sql, || inspect::inspect(sql, denied, catalog))
}
