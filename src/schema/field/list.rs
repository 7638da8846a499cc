//! Values of select, file and relation fields: one text, or a JSON array of distinct texts.

use serde_json::Value as Json;

use super::{Field, FieldType, Modifier, coerce};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

/// A type whose value is one item or a list of them. Storage and wire are the same for all; what an item may be is
/// the type's own business.
pub(super) trait ListType {
    /// 0 and 1 mean a single item.
    fn max_select(&self) -> i64;

    /// Checks the items of a value that is not blank.
    fn validate_items(&self, items: Vec<String>) -> Option<FieldError>;

    /// Checks the options themselves.
    fn check_options(&self, errors: &mut FieldErrors);

    fn is_multi(&self) -> bool {
        self.max_select() >= 2
    }
}

impl<T: ListType> FieldType for T {
    fn column(&self) -> &'static str {
        column(self.is_multi())
    }

    fn zero(&self) -> Value {
        zero(self.is_multi())
    }

    fn prepare(&self, input: &Json) -> Value {
        prepare(input, self.is_multi())
    }

    fn modify(&self, current: &Value, modifier: Modifier, input: &Json) -> Option<Value> {
        modify(current, modifier, input, self.is_multi())
    }

    fn is_blank(&self, value: &Value) -> bool {
        is_blank(value)
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        self.validate_items(items(value, self.is_multi()))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        self.check_options(errors);
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        write_json(value, self.is_multi(), out);
    }

    fn items(&self, value: &Value) -> Vec<String> {
        items(value, self.is_multi())
    }
}

pub(super) fn column(multi: bool) -> &'static str {
    if multi { "JSON DEFAULT '[]' NOT NULL" } else { "TEXT DEFAULT '' NOT NULL" }
}

pub(super) fn zero(multi: bool) -> Value {
    Value::Text(if multi { "[]".into() } else { String::new() })
}

/// The stored form of some items; of a single value the last one counts.
pub(super) fn store(items: Vec<String>, multi: bool) -> Value {
    if !multi {
        return Value::Text(items.into_iter().next_back().unwrap_or_default());
    }
    let mut out = Vec::with_capacity(2 + items.iter().map(|item| item.len() + 3).sum::<usize>());
    write_items(&items, &mut out);
    Value::Text(String::from_utf8(out).expect("JSON strings of texts are text"))
}

fn write_items(items: &[String], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        coerce::write_string(item, out);
    }
    out.push(b']');
}

pub(super) fn prepare(input: &Json, multi: bool) -> Value {
    store(coerce::texts(input), multi)
}

pub(super) fn items(value: &Value, multi: bool) -> Vec<String> {
    match value.as_str() {
        "" => Vec::new(),
        text if multi => serde_json::from_str(text).unwrap_or_default(),
        text => vec![text.to_owned()],
    }
}

pub(super) fn is_blank(value: &Value) -> bool {
    matches!(value.as_str(), "" | "[]")
}

pub(super) fn modify(current: &Value, modifier: Modifier, input: &Json, multi: bool) -> Option<Value> {
    let mut current = items(current, multi);
    let mut given = coerce::texts(input);
    let items = match modifier {
        Modifier::Plus => {
            current.append(&mut given);
            current
        }
        Modifier::Prepend => {
            given.append(&mut current);
            given
        }
        Modifier::Minus => {
            current.retain(|item| !given.contains(item));
            current
        }
        Modifier::Set | Modifier::Autogenerate => return None,
    };
    Some(store(coerce::distinct(items), multi))
}

pub(super) fn write_json(value: ValueRef<'_>, multi: bool, out: &mut Vec<u8>) {
    match value {
        _ if !multi => coerce::write_text(value, out),
        // Stored lists are JSON already; a view may yield any text here.
        ValueRef::Text(text) if serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text).is_ok() => {
            out.extend_from_slice(text.as_bytes());
        }
        ValueRef::Text(text) if !text.is_empty() => write_items(&[text.to_owned()], out),
        _ => out.extend_from_slice(b"[]"),
    }
}
