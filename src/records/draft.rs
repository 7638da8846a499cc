//! From submitted data to values: modifiers, coercions, defaults (contract 1.5).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::query::Request;
use crate::schema::{Collection, Field, FieldKind, Record, field::Modifier};
use crate::store::Value;

/// The values of a record after the submitted data was applied, and the request as rules see it then.
pub(super) struct Draft<'r> {
    pub record: Record,
    /// With modifiers resolved inside the body, and without what is hidden from the caller: a rule that asks
    /// whether such a key was sent must hear what is stored, not what was tried.
    pub request: Cow<'r, Request>,
}

/// Applies the body of the request to a record: keys from the shortest up, so that `f` comes before `f+`. What
/// is hidden from the caller, or set by the server alone, is passed over silently.
pub(super) fn apply<'r>(mut record: Record, request: &'r Request) -> Draft<'r> {
    let collection = record.collection.clone();
    let mut keys: Vec<(&String, &Json)> = request.body.iter().collect();
    keys.sort_by_key(|(key, _)| key.len());
    let mut resolved: Vec<(&String, usize)> = Vec::new();
    let mut hidden: Vec<&String> = Vec::new();
    for (key, input) in keys {
        let Some((index, modifier)) = target(&collection, key) else { continue };
        let field = &collection.fields[index];
        if is_hidden(&collection, field, request) {
            hidden.push(key);
            continue;
        }
        if matches!(field.kind, FieldKind::Autodate(_)) {
            continue;
        }
        let value = match modifier {
            Modifier::Autogenerate => autogenerate(field, input),
            _ => field.modify(&record.values[index], modifier, input),
        };
        if let Some(value) = value {
            record.values[index] = value;
            if modifier != Modifier::Set {
                resolved.push((key, index));
            }
        }
    }
    let request = match resolved.is_empty() && hidden.is_empty() {
        true => Cow::Borrowed(request),
        false => Cow::Owned(with_resolved(request, &record, &resolved, &hidden)),
    };
    Draft { record, request }
}

/// Whether what the body says of a record depends on the record.
pub(super) fn has_modifiers(collection: &Collection, request: &Request) -> bool {
    let modified = |key: &String| target(collection, key).is_some_and(|(_, modifier)| modifier != Modifier::Set);
    request.body.keys().any(modified)
}

/// The field that a key speaks of and what it asks.
fn target(collection: &Collection, key: &str) -> Option<(usize, Modifier)> {
    let index = |name: &str| collection.fields.iter().position(|field| field.name == name);
    if let Some(index) = index(key) {
        return Some((index, Modifier::Set));
    }
    let (name, modifier) = if let Some(name) = key.strip_suffix('+') {
        (name, Modifier::Plus)
    } else if let Some(name) = key.strip_suffix('-') {
        (name, Modifier::Minus)
    } else if let Some(name) = key.strip_prefix('+') {
        (name, Modifier::Prepend)
    } else {
        (key.strip_suffix(":autogenerate")?, Modifier::Autogenerate)
    };
    Some((index(name)?, modifier))
}

/// Whether the caller may not set the field because it may not see it; the password of a sign-up is both.
fn is_hidden(collection: &Collection, field: &Field, request: &Request) -> bool {
    let password = collection.auth().is_some() && field.name == "password";
    field.hidden && !password && !request.caller.is_superuser()
}

/// The given text as a prefix and a generated rest; `None` for a field that is no text.
fn autogenerate(field: &Field, input: &Json) -> Option<Value> {
    matches!(field.kind, FieldKind::Text(_))
        .then(|| Value::Text(format!("{}{}", field.prepare(input).as_str(), field.generate())))
}

fn with_resolved(request: &Request, record: &Record, resolved: &[(&String, usize)], hidden: &[&String]) -> Request {
    let mut body: Map<String, Json> = request.body.clone();
    for key in hidden {
        body.shift_remove(*key);
    }
    for (key, index) in resolved {
        let field = &record.collection.fields[*index];
        body.shift_remove(*key);
        body.insert(field.name.clone(), field.to_json(&record.values[*index]));
    }
    Request { body, ..request.clone() }
}

/// A record with nothing given yet.
pub(super) fn blank(collection: &std::sync::Arc<Collection>) -> Record {
    let values = collection.fields.iter().map(Field::zero).collect();
    Record { collection: collection.clone(), rev: 0, values }
}
