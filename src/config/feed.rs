//! `[feed]`: how long changes can be read again by clients that were away.

use super::key::Key;

#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// Changes are kept for so long; 0 is for ever.
    pub retention_hours: u64,
    /// But only the latest of about this size; 0 is without limit.
    pub retention_mib: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { retention_hours: 24, retention_mib: 1024 }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "retention_hours",
        expected: "a number of hours from 0 (for ever) to 87600",
        set: |config, given| given.number(0..=87_600).map(|number| config.feed.retention_hours = number),
        get: |config| config.feed.retention_hours.to_string(),
    },
    Key {
        name: "retention_mib",
        expected: "a number of mebibytes from 0 (no limit) to 1048576",
        set: |config, given| given.number(0..=1 << 20).map(|number| config.feed.retention_mib = number),
        get: |config| config.feed.retention_mib.to_string(),
    },
];
