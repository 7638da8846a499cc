//! The values that a request brings: `@request.*` without joins, and the macros.

use serde_json::Value as Json;

use super::error::Result;
use super::path::{Modifier, Path, Root};
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
        (Some(value), Some(Modifier::Lower)) => Ok(lower(value)),
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
        Root::Query => text(request.query.get(first)),
        Root::Headers => text(request.headers.get(&first.to_lowercase())),
        Root::Auth => request.caller.record().map_or(Value::Null, |record| auth_value(record, &path.segments)),
        Root::Body => match dig(&request.body, &path.segments) {
            Some(json) => body_value(json, field.filter(|_| path.segments.len() == 1)),
            None => Value::Null,
        },
        Root::Own | Root::Collection { .. } | Root::Macro => Value::Null,
    }
}

pub(super) fn is_set(path: &Path<'_>, request: &Request) -> bool {
    let first = path.segments.first().copied().unwrap_or_default();
    match path.root {
        Root::Query => request.query.contains_key(first),
        Root::Headers => request.headers.contains_key(&first.to_lowercase()),
        Root::Auth => request.caller.record().is_some_and(|record| is_auth_key(record, first)),
        Root::Body => dig(&request.body, &path.segments).is_some(),
        _ => true,
    }
}

/// The items that the first segment of an auth or body path holds.
pub(super) fn ids(path: &Path<'_>, request: &Request) -> Vec<String> {
    let first = path.segments.first().copied().unwrap_or_default();
    match path.root {
        Root::Auth => request
            .caller
            .record()
            .and_then(|record| record.collection.field(first).map(|(index, field)| field.items(&record.values[index])))
            .unwrap_or_default(),
        _ => match request.body.get(first) {
            Some(Json::Array(items)) => items.iter().map(|item| value::constant_text(&plain(item))).collect(),
            Some(Json::Null) | None => Vec::new(),
            Some(Json::String(text)) if text.starts_with('[') => {
                serde_json::from_str::<Vec<String>>(text).unwrap_or_else(|_| vec![text.clone()])
            }
            Some(Json::String(text)) if text.is_empty() => Vec::new(),
            Some(other) => vec![value::constant_text(&plain(other))],
        },
    }
}

/// Lower case of ASCII letters, as SQLite folds them.
pub(super) fn lower(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.to_ascii_lowercase()),
        other => other,
    }
}

fn is_auth_key(record: &Record, name: &str) -> bool {
    matches!(name, "collectionId" | "collectionName") || record.collection.field(name).is_some()
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

fn body_value(json: &Json, field: Option<&Field>) -> Value {
    match field.map(|field| &field.kind) {
        Some(FieldKind::Number(_)) => match json {
            Json::String(text) => text.parse().map_or_else(|_| Value::Text(text.clone()), Value::Real),
            other => plain(other),
        },
        _ => plain(json),
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
