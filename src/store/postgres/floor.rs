//! What every answer of a standby has to have at least: not much older than the primary, and behind the last change of the
//! schema. Both are positions in the write-ahead log, noted from looks at the primary.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How much older than the present an answer of a standby may be.
const STALE: Duration = Duration::from_secs(1);

/// What the primary had, lately.
#[derive(Default)]
pub(super) struct Floor {
    /// A version of the schema, and a position behind its change.
    schema: (u64, u64),
    /// The last moment that is longer ago than [`STALE`], and all since then.
    recent: VecDeque<(Instant, u64)>,
}

impl Floor {
    pub(super) fn note(&mut self, schema: u64, position: u64) {
        let now = Instant::now();
        if self.schema.0 != schema {
            self.schema = (schema, position);
        }
        self.recent.push_back((now, position));
        while self.recent.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= STALE) {
            self.recent.pop_front();
        }
    }

    /// What every answer has to have; `None` while too little is known.
    pub(super) fn position(&self, schema: u64) -> Option<u64> {
        let (newest, _) = self.recent.back()?;
        let (_, oldest) = self.recent.front()?;
        let known = self.schema.0 == schema && newest.elapsed() < STALE;
        known.then_some((*oldest).max(self.schema.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_older_than_a_second_or_than_the_schema_is_answered() {
        let mut floor = Floor::default();
        assert_eq!(floor.position(1), None, "nothing is known");
        floor.note(1, 100);
        floor.note(1, 150);
        assert_eq!(floor.position(1), Some(100));
        assert_eq!(floor.position(2), None, "nothing is known of the change");
        floor.note(2, 180);
        floor.note(2, 190);
        assert_eq!(floor.position(2), Some(180), "behind the change");
        floor.recent[1].0 -= STALE;
        floor.note(2, 200);
        assert_eq!(floor.recent.front().map(|(_, position)| *position), Some(150));
        floor.recent.iter_mut().for_each(|(at, _)| *at -= STALE);
        assert_eq!(floor.position(2), None, "the primary was not seen for too long");
    }
}
