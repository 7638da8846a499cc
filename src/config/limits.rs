//! `[limits]`: what a request may cost.

use super::key::Key;

#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The largest body of a request that no other limit is stated for.
    pub body_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_mib: 32 }
    }
}

pub(super) const KEYS: &[Key] = &[Key {
    name: "body_mib",
    expected: "a number of mebibytes from 1 to 4096",
    set: |config, given| given.number(1..=4096).map(|number| config.limits.body_mib = number),
    get: |config| config.limits.body_mib.to_string(),
}];
