//! Counters in windows of time that all nodes over one database share.

use std::time::Duration;

use super::{Result, Store};

/// What a node counted under a key since it told of it last.
#[derive(Debug, Clone)]
pub struct Counted {
    pub key: String,
    pub count: u64,
    /// How long a window is that begins with this.
    pub window: Duration,
}

/// What all nodes together counted in the present window of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub key: String,
    pub count: u64,
    /// How long the window still is.
    pub left: Duration,
}

impl Store {
    /// Adds to what the nodes counted, each key once at most, and tells what that makes; nothing with one node, which
    /// counts by itself.
    pub async fn count(&self, counted: Vec<Counted>) -> Result<Vec<Total>> {
        match self {
            Store::Sqlite(_) => Ok(Vec::new()),
            Store::Postgres(engine) => engine.count(counted).await,
        }
    }
}
