//! The validation failures that several types share (contract 1.8).

use serde_json::Value as Json;

use crate::error::{FieldError, FieldErrors};

/// The largest integer that every client can hold exactly: 2^53 - 1.
pub(super) const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

pub(super) fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}

pub(super) fn too_many_values(max_select: i64) -> FieldError {
    FieldError::new("validation_too_many_values", format!("Choose at most {max_select}."))
        .param("maxSelect", max_select)
}

pub(super) fn below(threshold: impl Into<Json>, shown: impl std::fmt::Display) -> FieldError {
    FieldError::new("validation_min_greater_equal_than_required", format!("Must be {shown} or more."))
        .param("threshold", threshold)
}

pub(super) fn above(threshold: impl Into<Json>, shown: impl std::fmt::Display) -> FieldError {
    FieldError::new("validation_max_less_equal_than_required", format!("Must be {shown} or less."))
        .param("threshold", threshold)
}

/// An integer option that must lie between two bounds.
pub(super) fn range(errors: &mut FieldErrors, option: &str, value: i64, min: i64, max: i64) {
    if value < min {
        errors.add(option, below(min, min));
    } else if value > max {
        errors.add(option, above(max, max));
    }
}

/// A text option with a length in characters; the empty text passes.
pub(super) fn length(errors: &mut FieldErrors, option: &str, value: &str, min: usize, max: usize) {
    let count = value.chars().count();
    if count > 0 && !(min..=max).contains(&count) {
        errors.add(option, length_out_of_range(min, max));
    }
}

pub(super) fn length_out_of_range(min: usize, max: usize) -> FieldError {
    let message = format!("The length must be between {min} and {max}.");
    FieldError::new("validation_length_out_of_range", message).param("min", min).param("max", max)
}
