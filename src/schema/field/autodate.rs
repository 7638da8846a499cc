//! A date that the server sets; clients never write it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldType, date};
use crate::error::{FieldError, FieldErrors};
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutodateOptions {
    pub on_create: bool,
    pub on_update: bool,
}

impl FieldType for AutodateOptions {
    fn prepare(&self, input: &Json) -> Value {
        date::prepare(input)
    }

    fn validate(&self, _value: &Value) -> Option<FieldError> {
        None
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        if !self.on_create && !self.on_update {
            for option in ["onCreate", "onUpdate"] {
                let message = "One of onCreate and onUpdate must be on.";
                errors.add(option, FieldError::new("validation_required", message));
            }
        }
    }
}
