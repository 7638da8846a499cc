//! One configuration key as data.

use super::{Config, Given};

pub(super) struct Key {
    pub name: &'static str,
    /// What the value must be, as the end of "expected …".
    pub expected: &'static str,
    /// Takes the value; `None` when it has the wrong type or is impossible.
    pub set: fn(&mut Config, &Given) -> Option<()>,
    /// The value in force as TOML.
    pub get: fn(&Config) -> String,
}

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A TOML list of strings.
pub(super) fn quoted_list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}
