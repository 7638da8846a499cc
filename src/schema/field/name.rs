//! Names and ids of fields (contract 1.3, 4.3).

use super::{Field, limits};
use crate::error::FieldError;

const RESERVED: [&str; 7] = ["null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"];

/// Names that the forms of auth collections use.
const RESERVED_AUTH: [&str; 2] = ["passwordConfirm", "oldPassword"];

impl Field {
    /// The default id: the type and the decimal CRC-32 of the name.
    pub fn id_for(type_name: &str, name: &str) -> String {
        format!("{type_name}{}", crc32fast::hash(name.as_bytes()))
    }

    /// Checks a name: 1 to 100 word characters, not reserved, without `_via_`, which marks back
    /// relations in the filter language.
    pub fn validate_name(name: &str, is_auth: bool) -> Option<FieldError> {
        let count = name.chars().count();
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if count == 0 {
            Some(limits::required())
        } else if count > 100 {
            Some(limits::length_out_of_range(1, 100))
        } else if !name.bytes().all(word) {
            let message = "Only letters, digits and underscores are allowed.";
            Some(FieldError::new("validation_match_invalid", message))
        } else if RESERVED.contains(&name) {
            Some(FieldError::new("validation_not_in_invalid", "The name is reserved."))
        } else if name.to_ascii_lowercase().contains("_via_") {
            Some(FieldError::new("validation_found_via", "The name can't contain \"_via_\"."))
        } else if is_auth && RESERVED_AUTH.contains(&name) {
            Some(FieldError::new("validation_reserved_field_name", "The name is reserved in auth collections."))
        } else {
            None
        }
    }
}
