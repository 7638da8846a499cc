//! Ids of records of another collection.

use serde::{Deserialize, Serialize};

use super::limits;
use super::list::ListType;
use crate::error::{FieldError, FieldErrors};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RelationOptions {
    pub collection_id: String,
    pub cascade_delete: bool,
    pub min_select: i64,
    /// 0 and 1 mean a single id.
    pub max_select: i64,
}

impl ListType for RelationOptions {
    fn max_select(&self) -> i64 {
        self.max_select
    }

    fn validate_items(&self, items: Vec<String>) -> Option<FieldError> {
        let count = items.len() as u64;
        if count < self.min_select.max(0).unsigned_abs() {
            let message = format!("Choose at least {}.", self.min_select);
            return Some(FieldError::new("validation_not_enough_values", message).param("minSelect", self.min_select));
        }
        (count > self.max_select.max(1).unsigned_abs()).then(|| limits::too_many_values(self.max_select))
    }

    fn check_options(&self, errors: &mut FieldErrors) {
        if self.collection_id.is_empty() {
            errors.add("collectionId", limits::required());
        }
        limits::range(errors, "minSelect", self.min_select, 0, limits::MAX_SAFE_INTEGER);
        if self.max_select == 0 && self.min_select > 0 {
            errors.add("maxSelect", limits::required());
        } else if self.max_select != 0 {
            limits::range(errors, "maxSelect", self.max_select, self.min_select.max(0), limits::MAX_SAFE_INTEGER);
        }
    }
}
