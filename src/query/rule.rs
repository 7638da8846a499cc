//! Stored rules, parsed once a thread: the same few texts are asked at every request.

use std::cell::RefCell;
use std::collections::HashMap;

use super::ast::Filter;
use super::error::Result;

/// Rules that a thread keeps at most; past it they are gathered anew.
const MAX_RULES: usize = 512;
/// Longer rules are parsed each time, so that what is kept stays small.
const MAX_RULE_BYTES: usize = 1024;

thread_local! {
    static PARSED: RefCell<HashMap<String, Filter>> = RefCell::default();
}

impl Filter {
    /// Like [`Filter::parse`], for the text of a stored rule.
    ///
    /// # Errors
    /// Those of [`Filter::parse`].
    pub fn parse_rule(text: &str) -> Result<Option<Self>> {
        if let Some(filter) = PARSED.with_borrow(|parsed| parsed.get(text).cloned()) {
            return Ok(Some(filter));
        }
        let Some(filter) = Self::parse(text)? else { return Ok(None) };
        if text.len() <= MAX_RULE_BYTES {
            PARSED.with_borrow_mut(|parsed| {
                if parsed.len() >= MAX_RULES {
                    parsed.clear();
                }
                parsed.insert(text.to_owned(), filter.clone());
            });
        }
        Ok(Some(filter))
    }
}
