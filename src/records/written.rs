//! What came of a write, on its way to who asked for it.

use bytes::Bytes;

use super::tag::Presented;

/// The outcome of one write, or of several.
#[derive(Debug)]
pub struct Written<T = Outcome> {
    pub outcome: T,
    /// Nothing was written: an earlier request with the same idempotency key had done it.
    pub replayed: bool,
}

#[derive(Debug)]
pub enum Outcome {
    Stored(Presented),
    Deleted,
    /// Stored by an earlier request, but the caller can't view the record, or not any more.
    Gone,
}

impl<T> Written<T> {
    pub(super) fn now(outcome: T) -> Self {
        Self { outcome, replayed: false }
    }

    pub(super) fn replayed(outcome: T) -> Self {
        Self { outcome, replayed: true }
    }
}

impl Written {
    /// The stored record as JSON; empty where there is none.
    pub fn into_body(self) -> Bytes {
        match self.outcome {
            Outcome::Stored(presented) => presented.body,
            Outcome::Deleted | Outcome::Gone => Bytes::new(),
        }
    }
}
