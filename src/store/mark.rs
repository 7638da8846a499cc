//! How much of all that was written somebody has seen, so that a copy of the data that lags is asked only where it has
//! as much.

use std::sync::Arc;

use super::{Result, Store};

/// A moment in the history of the database: everything that was answered before it is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub epoch: Arc<String>,
    pub position: u64,
}

impl Mark {
    /// Behind everything in this epoch: no copy has as much.
    pub fn last(epoch: Arc<String>) -> Self {
        Self { epoch, position: u64::MAX }
    }
}

impl Store {
    /// Whether there are copies to read from.
    pub fn has_replicas(&self) -> bool {
        match self {
            Store::Sqlite(_) => false,
            Store::Postgres(engine) => engine.has_replicas(),
        }
    }

    /// The same store for reading on a copy that has at least this much; where none has, on the primary. It gives no
    /// answers from memory ([`Store::generation`] tells nothing), as those may be older.
    pub async fn at_least(&self, mark: &Mark) -> Store {
        match self {
            Store::Sqlite(_) => self.clone(),
            Store::Postgres(engine) => Store::Postgres(engine.at_least(mark).await),
        }
    }

    /// A mark behind everything that this store has answered so far.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub async fn mark(&self) -> Result<Mark> {
        match self {
            Store::Sqlite(engine) => Ok(Mark::last(engine.epoch())),
            Store::Postgres(engine) => engine.mark().await,
        }
    }
}
