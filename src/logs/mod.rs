//! The request log: drains a bounded channel into `aux.db` in the background (stub face).
use std::path::Path;

use crate::error::Result;
use crate::settings::Settings;

/// The log service. Cheap to clone.
#[derive(Clone)]
pub struct Logs {}

/// One handled request, as the log keeps it (contract 8.2).
#[derive(Debug, Clone, Default)]
pub struct RequestEntry {
    pub at_ms: i64,
    pub method: String,
    /// Path and query.
    pub url: String,
    pub status: u16,
    pub exec_time_ms: f64,
    /// The collection name of the caller, empty for a guest.
    pub auth: String,
    pub auth_id: String,
    pub user_ip: String,
    pub remote_ip: String,
    pub referer: String,
    pub user_agent: String,
    /// The public message of an error, and its internal cause.
    pub error: String,
    pub details: String,
}

impl Logs {
    pub fn open(_dir: &Path, _settings: Settings) -> Result<Self> {
        todo!()
    }
    /// Never waits: when the channel is full the entry is dropped and counted.
    pub fn request(&self, _entry: RequestEntry) {
        todo!()
    }
    /// Writes what is queued and closes.
    pub async fn close(&self) {
        todo!()
    }
}
