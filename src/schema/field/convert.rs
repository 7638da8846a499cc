//! Values of a field that changes between one item and a list (contract 4.5), in memory and in SQL.

use super::list;
use crate::store::Value;

/// `"a"` becomes `["a"]`, the empty text `[]`; a list stays.
pub fn single_to_multi(value: &Value) -> Value {
    let text = value.as_str();
    if text.starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_ok() {
        return value.clone();
    }
    list::store(list::items(value, false), true)
}

/// The last item of a list, or the empty text; what is no list stays.
pub fn multi_to_single(value: &Value) -> Value {
    let text = value.as_str();
    if !text.starts_with('[') || serde_json::from_str::<Vec<String>>(text).is_err() {
        return value.clone();
    }
    list::store(list::items(value, true), false)
}

/// [`single_to_multi`] as an SQL expression over a column, which must be quoted already.
pub fn single_to_multi_sql(column: &str) -> String {
    format!(
        "(CASE WHEN COALESCE({column}, '') = '' THEN '[]' \
         WHEN json_valid({column}) AND json_type({column}) = 'array' THEN {column} \
         ELSE json_array({column}) END)"
    )
}

/// [`multi_to_single`] as an SQL expression over a column, which must be quoted already.
pub fn multi_to_single_sql(column: &str) -> String {
    format!(
        "(CASE WHEN COALESCE({column}, '[]') IN ('', '[]') THEN '' \
         WHEN json_valid({column}) AND json_type({column}) = 'array' THEN COALESCE(json_extract({column}, '$[#-1]'), '') \
         ELSE {column} END)"
    )
}
