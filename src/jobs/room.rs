//! How many jobs the queue takes.
//!
//! Counting them with each one would cost more than the job. So they are counted once, and what is free is kept in
//! memory. Only when that is used up they are counted again now and then: others may have ended some. What is under way
//! during a count, and what other servers on the store give out, may go over the limit.

use parking_lot::Mutex;

use super::Shared;
use crate::error::{Error, Kind, Result};
use crate::store::{Reader, Statement};

/// Jobs that wait, run or are dead.
pub(super) const MOST_JOBS: i64 = 1_000_000;
/// A full queue is counted again no sooner than this: a million takes half a second.
const COUNT_AGAIN_MS: i64 = 60_000;
/// Nor sooner than this after any count: what that gave out may be on its way, where no count sees it.
const SETTLED_MS: i64 = 1000;

const COUNT: &str =
    "SELECT (SELECT count(*) FROM _jobs WHERE state < 2) + (SELECT count(*) FROM _jobs WHERE state = 2)";

pub(super) struct Room {
    limit: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: i64,
    counts: u64,
    counted_ms: Option<i64>,
    full_since_ms: Option<i64>,
}

impl Room {
    pub(super) fn new(limit: i64) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Whether there was room for so many, which is theirs now.
    fn take(&self, jobs: i64) -> bool {
        let mut state = self.state.lock();
        let fits = jobs <= state.free;
        if fits {
            state.free -= jobs;
        }
        fits
    }

    /// So many are gone.
    pub(super) fn give_back(&self, jobs: usize) {
        let mut state = self.state.lock();
        // Before the first count nobody knows how many there are.
        if state.counts > 0 {
            state.free = state.free.saturating_add_unsigned(jobs as u64).min(self.limit);
        }
    }

    /// Which count it is, if it is time for one.
    fn begin_count(&self, now_ms: i64) -> Option<u64> {
        let state = self.state.lock();
        // A clock that was set back must not keep the queue full.
        let within =
            |start: Option<i64>, length: i64| start.is_some_and(|start| (start..start + length).contains(&now_ms));
        let full = within(state.full_since_ms, COUNT_AGAIN_MS) || within(state.counted_ms, SETTLED_MS);
        (!full).then_some(state.counts)
    }

    /// Of those that counted at the same time the first one says what is free: room is not given out twice.
    fn end_count(&self, count: u64, jobs: i64, now_ms: i64) {
        let mut state = self.state.lock();
        if state.counts == count {
            state.counts += 1;
            state.counted_ms = Some(now_ms);
            state.free = (self.limit - jobs).max(0);
            state.full_since_ms = None;
        }
    }

    fn is_full(&self, now_ms: i64) {
        self.state.lock().full_since_ms.get_or_insert(now_ms);
    }
}

impl Shared {
    /// Takes room for so many new jobs.
    ///
    /// # Errors
    /// `Unavailable` when there is none.
    pub(super) async fn make_room(&self, jobs: usize, reader: &Reader) -> Result<()> {
        let jobs = i64::try_from(jobs).unwrap_or(i64::MAX);
        if self.room.take(jobs) {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        if let Some(count) = self.room.begin_count(now_ms) {
            let row = reader.first(Statement::new(COUNT, vec![]).dear()).await?;
            self.room.end_count(count, row.and_then(|row| row.get(0).as_i64()).unwrap_or_default(), now_ms);
            if self.room.take(jobs) {
                return Ok(());
            }
            self.room.is_full(now_ms);
        }
        Err(Error::new(Kind::Unavailable, "the queue of jobs is full, try again later"))
    }
}
