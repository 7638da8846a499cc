//! TOML + environment + flags → checked values (stub face).
use std::path::PathBuf;

use crate::store::sqlite;

/// The configuration in force, checked.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub dir: PathBuf,
}

impl Config {
    /// Threads that hash passwords.
    pub fn hash_threads(&self) -> usize {
        todo!()
    }
    pub fn sqlite_options(&self) -> sqlite::Options {
        todo!()
    }
}
