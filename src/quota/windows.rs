//! The windows of this node by their keys, in bounded memory.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};

use super::Limit;
use crate::redis::Draw;
use crate::store::{Counted, Total};

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

/// How the nodes count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// This node by itself.
    Alone,
    /// Each tells the others, and knows of them what it was told.
    Told,
    /// Each lets through what it drew before.
    Drawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    /// The window still is so long.
    UsedUp(Duration),
    /// Nothing is left here of what was drawn.
    Ask,
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
    /// The keys of windows with something untold.
    untold: Vec<Box<str>>,
}

struct Window {
    ends_ms: i64,
    /// Let through by this node.
    used: u64,
    /// By the others, as far as is known.
    elsewhere: u64,
    /// Of `used`, what the others do not know yet.
    untold: u64,
    /// Drawn and not used.
    drawn: u64,
    /// Redis has no more to give.
    is_drained: bool,
}

impl Windows {
    pub(super) fn new(room: usize, full: Full) -> Self {
        Self { shards: Default::default(), hasher: RandomState::default(), room: room / SHARDS, full }
    }

    pub(super) fn take(&self, key: &str, limit: Limit, way: Way, now_ms: i64) -> Verdict {
        let mut shard = self.shard(key);
        let is_open = shard.windows.get(key).is_some_and(|window| window.ends_ms > now_ms);
        if way == Way::Drawn && !is_open {
            return Verdict::Ask;
        }
        let Some(window) = shard.window(key, limit.window, self, now_ms) else { return Verdict::UsedUp(limit.window) };
        let verdict = match way {
            Way::Drawn => return window.take_drawn(now_ms),
            Way::Alone | Way::Told => window.take(limit.max, now_ms),
        };
        if way == Way::Told && verdict == Verdict::Taken {
            window.untold += 1;
            if window.untold == 1 {
                shard.untold.push(key.into());
            }
        }
        verdict
    }

    /// Takes one of what was just drawn and keeps the rest.
    pub(super) fn drawn(&self, key: &str, draw: Draw, now_ms: i64) -> Verdict {
        let mut shard = self.shard(key);
        let Some(window) = shard.window(key, draw.left, self, now_ms) else { return Verdict::UsedUp(draw.left) };
        window.ends_ms = after(now_ms, draw.left);
        window.drawn += draw.given;
        window.is_drained = draw.given == 0;
        window.take_drawn(now_ms)
    }

    /// What the others do not know yet, up to so many keys. It counts as told.
    pub(super) fn untold(&self, most: usize, now_ms: i64) -> Vec<Counted> {
        let mut counted = Vec::new();
        for shard in &self.shards {
            let shard = &mut *shard.lock();
            while counted.len() < most
                && let Some(key) = shard.untold.pop()
            {
                let open = shard.windows.get_mut(&key).filter(|window| window.ends_ms > now_ms && window.untold > 0);
                let Some(window) = open else { continue };
                let left = Duration::from_millis((window.ends_ms - now_ms).cast_unsigned());
                let count = std::mem::take(&mut window.untold);
                counted.push(Counted { key: key.into(), count, window: left });
            }
        }
        counted
    }

    /// Takes over what all nodes together counted, of which this one has told `own` just now.
    pub(super) fn told(&self, total: &Total, own: u64, now_ms: i64) {
        let mut shard = self.shard(&total.key);
        let Some(window) = shard.windows.get_mut(&*total.key) else { return };
        let told = window.used - window.untold;
        if total.count == own {
            // A new window, which began with this: what was counted before it is over.
            window.used = own + window.untold;
            window.elsewhere = 0;
        } else {
            window.elsewhere = total.count.saturating_sub(told);
        }
        window.ends_ms = after(now_ms, total.left);
    }

    /// Puts back what could not be told.
    pub(super) fn not_told(&self, key: &str, own: u64) {
        let mut shard = self.shard(key);
        let Some(window) = shard.windows.get_mut(key) else { return };
        window.untold = (window.untold + own).min(window.used);
        if window.untold > 0 && !shard.untold.iter().any(|untold| **untold == *key) {
            shard.untold.push(key.into());
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().windows.len()).sum()
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        self.shards[self.hasher.hash_one(key) as usize % SHARDS].lock()
    }
}

impl Shard {
    /// The open window of a key; `None` where there is no room for one.
    fn window(&mut self, key: &str, length: Duration, all: &Windows, now_ms: i64) -> Option<&mut Window> {
        if !self.windows.contains_key(key) {
            if !self.make_room(all, now_ms) {
                return None;
            }
            self.windows.insert(key.into(), Window::new(length, now_ms));
        }
        let window = self.windows.get_mut(key)?;
        if window.ends_ms <= now_ms {
            *window = Window::new(length, now_ms);
        }
        Some(window)
    }

    /// Makes room for one more; whether there is any.
    fn make_room(&mut self, all: &Windows, now_ms: i64) -> bool {
        if self.windows.len() < self.sweep_at.max(FIRST_SWEEP).min(all.room) {
            return true;
        }
        self.windows.retain(|_, window| window.ends_ms > now_ms);
        if all.full == Full::Forget && self.windows.len() >= all.room {
            // Many at once, so that a flood of new keys does not pay for each.
            let mut count = 0usize;
            self.windows.retain(|_, _| {
                count += 1;
                !count.is_multiple_of(4)
            });
        }
        let Self { windows, untold, .. } = self;
        untold.retain(|key| windows.contains_key(key));
        self.sweep_at = self.windows.len() * 2;
        self.windows.shrink_to(self.sweep_at);
        self.windows.len() < all.room
    }
}

impl Window {
    fn new(length: Duration, now_ms: i64) -> Self {
        let ends_ms = after(now_ms, length);
        Self { ends_ms, used: 0, elsewhere: 0, untold: 0, drawn: 0, is_drained: false }
    }

    fn take(&mut self, max: u64, now_ms: i64) -> Verdict {
        if self.used.saturating_add(self.elsewhere) >= max {
            return self.used_up(now_ms);
        }
        self.used += 1;
        Verdict::Taken
    }

    fn take_drawn(&mut self, now_ms: i64) -> Verdict {
        if self.drawn > 0 {
            self.drawn -= 1;
            self.used += 1;
            return Verdict::Taken;
        }
        if self.is_drained { self.used_up(now_ms) } else { Verdict::Ask }
    }

    fn used_up(&self, now_ms: i64) -> Verdict {
        Verdict::UsedUp(Duration::from_millis(self.ends_ms.saturating_sub(now_ms).max(0).cast_unsigned()))
    }
}

fn after(now_ms: i64, time: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
