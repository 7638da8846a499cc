//! The values that a request brings: `@request.*` without joins, and the macros.

use serde_json::Value as Json;

use super::error::Result;
use super::path::{Path, Root};
use super::request::Request;
use super::{macros, value};
use crate::schema::{Field, FieldKind, Record};
use crate::store::Value;

pub(super) fn macro_value(path: &Path<'_>, request: &Request) -> Result<Value> {
    let known = match path.segments.as_slice() {
        [name] => macros::value(name, request.clock.now()),
        _ => None,
    };
    match (known, path.modifier) {
        (Some(value), None) => Ok(value),
        _ => path.error(format!("{} is not known", path.text)),
    }
}

/// The value of a path; null where there is none. `field` is the known field of the first segment.
pub(super) fn value(path: &Path<'_>, request: &Request, field: Option<&Field>) -> Value {
    let first = path.segments.first().copied().unwrap_or_default();
    let text = |text: Option<&String>| text.map_or(Value::Null, |text| Value::Text(text.clone()));
    match path.root {
        Root::Context => request.context.as_str().into(),
        Root::Method => request.method.as_str().into(),
        // They are texts, and hold nothing that a longer path could lead to.
        Root::Query | Root::Headers if path.segments.len() > 1 => Value::Null,
        Root::Query => text(request.query.get(first)),
        Root::Headers => text(request.headers.get(&first.to_lowercase())),
        Root::Auth => request.caller.record().map_or(Value::Null, |record| auth_value(record, &path.segments)),
        Root::Body => match (request.body.get(first), field) {
            (Some(json), Some(field)) => submitted(field, json, &path.segments[1..]),
            _ => dig(&request.body, &path.segments).map_or(Value::Null, plain),
        },
        Root::Own | Root::Collection { .. } | Root::Macro => Value::Null,
    }
}

pub(super) fn is_set(path: &Path<'_>, request: &Request) -> bool {
    let first = path.segments.first().copied().unwrap_or_default();
    match path.root {
        Root::Query => request.query.contains_key(first),
        Root::Headers => request.headers.contains_key(&first.to_lowercase()),
        Root::Body => dig(&request.body, &path.segments).is_some(),
        _ => true,
    }
}

/// The items that the first segment of an auth or body path holds.
pub(super) fn ids(path: &Path<'_>, request: &Request, field: Option<&Field>) -> Vec<String> {
    let first = path.segments.first().copied().unwrap_or_default();
    match path.root {
        Root::Auth => request
            .caller
            .record()
            .and_then(|record| record.collection.field(first).map(|(index, field)| field.items(&record.values[index])))
            .unwrap_or_default(),
        _ => match (request.body.get(first), field) {
            (None, _) | (_, None) => Vec::new(),
            (Some(json), Some(field)) => match field.prepare(json) {
                list if field.is_multi() => field.items(&list),
                // What a field for one item holds is one item, even an empty one.
                item => vec![value::constant_text(&item)],
            },
        },
    }
}

/// The text of a value with ASCII letters in lower case, as SQLite folds them. What is absent from a body is an
/// empty text then, and remains null elsewhere.
pub(super) fn lower(root: Root<'_>, value: Value) -> Value {
    match value {
        Value::Null if root != Root::Body => Value::Null,
        value => Value::Text(value::constant_text(&value).to_ascii_lowercase()),
    }
}

fn auth_value(record: &Record, segments: &[&str]) -> Value {
    match segments {
        ["collectionId"] => record.collection.id.as_str().into(),
        ["collectionName"] => record.collection.name.as_str().into(),
        [name, path @ ..] => {
            let Some((index, field)) = record.collection.field(name) else { return Value::Null };
            let stored = &record.values[index];
            match (&field.kind, path) {
                (FieldKind::Bool(_), []) => Value::Bool(stored.truthy()),
                (FieldKind::Number(_), []) => stored.as_f64().map_or(Value::Null, Value::Real),
                (FieldKind::Json(_) | FieldKind::GeoPoint(_), path) => {
                    let json = serde_json::from_str::<Json>(stored.as_str()).unwrap_or_default();
                    path.iter().try_fold(&json, |at, key| step(at, key)).map_or(Value::Null, plain)
                }
                (_, []) => stored.clone(),
                _ => Value::Null,
            }
        }
        [] => Value::Null,
    }
}

/// What was sent for a known field, as it is going to be stored; of a json value or a point, what a path leads to.
fn submitted(field: &Field, json: &Json, path: &[&str]) -> Value {
    match &field.kind {
        // Their stored form is not what was sent.
        FieldKind::Password(_) | FieldKind::File(_) | FieldKind::Autodate(_) if path.is_empty() => plain(json),
        FieldKind::Json(_) | FieldKind::GeoPoint(_) => {
            let stored = field.prepare(json);
            let text = stored.text().unwrap_or("null");
            match path {
                [] => Value::Text(text.to_owned()),
                path => {
                    let json = serde_json::from_str::<Json>(text).unwrap_or_default();
                    path.iter().try_fold(&json, |at, key| step(at, key)).map_or(Value::Null, plain)
                }
            }
        }
        _ if !path.is_empty() => path.iter().try_fold(json, |at, key| step(at, key)).map_or(Value::Null, plain),
        FieldKind::Bool(_) => Value::Bool(field.prepare(json).truthy()),
        FieldKind::Number(_) => field.prepare(json).as_f64().map_or(Value::Null, Value::Real),
        _ => field.prepare(json),
    }
}

/// JSON as a value of the model; lists and objects become their minified text.
fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_f64().map_or(Value::Null, Value::Real),
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}

fn dig<'j>(body: &'j serde_json::Map<String, Json>, segments: &[&str]) -> Option<&'j Json> {
    let [first, rest @ ..] = segments else { return None };
    rest.iter().try_fold(body.get(*first)?, |at, key| step(at, key))
}

fn step<'j>(at: &'j Json, key: &str) -> Option<&'j Json> {
    match at {
        Json::Object(map) => map.get(key),
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}
