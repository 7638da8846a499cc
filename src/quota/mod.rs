//! How often something may be done in a span of time: requests of a client, guesses at a code.
//!
//! [`Quota::take`] counts one more under a key, unless the window of the key is used up. A window begins with the first
//! one that is counted and ends after its time, whatever was refused meanwhile.
//!
//! *Invariant:* nothing is counted that was refused, memory is bounded whoever asks, and counting never fails a
//! request. What is limited, and by which key, is decided by the callers. Start reading at [`Quota::take`].

mod windows;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use windows::{Full, Windows};

/// Clients that have a window at the same time, at most; of more some begin anew.
const MAX_CLIENTS: usize = 1 << 17;
/// Secrets that are guessed at within the same windows; beyond, nobody new may guess. More than can be guessed at, as each
/// guess costs a hash.
const MAX_GUESSED: usize = 1 << 16;

/// The counting service. Cheap to clone.
#[derive(Clone)]
pub struct Quota(Arc<Inner>);

struct Inner {
    clock: Clock,
    clients: Windows,
    guessed: Windows,
}

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub max: u64,
    pub window: Duration,
}

/// The window is used up, and ends after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp(pub Duration);

impl Quota {
    pub fn new(clock: Clock) -> Self {
        let (clients, guessed) = (Windows::new(MAX_CLIENTS, Full::Forget), Windows::new(MAX_GUESSED, Full::Refuse));
        Self(Arc::new(Inner { clock, clients, guessed }))
    }

    /// Counts a request of a client.
    ///
    /// # Errors
    /// When the window of the key is used up.
    pub fn take(&self, key: &str, limit: Limit) -> Result<(), UsedUp> {
        self.0.clients.take(key, limit, self.0.clock.now_ms())
    }

    /// Counts a guess at a secret, right or wrong.
    ///
    /// # Errors
    /// When there were too many in the present window.
    pub fn guess(&self, key: &str, limit: Limit) -> Result<(), UsedUp> {
        self.0.guessed.take(key, limit, self.0.clock.now_ms())
    }
}
