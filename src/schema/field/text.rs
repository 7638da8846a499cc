//! Text, and the record id, which is the text field with `primaryKey`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldKind, FieldType, Modifier, coerce, generate, limits, pattern};
use crate::crypto;
use crate::error::{FieldError, FieldErrors};
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TextOptions {
    /// The fewest characters of a text that is not empty.
    pub min: i64,
    /// The most characters; 0 means [`DEFAULT_MAX`].
    pub max: i64,
    pub pattern: String,
    /// Generates a value where none is given.
    pub autogenerate_pattern: String,
    pub primary_key: bool,
}

const DEFAULT_MAX: i64 = 5000;
const DEFAULT_ID_PATTERN: &str = "[a-z0-9]{15}";

/// Characters that mean something in paths, URLs or the filter language.
const FORBIDDEN_IN_ID: &[char] =
    &['.', '/', '\\', '|', '"', '\'', '`', '<', '>', ':', '?', '*', '%', '$', '\0', '\t', '\n', '\r', ' '];

/// Device names that some file systems reserve; the files of a record lie in a folder of its id.
const RESERVED_IDS: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT1", "LPT2",
    "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

impl Field {
    /// A new value by the field's autogenerate pattern, or `""` where it has none.
    pub fn generate(&self) -> String {
        match &self.kind {
            FieldKind::Text(text) => generate::generate(&text.autogenerate_pattern).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// A new record id. Plain base collections with the default pattern get ids that sort by time; in
    /// auth and system collections an id must not tell when the record was made.
    pub fn generate_id(&self, collection_is_plain_base: bool, now_ms: i64) -> String {
        match &self.kind {
            FieldKind::Text(text) if collection_is_plain_base && text.autogenerate_pattern == DEFAULT_ID_PATTERN => {
                crypto::time_ordered_id(now_ms)
            }
            _ => self.generate(),
        }
    }
}

impl TextOptions {
    /// Like [`FieldType::validate`], for a text that is not empty.
    fn check(&self, text: &str) -> Option<FieldError> {
        let count = count(text);
        let max = if self.max == 0 { DEFAULT_MAX } else { self.max };
        if count < self.min {
            return Some(too_short(self.min).param("min", self.min));
        }
        if count > max {
            return Some(too_long(max).param("max", max));
        }
        if !self.pattern.is_empty() && !pattern::fits(&self.pattern, text) {
            return Some(pattern::invalid_format());
        }
        // The default pattern lets none of the forbidden characters through, and ids that fit it are
        // taken as they are, device names too: PocketBase checks the rest for custom patterns only.
        if self.primary_key && self.pattern != "^[a-z0-9]+$" { check_id(text) } else { None }
    }
}

fn check_id(id: &str) -> Option<FieldError> {
    if let Some(found) = id.chars().find(|character| FORBIDDEN_IN_ID.contains(character)) {
        let message = format!("The character {found:?} is not allowed in an id.");
        return Some(FieldError::new("validation_forbidden_pk_character", message).param("ch", found.to_string()));
    }
    let reserved = RESERVED_IDS.iter().find(|reserved| reserved.eq_ignore_ascii_case(id))?;
    Some(FieldError::new("validation_reserved_pk", "This id is reserved.").param("reserved", *reserved))
}

/// Characters, cheaply for ASCII.
pub(super) fn count(text: &str) -> i64 {
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn too_short(min: i64) -> FieldError {
    FieldError::new("validation_min_text_constraint", format!("Must have at least {min} character(s)."))
}

pub(super) fn too_long(max: i64) -> FieldError {
    FieldError::new("validation_max_text_constraint", format!("Must have at most {max} character(s)."))
}

impl FieldType for TextOptions {
    fn modify(&self, _current: &Value, modifier: Modifier, input: &Json) -> Option<Value> {
        if modifier != Modifier::Autogenerate {
            return None;
        }
        let generated = generate::generate(&self.autogenerate_pattern).unwrap_or_default();
        Some(Value::Text(coerce::text(input) + &generated))
    }

    fn validate(&self, value: &Value) -> Option<FieldError> {
        self.check(value.as_str())
    }

    fn validate_options(&self, base: &Field, errors: &mut FieldErrors) {
        limits::range(errors, "min", self.min, 0, limits::MAX_SAFE_INTEGER);
        let least = if self.max == 0 { 0 } else { self.min };
        limits::range(errors, "max", self.max, least, limits::MAX_SAFE_INTEGER);
        pattern::check(errors, "pattern", &self.pattern);
        if !self.autogenerate_pattern.is_empty()
            && pattern::check(errors, "autogeneratePattern", &self.autogenerate_pattern)
        {
            self.check_generator(errors);
        }
        if self.primary_key {
            if base.name != "id" {
                errors.add("name", FieldError::new("validation_in_invalid", "The record id must be named \"id\"."));
            }
            if !base.required {
                errors.add("required", limits::required());
            }
            if self.pattern.is_empty() {
                errors.add("pattern", limits::required());
            }
        }
    }
}

impl TextOptions {
    /// What is generated must be acceptable; a sample shows most contradictions.
    fn check_generator(&self, errors: &mut FieldErrors) {
        match generate::generate(&self.autogenerate_pattern) {
            Err(generate::Unsupported) => {
                let message = "Values can't be generated from this pattern: leave anchors and boundaries out.";
                errors.add("autogeneratePattern", FieldError::new("validation_invalid_autogenerate_pattern", message));
            }
            Ok(sample) if !sample.is_empty() && self.check(&sample).is_some() => {
                let message = format!("The pattern makes values that the field refuses, such as {sample:?}.");
                let error = FieldError::new("validation_invalid_autogenerate_pattern_value", message);
                errors.add("autogeneratePattern", error);
            }
            Ok(_) => {}
        }
    }
}
