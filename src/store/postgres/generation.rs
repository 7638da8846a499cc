//! How often each table was written: what was derived from its rows is good as long as the number stands.
//!
//! Writes of this server count from before their commit until after it, and within that time there is no number, as
//! nobody knows whether the rows that are read are those before or after it. Writes of other servers are told by the
//! feed ([`Generations::raise`]). Tables share a fixed number of counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const COUNTERS: usize = 64;
/// The lower bits of a counter hold how many writes are on their way, the upper ones how many came to an end.
const ENDED: u64 = 1 << 24;

#[derive(Clone)]
pub(super) struct Generations(Arc<[AtomicU64; COUNTERS]>);

/// Writes on their way; they came to an end when it is dropped, whatever became of them.
pub(super) struct Writing {
    generations: Generations,
    touched: u64,
}

impl Generations {
    pub(super) fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| AtomicU64::new(0))))
    }

    /// `None` while rows of the table are being written.
    pub(super) fn of(&self, table: i64) -> Option<u64> {
        let counter = self.0[counter(table)].load(Ordering::SeqCst);
        counter.is_multiple_of(ENDED).then_some(counter / ENDED)
    }

    /// Must be there before the first statement: who sees its rows finds no number any more, or a new one.
    pub(super) fn writing(&self) -> Writing {
        Writing { generations: self.clone(), touched: 0 }
    }
}

impl Writing {
    pub(super) fn add(&mut self, table: i64) {
        self.touch(1 << counter(table));
    }

    /// For statements whose tables are not known.
    pub(super) fn add_all(&mut self) {
        self.touch(u64::MAX);
    }

    fn touch(&mut self, tables: u64) {
        let new = tables & !self.touched;
        self.touched |= new;
        self.generations.each(new, 1);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.generations.each(self.touched, ENDED - 1);
    }
}

impl Generations {
    /// Another server wrote rows of the table.
    pub(super) fn raise(&self, table: i64) {
        self.each(1 << counter(table), ENDED);
    }

    /// Nobody knows what other servers wrote.
    pub(super) fn raise_all(&self) {
        self.each(u64::MAX, ENDED);
    }

    fn each(&self, touched: u64, add: u64) {
        for (index, counter) in self.0.iter().enumerate() {
            if touched & (1 << index) != 0 {
                counter.fetch_add(add, Ordering::SeqCst);
            }
        }
    }
}

fn counter(table: i64) -> usize {
    table.unsigned_abs() as usize % COUNTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_number_while_rows_are_written_and_a_new_one_afterwards() {
        let generations = Generations::new();
        let before = generations.of(3).unwrap();
        let (mut first, mut second) = (generations.writing(), generations.writing());
        first.add(3);
        first.add(3);
        second.add(3);
        assert_eq!(generations.of(3), None);
        assert_eq!(generations.of(4), Some(0));
        drop(first);
        assert_eq!(generations.of(3), None);
        drop(second);
        assert_eq!(generations.of(3), Some(before + 2));
    }
}
