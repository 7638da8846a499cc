//! A patch laid over the settings: objects key by key, everything else as a whole.

use serde_json::{Map, Value as Json};

use super::Values;
use crate::error::{Error, Result};

/// The settings with the patch in them. A key that is left out keeps its value, `null` empties it, unknown keys are
/// ignored.
///
/// # Errors
/// `Invalid` when a value has the wrong type.
pub(super) fn merged(values: &Values, patch: Map<String, Json>) -> Result<Values> {
    let mut whole = serde_json::to_value(values).map_err(Error::internal)?;
    merge(&mut whole, Json::Object(patch));
    serde_json::from_value(whole)
        .map_err(|error| Error::invalid("a value of the settings has the wrong type").with_cause(error))
}

fn merge(target: &mut Json, patch: Json) {
    match (target, patch) {
        (Json::Object(target), Json::Object(mut patch)) => {
            for (key, value) in target.iter_mut() {
                if let Some(new) = patch.remove(key) {
                    merge(value, new);
                }
            }
        }
        (target, Json::Null) => empty(target),
        // serde would take a list for a struct; `false` it refuses.
        (target @ Json::Object(_), _) => *target = Json::Bool(false),
        (target, patch) => *target = patch,
    }
}

fn empty(value: &mut Json) {
    match value {
        Json::Object(map) => map.values_mut().for_each(empty),
        Json::Array(list) => list.clear(),
        Json::String(text) => text.clear(),
        Json::Number(_) => *value = 0.into(),
        Json::Bool(flag) => *flag = false,
        Json::Null => {}
    }
}
