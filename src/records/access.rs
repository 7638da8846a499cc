//! Who may do what: the access matrix of contract 1.2, in one place.
//!
//! PocketBase's answers differ by operation on purpose of compatibility: a null rule is 403 everywhere; a rule
//! that does not hold filters a list, hides a viewed, updated or deleted record (404), and fails a create (400).

use std::sync::Arc;

use super::Records;
use crate::error::{Error, Result};
use crate::query::{Filter, Query, QueryError, Request, Trust, eval};
use crate::schema::{Collection, Record, Schema};
use crate::store::Reader;

/// The name under which a rule sees a record that is not stored yet; no collection can have it.
const DRAFT: &str = "@draft";

/// What a rule asks of this caller: `None` nothing, `Some` a condition.
///
/// # Errors
/// `Forbidden` for a null rule, unless the caller is a superuser.
pub(super) fn condition(rule: &Option<String>, request: &Request) -> Result<Option<Filter>> {
    match rule {
        _ if request.caller.is_superuser() => Ok(None),
        None => Err(Error::forbidden("only superusers can perform this action")),
        Some(rule) => parse(rule),
    }
}

/// A stored rule; one that no longer parses denies.
pub(super) fn parse(rule: &str) -> Result<Option<Filter>> {
    Filter::parse_rule(rule)
        .map_err(|error| Error::forbidden("the rule of the collection does not hold").with_cause(error))
}

/// A client's filter or sort that was refused: 400 without details of what is hidden, 403 where the contract
/// says so.
pub(super) fn refused(error: QueryError) -> Error {
    if error.forbidden { Error::forbidden(error.reason.clone()) } else { Error::invalid("").with_cause(error) }
}

impl Records {
    /// Whether a record that is stored satisfies a rule for this request: in memory where possible.
    ///
    /// # Errors
    /// Those of the store; a rule that can't be resolved is not satisfied.
    pub async fn satisfies(&self, reader: &Reader, record: &Record, rule: &str, request: &Request) -> Result<bool> {
        match Filter::parse_rule(rule) {
            Ok(None) => Ok(true),
            Ok(Some(filter)) => holds(&self.registry.load(), reader, record, &filter, request).await,
            Err(_) => Ok(false),
        }
    }

    /// Like [`Records::satisfies`], for a rule that makes a demand instead of letting in: one that can't be resolved
    /// makes it too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn demands(&self, reader: &Reader, record: &Record, rule: &str, request: &Request) -> Result<bool> {
        match Filter::parse_rule(rule) {
            Ok(Some(filter)) => {
                let answer = decide(&self.registry.load(), reader, record, &filter, request).await?;
                Ok(answer.unwrap_or(true))
            }
            Ok(None) | Err(_) => Ok(true),
        }
    }
}

/// Like [`holds`], for a record that is not stored: the row under the rule is made of its values.
pub(super) async fn holds_unstored(
    schema: &Schema,
    reader: &Reader,
    record: &Record,
    rule: &Filter,
    request: &Request,
) -> Result<bool> {
    if let Some(answer) = eval(rule, schema, record, request) {
        return Ok(answer);
    }
    // Other mentions of the collection inside the rule must still find its stored rows, so the name differs.
    let draft = Arc::new(Collection { name: DRAFT.to_owned(), ..Collection::clone(&record.collection) });
    let mut query = Query::new(schema, &draft, request);
    if query.filter(rule, Trust::Rule).is_err() {
        return Ok(false);
    }
    let mut statement = query.exists();
    let offset = statement.params.len();
    let columns = record.collection.table.columns.iter().enumerate();
    let columns = columns.map(|(index, name)| format!("?{} AS \"{name}\"", offset + index + 1));
    let columns = columns.collect::<Vec<_>>().join(", ");
    statement.sql = format!("WITH \"{DRAFT}\" AS (SELECT {columns}) {}", statement.sql);
    statement.params.extend(record.values.iter().cloned());
    Ok(reader.first(statement).await?.is_some())
}

pub(super) async fn holds(
    schema: &Schema,
    reader: &Reader,
    record: &Record,
    rule: &Filter,
    request: &Request,
) -> Result<bool> {
    Ok(decide(schema, reader, record, rule, request).await?.unwrap_or(false))
}

/// `None` for a rule that no longer fits the schema.
async fn decide(
    schema: &Schema,
    reader: &Reader,
    record: &Record,
    rule: &Filter,
    request: &Request,
) -> Result<Option<bool>> {
    if let Some(answer) = eval(rule, schema, record, request) {
        return Ok(Some(answer));
    }
    let mut query = Query::new(schema, &record.collection, request);
    query.id(record.id());
    match query.filter(rule, Trust::Rule) {
        Ok(()) => Ok(Some(reader.first(query.exists()).await?.is_some())),
        Err(_) => Ok(None),
    }
}
