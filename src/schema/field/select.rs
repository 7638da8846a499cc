//! One or several of a fixed list of values.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldType, Modifier, limits, list};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectOptions {
    pub values: Vec<String>,
    /// 0 and 1 mean a single value.
    pub max_select: i64,
}

impl SelectOptions {
    fn is_multi(&self) -> bool {
        self.max_select >= 2
    }
}

impl FieldType for SelectOptions {
    fn column(&self) -> &'static str {
        list::column(self.is_multi())
    }

    fn zero(&self) -> Value {
        list::zero(self.is_multi())
    }

    fn prepare(&self, input: &Json) -> Value {
        list::prepare(input, self.is_multi())
    }

    fn modify(&self, current: &Value, modifier: Modifier, input: &Json) -> Option<Value> {
        list::modify(current, modifier, input, self.is_multi())
    }

    fn is_blank(&self, value: &Value) -> bool {
        list::is_blank(value)
    }

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        list::write_json(value, self.is_multi(), out);
    }

    fn items(&self, value: &Value) -> Vec<String> {
        list::items(value, self.is_multi())
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        let items = list::items(value, self.is_multi());
        if items.len() as u64 > self.max_select.max(1).unsigned_abs() {
            return Some(limits::too_many_values(self.max_select));
        }
        let unknown = items.into_iter().find(|item| !self.values.contains(item))?;
        let message = format!("{unknown:?} is not one of the values to choose from.");
        Some(FieldError::new("validation_invalid_value", message).param("value", unknown))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        if self.values.is_empty() {
            errors.add("values", limits::required());
        }
        let most = i64::try_from(self.values.len()).unwrap_or(i64::MAX).max(1);
        limits::range(errors, "maxSelect", self.max_select, 0, most);
    }
}
