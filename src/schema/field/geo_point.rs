//! Longitude and latitude in degrees, stored as `{"lon":0,"lat":0}`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FieldType;
use super::number::write_number;
use crate::error::FieldError;
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeoPointOptions {}

const ZERO: &str = r#"{"lon":0,"lat":0}"#;

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
struct Point {
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    lat: Option<f64>,
}

impl Point {
    /// One part that is no number makes the whole no point.
    fn from_json(input: &Json) -> Self {
        match input {
            Json::Object(_) => Self::deserialize(input).unwrap_or_default(),
            Json::String(text) => Self::from_text(text),
            _ => Self::default(),
        }
    }

    fn from_text(text: &str) -> Self {
        if !text.trim_start().starts_with('{') {
            return Self::default();
        }
        serde_json::from_str(text).unwrap_or_default()
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"lon\":");
        write_number(ValueRef::Real(self.lon.unwrap_or_default()), out);
        out.extend_from_slice(b",\"lat\":");
        write_number(ValueRef::Real(self.lat.unwrap_or_default()), out);
        out.push(b'}');
    }
}

impl FieldType for GeoPointOptions {
    fn column(&self) -> &'static str {
        r#"JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL"#
    }

    fn zero(&self) -> Value {
        ZERO.into()
    }

    fn prepare(&self, input: &Json) -> Value {
        let mut out = Vec::with_capacity(32);
        Point::from_json(input).write(&mut out);
        Value::Text(String::from_utf8(out).expect("numbers are text"))
    }

    fn is_blank(&self, value: &Value) -> bool {
        matches!(value.as_str(), "" | ZERO)
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        let point = Point::from_text(value.as_str());
        if point.lat.unwrap_or_default().abs() > 90.0 {
            let message = "The latitude must be between -90 and 90 degrees.";
            return Some(FieldError::new("validation_invalid_latitude", message));
        }
        (point.lon.unwrap_or_default().abs() > 180.0).then(|| {
            FieldError::new("validation_invalid_longitude", "The longitude must be between -180 and 180 degrees.")
        })
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        match value {
            ValueRef::Text(text) => Point::from_text(text).write(out),
            _ => out.extend_from_slice(ZERO.as_bytes()),
        }
    }
}
