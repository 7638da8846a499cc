//! The built-in forms: a few named values, their keys in any case (contract 1.5).

use serde_json::{Map, Value as Json};

use crate::error::{Error, FieldError, FieldErrors, Result};

pub(super) struct Form(Map<String, Json>);

impl Form {
    pub(super) fn new(body: Map<String, Json>) -> Self {
        Self(body)
    }

    /// The value of that name; `None` when it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        let folded = || self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        self.0.get(name).or_else(folded).filter(|value| !value.is_null())
    }

    /// A text; empty when missing. A number or boolean is taken as its text, as a form may have made it
    /// one (a password of digits).
    pub(super) fn text(&self, name: &str) -> Result<String> {
        match self.get(name) {
            None => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(value @ (Json::Number(_) | Json::Bool(_))) => Ok(value.to_string()),
            Some(_) => Err(wrong_type(name, "a text")),
        }
    }

    /// A whole number; 0 when missing.
    pub(super) fn integer(&self, name: &str) -> Result<i64> {
        match self.get(name) {
            None => Ok(0),
            Some(value) => value.as_i64().ok_or_else(|| wrong_type(name, "a whole number")),
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong_type(name, "true or false")),
        }
    }

    /// A list; empty when missing.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Json>> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => Ok(items.clone()),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// Takes out a map of values; empty when missing.
    pub(super) fn take_object(&mut self, name: &str) -> Result<Map<String, Json>> {
        let key = self.0.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
        match key.and_then(|key| self.0.swap_remove(&key)) {
            None | Some(Json::Null) => Ok(Map::new()),
            Some(Json::Object(map)) => Ok(map),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }
}

/// A value of a form that must not be missing.
pub(super) fn missing(name: &str) -> Error {
    let error = FieldError::new("validation_required", "Cannot be blank.");
    Error::invalid("the submitted data is incomplete").with_fields(FieldErrors::one(name, error))
}

fn wrong_type(name: &str, expected: &str) -> Error {
    Error::invalid(format!("failed to read the submitted data: {name} must be {expected}"))
}
