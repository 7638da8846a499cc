//! `[cache]`: what is kept in memory besides the pages of the database.

use super::key::Key;

#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// The room for lists that are asked for again while nothing changes; 0 keeps none.
    pub size_mib: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { size_mib: 64 }
    }
}

pub(super) const KEYS: &[Key] = &[Key {
    name: "size_mib",
    expected: "a number of mebibytes from 0 (off) to 65536",
    set: |config, given| given.number(0..=1 << 16).map(|number| config.cache.size_mib = number),
    get: |config| config.cache.size_mib.to_string(),
}];
