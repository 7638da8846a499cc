//! `[auth]`: what signing in may cost the machine.

use super::key::Key;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    /// Threads that hash passwords; 0 takes half of the cores, at most 4.
    pub hash_threads: usize,
}

pub(super) const KEYS: &[Key] = &[Key {
    name: "hash_threads",
    expected: "a number of threads from 0 (by the cores) to 64",
    set: |config, given| given.number(0..=64).map(|number| config.auth.hash_threads = number as usize),
    get: |config| config.auth.hash_threads.to_string(),
}];
