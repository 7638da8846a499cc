//! Records that were another server's: stored as they were, without rules and checks, many at once.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Records;
use crate::error::{Error, Result};
use crate::schema::{Collection, Field, FieldKind};
use crate::store::{Op, Priority, StoreError, Value, WriteSet};

/// Characters that would mean something else where an id or the name of a file becomes part of a path or a URL.
const UNFIT: [char; 5] = ['/', '\\', '"', '\'', '`'];
/// The longest id in bytes.
const LONGEST_ID: usize = 255;

/// A row that did not become a record.
#[derive(Debug)]
pub struct Misfit {
    pub id: String,
    pub reason: String,
}

impl Records {
    /// Stores rows with their values in field order, which [`Records::fit`] made fit. Those that the table refuses come
    /// back.
    ///
    /// # Errors
    /// Those of the store, but not that rows clash.
    pub async fn load(&self, collection: &Arc<Collection>, rows: Vec<Vec<Value>>) -> Result<Vec<Misfit>> {
        match self.load_rows(collection, rows.clone()).await {
            Err(StoreError::Unique { .. } | StoreError::Statement(_)) => {}
            done => return done.map(|()| Vec::new()).map_err(Error::from),
        }
        let mut misfits = Vec::new();
        for row in rows {
            let id = row.get(collection.table.id_column).map(Value::as_str).unwrap_or_default().to_owned();
            match self.load_rows(collection, vec![row]).await {
                Err(StoreError::Unique { columns, .. }) => {
                    let reason = format!("another record has the same {}", columns.join(", "));
                    misfits.push(Misfit { id, reason });
                }
                Err(StoreError::Statement(reason)) => misfits.push(Misfit { id, reason }),
                done => done?,
            }
        }
        Ok(misfits)
    }

    async fn load_rows(&self, collection: &Arc<Collection>, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let set = WriteSet {
            schema_version: self.registry.load().version,
            ops: vec![Op::Load { table: collection.table.clone(), rows }],
            priority: Priority::Background,
            ..WriteSet::default()
        };
        self.store.write(set).await.map(drop)
    }

    /// Brings the values of a row, in field order, into the form in which records are stored. Returns the fields whose
    /// values had to be changed.
    ///
    /// # Errors
    /// Why the row can't be a record.
    pub fn fit<'c>(collection: &'c Collection, row: &mut [Value]) -> Result<Vec<&'c str>, String> {
        let mut changed = Vec::new();
        for (field, value) in collection.fields.iter().zip(&mut *row) {
            if let Some(fitting) = fitting(field, value) {
                changed.push(field.name.as_str());
                *value = fitting;
            }
        }
        let id = row.get(collection.table.id_column).map(Value::as_str).unwrap_or_default();
        if id.is_empty() {
            return Err("it has no id".into());
        }
        if id.len() > LONGEST_ID || !is_plain_name(id) {
            return Err("its id has characters that no id may have, or too many".into());
        }
        Ok(changed)
    }
}

/// Whether a text that becomes part of a path stays where it is put.
fn is_plain_name(name: &str) -> bool {
    let unfit = |character: char| character.is_control() || UNFIT.contains(&character);
    !name.contains(unfit) && !matches!(name, "" | "." | "..")
}

/// The stored form of a value that is not in it; `None` for one that is. Names of files that are paths go.
fn fitting(field: &Field, value: &Value) -> Option<Value> {
    let formed = formed(field, value);
    if !matches!(field.kind, FieldKind::File(_)) {
        return formed;
    }
    let mut names = field.items(formed.as_ref().unwrap_or(value));
    let count = names.len();
    names.retain(|name| is_plain_name(name));
    if names.len() < count { Some(field.prepare(&names.into())) } else { formed }
}

fn formed(field: &Field, value: &Value) -> Option<Value> {
    let fits = match (&field.kind, value) {
        (FieldKind::Number(_), Value::Int(_)) => true,
        (FieldKind::Number(_), Value::Real(number)) => number.is_finite(),
        (FieldKind::Bool(_), Value::Int(number)) => matches!(number, 0 | 1),
        (FieldKind::Json(_), Value::Null | Value::Int(_)) => true,
        (FieldKind::Json(_), Value::Real(number)) => number.is_finite(),
        // What is stored goes out as it is, so it must be JSON; an empty text stands for itself.
        (FieldKind::Json(_), Value::Text(text)) => text.is_empty() || is::<serde::de::IgnoredAny>(text),
        (FieldKind::GeoPoint(_), Value::Text(text)) => is::<serde_json::Map<String, Json>>(text),
        (FieldKind::Number(_) | FieldKind::Bool(_) | FieldKind::Json(_) | FieldKind::GeoPoint(_), _) => false,
        (_, Value::Text(text)) => !field.is_multi() || is::<Vec<String>>(text),
        _ => false,
    };
    (!fits).then(|| match value {
        Value::Null => field.zero(),
        Value::Bool(flag) => field.prepare(&(*flag).into()),
        Value::Int(number) => field.prepare(&(*number).into()),
        Value::Real(number) => field.prepare(&(*number).into()),
        Value::Text(text) => field.prepare(&text.as_str().into()),
        Value::Blob(bytes) => {
            let text = Value::Text(String::from_utf8_lossy(bytes).into_owned());
            formed(field, &text).unwrap_or(text)
        }
    })
}

fn is<'t, T: serde::Deserialize<'t>>(text: &'t str) -> bool {
    serde_json::from_str::<T>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::field::{BoolOptions, FileOptions, JsonOptions, NumberOptions, SelectOptions, TextOptions};

    fn check(kind: FieldKind, value: impl Into<Value>, expected: Option<Value>) {
        let (field, value) = (Field::new("f", kind), value.into());
        assert_eq!(fitting(&field, &value), expected, "{} {value:?}", field.kind.name());
    }

    #[test]
    fn stored_forms_stay_and_others_become_one() {
        let text = || FieldKind::Text(TextOptions::default());
        check(text(), "a\u{0}b", None);
        check(text(), Value::Int(5), Some("5".into()));
        check(text(), Value::Null, Some("".into()));
        check(text(), Value::Blob(vec![b'a', 0xff]), Some("a\u{fffd}".into()));
        let json = || FieldKind::Json(JsonOptions::default());
        check(json(), r#"{"a": [1, "x"]}"#, None);
        check(json(), Value::Null, None);
        check(json(), Value::Real(1.5), None);
        check(json(), "{}} injected", Some(r#""{}} injected""#.into()));
        check(json(), Value::Blob(b"[1]".to_vec()), Some("[1]".into()));
        let number = || FieldKind::Number(NumberOptions::default());
        check(number(), Value::Real(0.25), None);
        check(number(), "12", Some(Value::Int(12)));
        check(FieldKind::Bool(BoolOptions::default()), Value::Int(7), Some(Value::Int(1)));
        let many = FieldKind::Select(SelectOptions { max_select: 2, ..SelectOptions::default() });
        check(many.clone(), r#"["a","b"]"#, None);
        check(many, "a", Some(r#"["a"]"#.into()));
        let file = |max_select| FieldKind::File(FileOptions { max_select, ..FileOptions::default() });
        check(file(1), "photo_x1.png", None);
        check(file(1), "", None);
        check(file(1), "../../data.db", Some("".into()));
        check(file(2), r#"["a.png","/etc/passwd",".."]"#, Some(r#"["a.png"]"#.into()));
    }
}
