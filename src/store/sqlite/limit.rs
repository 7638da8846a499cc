//! Time limits of statements: SQLite asks every few thousand steps whether it may go on.
//!
//! An inline read has a budget of steps (no clock is read for it); everything else has a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::Result;
use super::error::classify;

/// Steps of SQLite's machine between two questions: well under a tenth of a millisecond.
const STEPS_PER_QUESTION: i32 = 4096;

/// The limit in force on one connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Limit(Arc<State>);

struct State {
    start: Instant,
    /// Nanoseconds after `start`; 0 is none.
    deadline: AtomicU64,
    /// Questions that may still be asked; `u32::MAX` is without end.
    questions: AtomicU32,
}

impl Limit {
    /// Installs the handler that enforces the limits set later.
    pub(super) fn install(connection: &mut Connection) -> Result<Self> {
        let state =
            Arc::new(State { start: Instant::now(), deadline: AtomicU64::new(0), questions: AtomicU32::new(u32::MAX) });
        let asked = state.clone();
        connection
            .progress_handler(STEPS_PER_QUESTION, Some(move || asked.exceeded()))
            .map_err(|error| classify(error, None))?;
        Ok(Self(state))
    }

    pub(super) fn set_deadline(&self, after: Duration) {
        let at = (self.0.start.elapsed() + after).as_nanos();
        self.0.deadline.store(u64::try_from(at).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn set_questions(&self, questions: u32) {
        self.0.questions.store(questions, Ordering::Relaxed);
    }

    pub(super) fn lift(&self) {
        self.0.deadline.store(0, Ordering::Relaxed);
        self.0.questions.store(u32::MAX, Ordering::Relaxed);
    }
}

impl State {
    fn exceeded(&self) -> bool {
        let questions = self.questions.load(Ordering::Relaxed);
        if questions != u32::MAX {
            if questions == 0 {
                return true;
            }
            self.questions.store(questions - 1, Ordering::Relaxed);
        }
        let deadline = self.deadline.load(Ordering::Relaxed);
        deadline != 0 && self.start.elapsed().as_nanos() >= u128::from(deadline)
    }
}
