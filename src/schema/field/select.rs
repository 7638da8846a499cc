//! One or several of a fixed list of values.

use serde::{Deserialize, Serialize};

use super::limits;
use super::list::ListType;
use crate::error::{FieldError, FieldErrors};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectOptions {
    pub values: Vec<String>,
    /// 0 and 1 mean a single value.
    pub max_select: i64,
}

impl ListType for SelectOptions {
    fn max_select(&self) -> i64 {
        self.max_select
    }

    fn validate_items(&self, items: Vec<String>) -> Option<FieldError> {
        if items.len() as u64 > self.max_select.max(1).unsigned_abs() {
            return Some(limits::too_many_values(self.max_select));
        }
        let unknown = items.into_iter().find(|item| !self.values.contains(item))?;
        let message = format!("{unknown:?} is not one of the values to choose from.");
        Some(FieldError::new("validation_invalid_value", message).param("value", unknown))
    }

    fn check_options(&self, errors: &mut FieldErrors) {
        if self.values.is_empty() {
            errors.add("values", limits::required());
        }
        let most = i64::try_from(self.values.len()).unwrap_or(i64::MAX).max(1);
        limits::range(errors, "maxSelect", self.max_select, 0, most);
    }
}
