//! The windows of this node by their keys, in bounded memory.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::{Limit, UsedUp};

/// Parts with a lock each, so that requests of several threads seldom meet.
const SHARDS: usize = 16;
/// What a part holds before it is looked through for windows that have ended.
const FIRST_SWEEP: usize = 64;

/// What happens when there is no room for another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Others lose their windows.
    Forget,
    /// The newcomer is refused.
    Refuse,
}

pub(super) struct Windows {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    room: usize,
    full: Full,
}

#[derive(Default)]
struct Shard {
    windows: HashMap<Box<str>, Window, RandomState>,
    sweep_at: usize,
}

struct Window {
    ends_ms: i64,
    used: u64,
}

impl Windows {
    pub(super) fn new(room: usize, full: Full) -> Self {
        Self { shards: Default::default(), hasher: RandomState::default(), room: room / SHARDS, full }
    }

    pub(super) fn take(&self, key: &str, limit: Limit, now_ms: i64) -> Result<(), UsedUp> {
        let length_ms = i64::try_from(limit.window.as_millis()).unwrap_or(i64::MAX);
        let mut shard = self.shards[self.hasher.hash_one(key) as usize % SHARDS].lock();
        if !shard.windows.contains_key(key) {
            shard.make_room(self.room, self.full, now_ms).then_some(()).ok_or(UsedUp(limit.window))?;
            shard.windows.insert(key.into(), Window { ends_ms: i64::MIN, used: 0 });
        }
        let Some(window) = shard.windows.get_mut(key) else { return Ok(()) };
        if window.ends_ms <= now_ms {
            *window = Window { ends_ms: now_ms.saturating_add(length_ms), used: 0 };
        }
        if window.used >= limit.max {
            return Err(UsedUp(Duration::from_millis(window.ends_ms.saturating_sub(now_ms).cast_unsigned())));
        }
        window.used += 1;
        Ok(())
    }
}

impl Shard {
    /// Makes room for one more; whether there is any.
    fn make_room(&mut self, room: usize, full: Full, now_ms: i64) -> bool {
        if self.windows.len() < self.sweep_at.max(FIRST_SWEEP).min(room) {
            return true;
        }
        self.windows.retain(|_, window| window.ends_ms > now_ms);
        if full == Full::Forget && self.windows.len() >= room {
            // Many at once, so that a flood of new keys does not pay for each.
            let mut count = 0usize;
            self.windows.retain(|_, _| {
                count += 1;
                !count.is_multiple_of(4)
            });
        }
        self.sweep_at = self.windows.len() * 2;
        self.windows.shrink_to(self.sweep_at);
        self.windows.len() < room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Limit = Limit { max: 3, window: Duration::from_secs(2) };

    fn windows(room: usize, full: Full) -> Windows {
        Windows::new(room * SHARDS, full)
    }

    #[test]
    fn a_window_begins_with_its_first_and_ends_after_its_time() {
        let windows = windows(100, Full::Forget);
        let takes: Vec<bool> =
            [0, 1, 1999, 1999, 2000, 3000, 3999, 3999, 4000].map(|now| windows.take("a", THREE, now).is_ok()).into();
        assert_eq!(takes, [true, true, true, false, true, true, true, false, true]);
        assert_eq!(windows.take("b", Limit { max: 0, ..THREE }, 500), Err(UsedUp(THREE.window)));
        for now in [5000, 5100, 5200] {
            windows.take("c", THREE, now).expect("room");
        }
        assert_eq!(windows.take("c", THREE, 6500), Err(UsedUp(Duration::from_millis(500))));
        let endless = Limit { max: u64::MAX, window: Duration::MAX };
        assert!(windows.take("d", endless, i64::MAX - 1).is_ok(), "no number overflows");
    }

    #[test]
    fn those_that_have_ended_are_gone() {
        let windows = windows(1000, Full::Refuse);
        let held = || windows.shards.iter().map(|shard| shard.lock().windows.len()).sum::<usize>();
        for number in 0..20_000 {
            windows.take(&number.to_string(), THREE, number * 10).expect("room");
        }
        assert!(held() < 4 * FIRST_SWEEP * SHARDS, "200 of them are open: {}", held());
    }

    #[test]
    fn a_flood_of_keys_fills_no_memory() {
        let windows = windows(100, Full::Forget);
        for number in 0..100_000 {
            windows.take(&number.to_string(), THREE, 0).expect("others make room");
        }
        let held: usize = windows.shards.iter().map(|shard| shard.lock().windows.len()).sum();
        assert!(held <= 100 * SHARDS && held > 50 * SHARDS, "{held}");
    }

    #[test]
    fn where_nobody_may_be_forgotten_newcomers_are_refused() {
        let windows = windows(10, Full::Refuse);
        let kept: Vec<String> =
            (0..1000).map(|n| n.to_string()).filter(|key| windows.take(key, THREE, 0).is_ok()).collect();
        assert_eq!(kept.len(), 10 * SHARDS);
        assert_eq!(windows.take("new", THREE, 1999), Err(UsedUp(THREE.window)));
        for key in &kept {
            windows.take(key, THREE, 1).expect("those that were there go on");
        }
        assert!(windows.take("new", THREE, 2000).is_ok());
    }
}
