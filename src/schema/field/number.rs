//! Numbers: 64-bit floats on the wire, stored as integers where they are whole.

use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldType, Modifier};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NumberOptions {
    #[serde(serialize_with = "plain")]
    pub min: Option<f64>,
    #[serde(serialize_with = "plain")]
    pub max: Option<f64>,
    pub only_int: bool,
}

/// Whole floats beyond this are no longer exact, so an integer above it is written as the float that a
/// client would read.
const MAX_EXACT: i64 = 1 << 53;

fn plain<S: serde::Serializer>(bound: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    bound.map(json_number).serialize(serializer)
}

/// A float as the JSON number that a person would write: 42, not 42.0.
fn json_number(number: f64) -> Json {
    match stored(number) {
        Value::Int(whole) => whole.into(),
        _ => number.into(),
    }
}

/// The stored form: an integer where the number is whole and exact, else a float.
fn stored(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MAX_EXACT as f64 {
        Value::Int(number as i64)
    } else {
        Value::Real(number)
    }
}

pub(super) fn parse(input: &Json) -> f64 {
    match input {
        Json::Number(number) => number.as_f64().unwrap_or_default(),
        Json::Bool(flag) => f64::from(u8::from(*flag)),
        Json::String(text) => parse_text(text),
        Json::Null | Json::Array(_) | Json::Object(_) => 0.0,
    }
}

/// Decimal notation, with underscores between digits; `NaN` and `Inf` are kept for validation to refuse,
/// anything else and what does not fit is 0.
fn parse_text(text: &str) -> f64 {
    let parsed = if text.contains('_') { without_underscores(text) } else { text.parse().ok() };
    let finite_text = text.bytes().any(|byte| byte.is_ascii_digit());
    parsed.filter(|number: &f64| number.is_finite() || !finite_text).unwrap_or_default()
}

fn without_underscores(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |index: Option<usize>| index.and_then(|index| bytes.get(index)).is_some_and(u8::is_ascii_digit);
    let between =
        |(index, byte): (usize, &u8)| *byte != b'_' || (digit(index.checked_sub(1)) && digit(Some(index + 1)));
    if bytes.iter().enumerate().all(between) { text.replace('_', "").parse().ok() } else { None }
}

/// Writes a number column as JSON: whole numbers without a fraction, an exponent below 1e-6 and from 1e21.
pub fn write_number(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let written = match value {
        ValueRef::Int(number) if number.abs_diff(0) <= MAX_EXACT as u64 => write!(out, "{number}"),
        ValueRef::Int(number) => write_float(number as f64, out),
        ValueRef::Real(number) => write_float(number, out),
        // Only a view can put anything else into a number column.
        ValueRef::Text(text) => write_float(Some(parse_text(text)).filter(|n| n.is_finite()).unwrap_or_default(), out),
        ValueRef::Null | ValueRef::Blob(_) => write!(out, "0"),
    };
    written.expect("a Vec takes every write");
}

fn write_float(number: f64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let size = number.abs();
    if !number.is_finite() || size == 0.0 {
        write!(out, "0")
    } else if size >= 1e21 {
        let text = format!("{number:e}").replace('e', "e+");
        out.write_all(text.as_bytes())
    } else if size < 1e-6 {
        write!(out, "{number:e}")
    } else {
        write!(out, "{number}")
    }
}

fn only_int() -> FieldError {
    FieldError::new("validation_only_int_constraint", "Must be a whole number.")
}

fn below(min: f64) -> FieldError {
    FieldError::new("validation_min_number_constraint", format!("Must be {min} or more."))
        .param("min", json_number(min))
}

impl FieldType for NumberOptions {
    fn column(&self) -> &'static str {
        "NUMERIC DEFAULT 0 NOT NULL"
    }

    fn zero(&self) -> Value {
        Value::Int(0)
    }

    fn prepare(&self, input: &Json) -> Value {
        stored(parse(input))
    }

    fn modify(&self, current: &Value, modifier: Modifier, input: &Json) -> Option<Value> {
        let current = current.as_f64().unwrap_or_default();
        match modifier {
            Modifier::Plus => Some(stored(current + parse(input))),
            Modifier::Minus => Some(stored(current - parse(input))),
            Modifier::Set | Modifier::Prepend | Modifier::Autogenerate => None,
        }
    }

    fn is_blank(&self, value: &Value) -> bool {
        value.as_f64().unwrap_or_default() == 0.0
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        let number = value.as_f64().unwrap_or_default();
        if !number.is_finite() {
            return Some(FieldError::new("validation_not_a_number", "Must be a finite number."));
        }
        if self.only_int && number.fract() != 0.0 {
            return Some(only_int());
        }
        if let Some(min) = self.min.filter(|min| number < *min) {
            return Some(below(min));
        }
        let max = self.max.filter(|max| number > *max)?;
        let error = FieldError::new("validation_max_number_constraint", format!("Must be {max} or less."));
        Some(error.param("max", json_number(max)))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        for (option, bound) in [("min", self.min), ("max", self.max)] {
            if self.only_int && bound.is_some_and(|bound| bound.fract() != 0.0) {
                errors.add(option, only_int());
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && max < min
        {
            errors.add("max", below(min));
        }
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        write_number(value, out);
    }
}
