//! How often each table was written: what was derived from its rows is good as long as the number stands.
//!
//! A number is odd from before a commit until after it: within that time nobody knows whether the rows that are read
//! are those before or after it, so there is no number then. Tables share a fixed number of counters, so a number may
//! rise without cause, which only costs a reading again.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

const COUNTERS: usize = 64;

/// The counters, raised by the writer and read by everybody.
pub(super) struct Generations([AtomicU64; COUNTERS]);

/// The counters that the open transaction is going to raise, one bit each.
#[derive(Default)]
pub(super) struct Touched(Cell<u64>);

impl Generations {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    /// `None` while rows of the table are being committed.
    pub(super) fn of(&self, table: i64) -> Option<u64> {
        let number = self.0[counter(table)].load(Ordering::SeqCst);
        number.is_multiple_of(2).then_some(number)
    }

    /// Must run before the commit: who sees its rows finds no number any more, or a new one.
    pub(super) fn suspend(&self, touched: &Touched) {
        self.each(touched.0.get(), |number| number | 1);
    }

    /// Must run after the end of the transaction and before its answers: who hears of a write finds a new number.
    pub(super) fn raise(&self, touched: &Touched) {
        self.each(touched.0.take(), |number| (number | 1) + 1);
    }

    /// Only the writer's thread changes a counter, so that reading and writing it need not be one step.
    fn each(&self, touched: u64, next: impl Fn(u64) -> u64) {
        for (index, counter) in self.0.iter().enumerate() {
            if touched & (1 << index) != 0 {
                counter.store(next(counter.load(Ordering::SeqCst)), Ordering::SeqCst);
            }
        }
    }
}

impl Touched {
    pub(super) fn add(&self, table: i64) {
        self.0.set(self.0.get() | 1 << counter(table));
    }

    /// For statements whose tables are not known.
    pub(super) fn add_all(&self) {
        self.0.set(u64::MAX);
    }
}

fn counter(table: i64) -> usize {
    table.unsigned_abs() as usize % COUNTERS
}
