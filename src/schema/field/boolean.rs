//! Booleans, stored as 0 and 1.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FieldType;
use crate::error::FieldError;
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoolOptions {}

impl FieldType for BoolOptions {
    fn column(&self) -> &'static str {
        "BOOLEAN DEFAULT FALSE NOT NULL"
    }

    fn zero(&self) -> Value {
        Value::Int(0)
    }

    fn prepare(&self, input: &Json) -> Value {
        let flag = match input {
            Json::Bool(flag) => *flag,
            Json::Number(number) => number.as_f64().unwrap_or_default() != 0.0,
            Json::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
            Json::Null | Json::Array(_) | Json::Object(_) => false,
        };
        Value::Int(i64::from(flag))
    }

    fn is_blank(&self, value: &Value) -> bool {
        !value.truthy()
    }

    fn validate(&self, _value: &Value) -> Option<FieldError> {
        None
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        let flag = match value {
            ValueRef::Int(number) => number != 0,
            ValueRef::Real(number) => number != 0.0,
            ValueRef::Text(text) => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
            ValueRef::Null | ValueRef::Blob(_) => false,
        };
        out.extend_from_slice(if flag { b"true" } else { b"false" });
    }
}
