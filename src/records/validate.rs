//! What must hold for a record before it is written: all field errors together (contract 1.8).

use std::sync::Arc;

use super::session::Session;
use crate::error::{FieldError, FieldErrors, Result};
use crate::query::{Query, Request};
use crate::schema::{Collection, Field, FieldKind, Record};
use crate::store::{Check, Expect, Keep, Rows, Statement, Value};

/// Checks of relation targets are tagged from here on, by the position of the field.
pub(super) const RELATION_TAG: u32 = 1000;

/// Validates all fields. `before` is the stored record of an update: what did not change there needs no second
/// look where that look would cost a read or fail on a hash.
pub(super) fn fields(record: &Record, before: Option<&Record>) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for (index, field) in record.collection.fields.iter().enumerate() {
        let value = &record.values[index];
        let changed = before.is_none_or(|before| before.values[index] != *value);
        if matches!(field.kind, FieldKind::Password(_)) && !changed {
            continue;
        }
        if let Some(error) = unknown_file(record, before, index) {
            errors.add(&field.name, error);
        } else if changed && holds_null_character(field, value) {
            let message = "The text must not hold the character U+0000.";
            errors.add(&field.name, FieldError::new("validation_null_character", message));
        } else if let Some(error) = field.validate(value) {
            errors.add(&field.name, error);
        }
    }
    errors
}

/// Not every engine can store it, and none of them takes it: what one instance holds another one can.
fn holds_null_character(field: &Field, value: &Value) -> bool {
    let Some(text) = value.text() else { return false };
    match field.kind {
        FieldKind::Json(_) => text.match_indices("\\u0000").any(|(at, _)| {
            // A backslash behind another one is itself, and starts nothing.
            let before = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            before.is_multiple_of(2)
        }),
        _ => text.contains('\0'),
    }
}

/// A name that the record does not hold already can't be taken without its bytes.
fn unknown_file(record: &Record, before: Option<&Record>, index: usize) -> Option<FieldError> {
    let field = &record.collection.fields[index];
    if !matches!(field.kind, FieldKind::File(_)) {
        return None;
    }
    let known = before.map(|before| field.items(&before.values[index])).unwrap_or_default();
    let unknown: Vec<String> =
        field.items(&record.values[index]).into_iter().filter(|name| !known.contains(name)).collect();
    (!unknown.is_empty()).then(|| {
        let message = "Holds names of files that the record does not have.";
        FieldError::new("validation_invalid_file", message).param("invalidFiles", unknown)
    })
}

impl Session<'_> {
    /// The checks, for the write itself, that the targets of new relations exist.
    pub(super) fn relation_checks(&self, record: &Record, before: Option<&Record>) -> Vec<Check> {
        let mut checks = Vec::new();
        for (index, statement, keeps) in self.relation_statements(record, before) {
            checks.push(Check { statement, expect: Expect::Row, tag: RELATION_TAG + index as u32, keeps });
        }
        checks
    }

    /// The relations whose targets are missing, found by reading: for an answer that lists all errors.
    pub(super) async fn missing_relations(
        &self,
        record: &Record,
        before: Option<&Record>,
        errors: &mut FieldErrors,
    ) -> Result<()> {
        for (index, statement, _) in self.relation_statements(record, before) {
            if self.lane.reader().first(statement).await?.is_none() {
                errors.add(&record.collection.fields[index].name, missing());
            }
        }
        Ok(())
    }

    /// For each relation that changed: a statement that yields a row if all targets are there.
    fn relation_statements(&self, record: &Record, before: Option<&Record>) -> Vec<(usize, Statement, Keep)> {
        let mut statements = Vec::new();
        let request = Request::default();
        for (index, field) in record.collection.fields.iter().enumerate() {
            let Some(target) = field.relation_target() else { continue };
            let value = &record.values[index];
            if before.is_some_and(|before| before.values[index] == *value) {
                continue;
            }
            let ids = field.items(value);
            if ids.is_empty() {
                continue;
            }
            let target = self.schema.by_id(target);
            let statement = match target {
                Some(target) => exist(self, target, &ids, &request),
                None => Statement::new("SELECT 1 WHERE 0", Vec::new()),
            };
            let keeps = match target {
                Some(target) if !target.is_view() => Keep::Rows(Rows { table: target.table.clone(), ids }),
                _ => Keep::Nothing,
            };
            statements.push((index, statement, keeps));
        }
        statements
    }

    /// An id must be unlike all others of any letter case, and unlike those of other auth collections. Where only
    /// small letters can occur the primary key itself sees to the first.
    pub(super) async fn id_clash(&self, record: &Record, errors: &mut FieldErrors) -> Result<()> {
        let collection = &record.collection;
        let id = record.id();
        let request = Request::default();
        if !default_pattern(collection) {
            let mut query = Query::new(&self.schema, collection, &request);
            query.identity(collection.table.id_column, id, takes_capitals(collection));
            if self.lane.reader().first(query.exists()).await?.is_some() {
                errors.add("id", FieldError::new("validation_pk_invalid", "Another record has this id already."));
            }
        }
        if collection.auth().is_none() {
            return Ok(());
        }
        for other in
            self.schema.collections().iter().filter(|other| other.auth().is_some() && other.id != collection.id)
        {
            let mut query = Query::new(&self.schema, other, &request);
            query.id(id);
            if self.lane.reader().first(query.exists()).await?.is_some() {
                errors.add("id", FieldError::new("validation_invalid_auth_id", "An auth record has this id already."));
            }
        }
        Ok(())
    }
}

/// Whether ids of this collection can differ by letter case alone; if they can't, the primary key's index finds a
/// clash and nothing has to be walked. Said of the pattern's text, in doubt yes.
fn takes_capitals(collection: &Collection) -> bool {
    match &collection.fields[collection.table.id_column].kind {
        FieldKind::Text(text) => {
            let inner = text.pattern.strip_prefix('^').unwrap_or_default();
            inner.is_empty() || inner.contains(['.', '\\', '^', '(', '?']) || inner.chars().any(char::is_uppercase)
        }
        _ => true,
    }
}

fn default_pattern(collection: &Collection) -> bool {
    matches!(&collection.fields[collection.table.id_column].kind, FieldKind::Text(text) if text.pattern == "^[a-z0-9]+$")
}

fn exist(session: &Session<'_>, target: &Arc<Collection>, ids: &[String], request: &Request) -> Statement {
    let mut query = Query::new(&session.schema, target, request);
    if let [only] = ids {
        query.id(only);
        return query.exists();
    }
    query.ids(ids);
    let count = query.count();
    let mut params = count.params;
    params.push(Value::Int(i64::try_from(ids.len()).unwrap_or(i64::MAX)));
    Statement::new(format!("SELECT 1 WHERE ({}) = ?{}", count.sql, params.len()), params)
}

pub(super) fn missing() -> FieldError {
    FieldError::new("validation_missing_rel_records", "Some of the related records do not exist.")
}
