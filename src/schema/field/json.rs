//! Any JSON, stored as minified text; no value is null.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::number::write_number;
use super::{Field, FieldType, coerce, limits};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonOptions {
    /// In bytes; 0 means 1 MiB.
    pub max_size: i64,
}

impl JsonOptions {
    /// The most bytes of a value.
    pub fn max_bytes(&self) -> u64 {
        u64::try_from(self.max_size).ok().filter(|size| *size > 0).unwrap_or(1 << 20)
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether a string stands for JSON rather than for itself: forms have no other way to send it.
fn stands_for_json(text: &str) -> bool {
    matches!(text, "null" | "true" | "false")
        || text.starts_with(['[', '{', '"', '-'])
        || text.starts_with(|c: char| c.is_ascii_digit())
}

/// Minified, with numbers as the wire writes them.
fn write(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => out.extend_from_slice(whole.to_string().as_bytes()),
            (None, Some(float)) => write_number(ValueRef::Real(float), out),
            (None, None) => out.push(b'0'),
        },
        Json::String(text) => coerce::write_string(text, out),
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(flag) => out.extend_from_slice(flag.to_string().as_bytes()),
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Json::Object(map) => {
            out.push(b'{');
            for (index, (name, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                coerce::write_string(name, out);
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
    }
}

fn stored(json: &Json) -> Value {
    if json.is_null() {
        return Value::Null;
    }
    let mut out = Vec::new();
    write(json, &mut out);
    Value::Text(String::from_utf8(out).expect("minified JSON is text"))
}

impl FieldType for JsonOptions {
    fn column(&self) -> &'static str {
        "JSON DEFAULT NULL"
    }

    fn zero(&self) -> Value {
        Value::Null
    }

    fn prepare(&self, input: &Json) -> Value {
        match input {
            Json::String(text) if stands_for_json(text) => match serde_json::from_str::<Json>(text) {
                Ok(json) => stored(&json),
                Err(_) => stored(input),
            },
            _ => stored(input),
        }
    }

    /// A JSON number may come back from its column as a number.
    fn is_blank(&self, value: &Value) -> bool {
        let is_number = matches!(value, Value::Int(_) | Value::Real(_));
        !is_number && matches!(value.as_str(), "" | "null" | "\"\"" | "[]" | "{}")
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        let text = value.as_str();
        let max = self.max_bytes();
        if text.len() as u64 > max {
            let error = FieldError::new("validation_json_size_limit", format!("The JSON can't exceed {max} bytes."));
            return Some(error.param("maxSize", max));
        }
        (!text.is_empty() && !is_json(text)).then(|| FieldError::new("validation_invalid_json", "Must be valid JSON."))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        limits::range(errors, "maxSize", self.max_size, 0, limits::MAX_SAFE_INTEGER);
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        match value {
            ValueRef::Null | ValueRef::Blob(_) => out.extend_from_slice(b"null"),
            // Exact: a view may yield integers that no 64-bit float holds.
            ValueRef::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            ValueRef::Real(_) => write_number(value, out),
            // A view may yield any text, and one broken value would break the whole answer.
            ValueRef::Text(text) if is_json(text) => out.extend_from_slice(text.as_bytes()),
            ValueRef::Text(text) => coerce::write_string(text, out),
        }
    }
}
