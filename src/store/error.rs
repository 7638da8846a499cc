//! Failures of the store, in the cases that callers tell apart. Library errors end in
//! `<engine>/error.rs`, which classifies them into these.

use crate::error::{Error, Kind};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row; the columns of that index.
    #[error("unique constraint on {table}({})", columns.join(", "))]
    Unique { table: String, columns: Vec<String> },
    /// [`super::Check`] number `tag` did not hold; nothing was written.
    #[error("check {tag} of the write set does not hold")]
    Check { tag: u32 },
    /// The row is not at the expected revision any more (or is gone); prepare again.
    #[error("the row changed since it was read")]
    Stale,
    /// The schema moved on since the statement was made; prepare again under the new schema.
    #[error("the schema changed")]
    SchemaChanged,
    /// The statement itself is refused by the engine (syntax, unknown column, wrong DDL).
    #[error("statement refused: {0}")]
    Statement(String),
    /// A text holds U+0000, which not every engine can store.
    #[error("a text holds the character U+0000")]
    NullCharacter,
    /// The statement ran into its time limit.
    #[error("statement timed out")]
    Timeout,
    /// The queue is full; try again after a second.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store is shutting down or its thread is gone.
    #[error("the store is closed")]
    Closed,
    /// The disk is full or fails.
    #[error("disk failure: {0}")]
    Disk(String),
    /// The disk did not confirm a write: whether it is there is unknown, and nothing is written until the engine was
    /// opened anew.
    #[error("the disk did not confirm a write: {0}")]
    Unsynced(String),
    /// The database server can't be reached, or takes no writes at the moment.
    #[error("the database server is away: {0}")]
    Away(String),
    /// A second process holds the data directory.
    #[error("{0}")]
    Locked(String),
    #[error("{0}")]
    Other(String),
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<StoreError> for Error {
    /// The sense of a failure that no caller gave a better one.
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Overloaded
            | StoreError::Closed
            | StoreError::Away(_)
            | StoreError::Disk(_)
            | StoreError::Unsynced(_) => Kind::Unavailable,
            StoreError::NullCharacter => {
                return Error::invalid("text must not hold the character U+0000").with_cause(error);
            }
            StoreError::Timeout => Kind::Timeout,
            StoreError::Stale | StoreError::SchemaChanged | StoreError::Unique { .. } => Kind::Conflict,
            _ => return Error::internal(error),
        };
        Error::new(kind, "").with_cause(error)
    }
}
