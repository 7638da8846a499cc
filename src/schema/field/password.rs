//! Passwords: `prepare` gives the plain text, `records/` stores its hash, and no answer shows either.

use serde::{Deserialize, Serialize};

use super::{Field, FieldType, limits, pattern, text};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordOptions {
    pub min: i64,
    /// The most characters; 0 means [`MAX_CHARACTERS`].
    pub max: i64,
    pub pattern: String,
    /// Kept for clients; the cost of new hashes is the server's decision.
    pub cost: i64,
}

const MAX_CHARACTERS: i64 = 71;

/// What bcrypt, whose hashes are accepted too, takes into account.
const MAX_BYTES: usize = 72;

impl FieldType for PasswordOptions {
    /// Checks the plain text: a stored hash must not be validated again.
    fn validate(&self, value: &Value) -> Option<FieldError> {
        let password = value.as_str();
        let count = text::count(password);
        let max = if self.max == 0 { MAX_CHARACTERS } else { self.max };
        if password.len() > MAX_BYTES {
            Some(FieldError::new("validation_invalid_value", format!("Must have at most {MAX_BYTES} bytes.")))
        } else if count < self.min {
            Some(text::too_short(self.min))
        } else if count > max {
            Some(text::too_long(max))
        } else if !self.pattern.is_empty() && !pattern::fits(&self.pattern, password) {
            Some(pattern::invalid_format())
        } else {
            None
        }
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        if self.min != 0 {
            limits::range(errors, "min", self.min, 1, MAX_CHARACTERS);
        }
        if self.max != 0 {
            limits::range(errors, "max", self.max, self.min.max(1), MAX_CHARACTERS);
        }
        if self.cost != 0 {
            limits::range(errors, "cost", self.cost, 4, 31);
        }
        pattern::check(errors, "pattern", &self.pattern);
    }

    fn write_json(&self, _value: ValueRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"\"");
    }
}
