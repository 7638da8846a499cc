//! How often something may be done in a span of time: requests of a client, guesses at a code.
//!
//! [`Quota::take`] counts one more under a key, unless the window of the key is used up. A window begins with the first
//! one that is counted and ends after its time, whatever was refused meanwhile. One node counts in memory
//! (`windows.rs`). Several count together: through Redis where there is one, of which each draws some at a time, so that
//! together they never let through more than the limit; otherwise through the database, to which each tells every
//! [`TELL`] what it counted (`shared.rs`), so that a client can gain at most what it can send within that time.
//! [`Quota::guess`] counts in the database itself, where there are several nodes: what it is for reads there anyway.
//!
//! *Invariant:* no request is counted that was refused, memory is bounded whoever asks, and counting requests never fails
//! one, nor makes it wait for more than Redis' own limit. What is limited, and by which key, is decided by the callers.
//! Start reading at [`Quota::take`].

mod shared;
#[cfg(test)]
mod tests;
mod windows;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::crypto::digest;
use crate::error::{Error, Kind, Result};
use crate::redis::Redis;
use crate::store::{Counted, Store};
use windows::{Full, Verdict, Way, Windows};

/// Clients that have a window at the same time, at most; of more some begin anew.
const MAX_CLIENTS: usize = 1 << 17;
/// Secrets that are guessed at within the same windows; beyond, nobody new may guess. More than can be guessed at, as each
/// guess costs a hash.
const MAX_GUESSED: usize = 1 << 16;

/// While less than half of a window is gone, this part of it is drawn from Redis at a time.
const PART: u64 = 16;

/// Rows and names of keys are short.
const MAX_KEY_BYTES: usize = 160;

/// Between two times that a node tells the others what it counted.
const TELL: Duration = Duration::from_millis(200);

/// The counting service. Cheap to clone.
#[derive(Clone)]
pub struct Quota(Arc<Inner>);

struct Inner {
    clock: Clock,
    store: Store,
    redis: Option<Redis>,
    clients: Windows,
    guessed: Windows,
    telling: Mutex<Option<AbortHandle>>,
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
    pub fn new(store: Store, redis: Option<Redis>, clock: Clock) -> Self {
        let (clients, guessed) = (Windows::new(MAX_CLIENTS, Full::Forget), Windows::new(MAX_GUESSED, Full::Refuse));
        Self(Arc::new(Inner { clock, store, redis, clients, guessed, telling: Mutex::default() }))
    }

    /// Starts to tell the other nodes what is counted here, where that is the way.
    pub fn start(&self) {
        if self.0.store.is_shared() && self.0.redis.is_none() {
            *self.0.telling.lock() = Some(tokio::spawn(shared::tell(Arc::downgrade(&self.0))).abort_handle());
        }
    }

    pub fn close(&self) {
        if let Some(telling) = self.0.telling.lock().take() {
            telling.abort();
        }
    }

    /// Counts a request of a client.
    ///
    /// # Errors
    /// When the window of the key is used up.
    pub async fn take(&self, key: &str, limit: Limit) -> Result<(), UsedUp> {
        let Inner { clients, store, redis, .. } = &*self.0;
        let key = &*short(key);
        let way = match redis {
            Some(_) => Way::Drawn,
            None if store.is_shared() => Way::Told,
            None => Way::Alone,
        };
        match clients.take(key, limit, way, self.now_ms()) {
            Verdict::Taken => Ok(()),
            Verdict::UsedUp(left) => Err(UsedUp(left)),
            Verdict::Ask => self.draw(key, limit).await,
        }
    }

    async fn draw(&self, key: &str, limit: Limit) -> Result<(), UsedUp> {
        let wanted = (limit.max / PART).max(1);
        let drawn = match &self.0.redis {
            Some(redis) => redis.draw(key, limit.max, limit.window, wanted).await,
            None => None,
        };
        let verdict = match drawn {
            Some(draw) => self.0.clients.drawn(key, draw, self.now_ms()),
            None => {
                // The others go on like this one, each with its part.
                let part = Limit { max: (limit.max / self.0.store.nodes().max(1)).max(1), ..limit };
                self.0.clients.take(key, part, Way::Alone, self.now_ms())
            }
        };
        match verdict {
            Verdict::UsedUp(left) => Err(UsedUp(left)),
            Verdict::Taken | Verdict::Ask => Ok(()),
        }
    }

    /// Counts a guess at a secret, right or wrong, on all nodes together.
    ///
    /// # Errors
    /// `TooManyRequests` when there were too many in the present window; those of the store.
    pub async fn guess(&self, key: &str, limit: Limit, refused: &'static str) -> Result<()> {
        let key = &*short(key);
        let left = match self.0.store.is_shared() {
            true => {
                let counted = Counted { key: key.to_owned(), count: 1, window: limit.window };
                let totals = self.0.store.count(vec![counted]).await?;
                totals.first().filter(|total| total.count > limit.max).map(|total| total.left)
            }
            false => match self.0.guessed.take(key, limit, Way::Alone, self.now_ms()) {
                Verdict::UsedUp(left) => Some(left),
                Verdict::Taken | Verdict::Ask => None,
            },
        };
        match left {
            Some(left) => Err(Error::new(Kind::TooManyRequests, refused).with_retry_after(left)),
            None => Ok(()),
        }
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }
}

/// The key, or where it is long or odd a digest of it.
fn short(key: &str) -> Cow<'_, str> {
    if key.len() <= MAX_KEY_BYTES && !key.contains(char::is_control) {
        return Cow::Borrowed(key);
    }
    let digest = digest(&[key.as_bytes()]);
    Cow::Owned(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
