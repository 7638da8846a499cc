//! Compiled patterns of text and password fields, kept between requests.

use std::collections::HashMap;
use std::sync::LazyLock;

use parking_lot::RwLock;
use regex::Regex;

use crate::error::{FieldError, FieldErrors};

/// How many compiled patterns stay in memory; past it the cache starts anew.
const MAX_CACHED_PATTERNS: usize = 512;

static CACHE: LazyLock<RwLock<HashMap<String, Option<Regex>>>> = LazyLock::new(RwLock::default);

/// Whether the pattern is found in the text; a pattern that does not compile fits nothing.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    if pattern == "^[a-z0-9]+$" {
        // The pattern of default ids, checked on every create.
        return !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    }
    if let Some(known) = CACHE.read().get(pattern) {
        return known.as_ref().is_some_and(|regex| regex.is_match(text));
    }
    let regex = Regex::new(pattern).ok();
    let fits = regex.as_ref().is_some_and(|regex| regex.is_match(text));
    let mut cache = CACHE.write();
    if cache.len() >= MAX_CACHED_PATTERNS {
        cache.clear();
    }
    cache.insert(pattern.to_owned(), regex);
    fits
}

/// An option that must be a regular expression.
pub(super) fn check(errors: &mut FieldErrors, option: &str, pattern: &str) -> bool {
    let valid = Regex::new(pattern).is_ok();
    if !valid {
        errors.add(option, FieldError::new("validation_invalid_regex", "Must be a valid regular expression."));
    }
    valid
}

pub(super) fn invalid_format() -> FieldError {
    FieldError::new("validation_invalid_format", "The value does not have the required format.")
}
