//! Ids of records of another collection.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldType, Modifier, limits, list};
use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RelationOptions {
    pub collection_id: String,
    pub cascade_delete: bool,
    pub min_select: i64,
    /// 0 and 1 mean a single id.
    pub max_select: i64,
}

impl RelationOptions {
    fn is_multi(&self) -> bool {
        self.max_select >= 2
    }
}

impl FieldType for RelationOptions {
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
        let count = list::items(value, self.is_multi()).len() as u64;
        if count < self.min_select.max(0).unsigned_abs() {
            let message = format!("Choose at least {}.", self.min_select);
            return Some(FieldError::new("validation_not_enough_values", message).param("minSelect", self.min_select));
        }
        (count > self.max_select.max(1).unsigned_abs()).then(|| limits::too_many_values(self.max_select))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
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
