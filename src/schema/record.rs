//! A record as stored: one value a field, in field order.

use std::sync::Arc;

use super::Collection;
use crate::store::Value;

/// Values as the store holds them: text types, single selects and dates as `Text`; numbers as `Int` or
/// `Real`; booleans as `Int`; lists, json and geo points as `Text` with minified JSON (json may be `Null`).
#[derive(Debug, Clone)]
pub struct Record {
    pub collection: Arc<Collection>,
    pub rev: i64,
    pub values: Vec<Value>,
}

impl Record {
    pub fn id(&self) -> &str {
        self.values[self.collection.table.id_column].as_str()
    }

    pub fn get(&self, field: &str) -> Option<&Value> {
        self.collection.field(field).map(|(index, _)| &self.values[index])
    }

    /// The text of a field; `""` where the field is missing or holds no text.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).map(Value::as_str).unwrap_or_default()
    }
}
