//! Who gets which connection: a bounded number of slots, and those who wait for one in their turn.
//!
//! A connection wakes whoever reads from it by the runtime on which it was opened. On another thread every answer takes
//! another wake-up, which is a good part of what a small read costs. So each thread that serves requests opens up to its
//! share of its own, and gets them before others do. The rest are shared: they live on the
//! engine's runtime and serve everybody. A connection of one thread never serves another, which it might not outlive;
//! when there is nothing else, it is closed, and a shared one takes its slot.
//!
//! *Invariant:* never more than `size` slots are taken, and nobody waits while one is free or a connection is idle.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::sync::{Notify, oneshot};

/// A connection that was idle for longer is closed rather than trusted: what stands between forgets silent ones.
const IDLE_TIME: Duration = Duration::from_secs(300);
/// Who comes when so many wait is refused at once.
const MAX_WAITING: usize = 65_536;

/// The runtime of one thread; `None` for the engine's, where everybody is served.
pub(super) type Home = Option<Id>;

thread_local! {
    static HERE: Cell<Home> = const { Cell::new(None) };
}

/// This thread serves requests, on a runtime of its own, for as long as it lives.
pub(super) fn settle() {
    let handle = Handle::try_current().ok().filter(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread);
    HERE.set(handle.map(|handle| handle.id()));
}

/// That of whoever calls, if it serves requests.
pub(super) fn here() -> Home {
    HERE.get()
}

/// The slots of connections of the type `C`.
pub(super) struct Slots<C>(Arc<Shared<C>>);

struct Shared<C> {
    size: usize,
    /// How many one thread may have for itself.
    share: usize,
    state: Mutex<State<C>>,
    /// Told when the last slot is free after the end.
    ended: Notify,
}

struct State<C> {
    taken: usize,
    /// How many of them belong to a thread.
    own: HashMap<Id, usize>,
    /// In the order in which they were given back.
    idle: VecDeque<(Kept<C>, Instant)>,
    waiting: VecDeque<Waiter<C>>,
    ended: bool,
}

impl<C> Default for State<C> {
    fn default() -> Self {
        let (own, idle, waiting) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        Self { taken: 0, own, idle, waiting, ended: false }
    }
}

struct Waiter<C> {
    home: Home,
    sender: oneshot::Sender<Turn<C>>,
}

/// The right to have one connection, given back by being dropped.
pub(super) struct Slot<C> {
    home: Home,
    shared: Weak<Shared<C>>,
}

/// A connection in its slot.
pub(super) struct Kept<C> {
    connection: C,
    slot: Slot<C>,
}

pub(super) enum Turn<C> {
    Take(Kept<C>),
    /// One may be opened.
    Open(Slot<C>),
}

pub(super) enum Asked<C> {
    Now(Turn<C>),
    Later(oneshot::Receiver<Turn<C>>),
    /// Too many wait.
    Full,
    Ended,
}

impl<C> Slots<C> {
    /// `threads` is how many serve requests.
    pub(super) fn new(size: usize, threads: usize) -> Self {
        let (state, ended, share) = (Mutex::default(), Notify::new(), size / threads.max(1));
        Self(Arc::new(Shared { size, share, state, ended }))
    }

    pub(super) fn ask(&self, home: Home) -> Asked<C> {
        let mut state = self.0.state.lock();
        let old = state.pop_old(Instant::now());
        let asked = self.0.ask(&mut state, home);
        // Its slot takes the lock again.
        drop(state);
        drop(old);
        asked
    }

    /// The connection is free for whoever waits for it.
    pub(super) fn give_back(&self, kept: Kept<C>) {
        let left = {
            let mut state = self.0.state.lock();
            match state.ended {
                true => Some(Turn::Take(kept)),
                false => state.hand_on(kept),
            }
        };
        // Its slot takes the lock, too.
        drop(left);
    }

    /// Whether threads have connections of their own: there may be too few for that.
    pub(super) fn has_shares(&self) -> bool {
        self.0.share > 0
    }

    pub(super) fn has_room(&self) -> bool {
        let state = self.0.state.lock();
        !state.ended && (state.taken < self.0.size || !state.idle.is_empty())
    }

    /// Closes what is idle.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.0.state.lock().idle);
        drop(idle);
    }

    /// Nobody gets a connection any more. Hands out those that are idle.
    pub(super) fn end(&self) -> Vec<Kept<C>> {
        let (idle, waiting) = {
            let mut state = self.0.state.lock();
            state.ended = true;
            (std::mem::take(&mut state.idle), std::mem::take(&mut state.waiting))
        };
        drop(waiting);
        idle.into_iter().map(|(kept, _since)| kept).collect()
    }

    /// Waits until no slot is taken, after [`Slots::end`].
    pub(super) async fn ended(&self) {
        loop {
            let told = self.0.ended.notified();
            if self.0.state.lock().taken == 0 {
                return;
            }
            told.await;
        }
    }
}

impl<C> Shared<C> {
    fn ask(self: &Arc<Self>, state: &mut State<C>, home: Home) -> Asked<C> {
        if state.ended {
            return Asked::Ended;
        }
        if let Some(kept) = state.pop_idle(home) {
            return Asked::Now(Turn::Take(kept));
        }
        if state.taken < self.size {
            return Asked::Now(Turn::Open(self.take(state, home)));
        }
        if let Some((kept, _since)) = state.idle.pop_front() {
            return Asked::Now(Turn::Open(state.share_slot(kept)));
        }
        match state.enqueue(home) {
            Some(receiver) => Asked::Later(receiver),
            None => Asked::Full,
        }
    }

    fn take(self: &Arc<Self>, state: &mut State<C>, home: Home) -> Slot<C> {
        state.taken += 1;
        Slot { home: state.settle(home, self.share), shared: Arc::downgrade(self) }
    }
}

impl<C> State<C> {
    /// One of this thread, or else a shared one; that which was used last.
    fn pop_idle(&mut self, home: Home) -> Option<Kept<C>> {
        let of = |home: Home| self.idle.iter().rposition(|(kept, _since)| kept.slot.home == home);
        let index = of(home).or_else(|| of(None))?;
        self.idle.remove(index).map(|(kept, _since)| kept)
    }

    fn pop_old(&mut self, now: Instant) -> Option<Kept<C>> {
        let (_kept, since) = self.idle.front()?;
        (now.duration_since(*since) > IDLE_TIME).then(|| self.idle.pop_front()).flatten().map(|(kept, _since)| kept)
    }

    /// Where a new connection lives: with this thread, if its share is not used up.
    fn settle(&mut self, home: Home, share: usize) -> Home {
        let own = self.own.get(&home?).copied().unwrap_or_default();
        if own >= share {
            return None;
        }
        self.own.insert(home?, own + 1);
        home
    }

    fn unsettle(&mut self, home: Home) {
        let Some(home) = home else { return };
        if let Some(own) = self.own.get_mut(&home) {
            *own -= 1;
            if *own == 0 {
                self.own.remove(&home);
            }
        }
    }

    /// Closes a connection and leaves its slot to everybody.
    fn share_slot(&mut self, kept: Kept<C>) -> Slot<C> {
        let Kept { connection, mut slot } = kept;
        drop(connection);
        self.unsettle(slot.home);
        slot.home = None;
        slot
    }

    fn enqueue(&mut self, home: Home) -> Option<oneshot::Receiver<Turn<C>>> {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.retain(|waiter| !waiter.sender.is_closed());
        }
        if self.waiting.len() >= MAX_WAITING {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.push_back(Waiter { home, sender });
        Some(receiver)
    }

    /// Gives the connection to the next one, or keeps it. What nobody takes comes back, to be dropped without the lock.
    fn hand_on(&mut self, mut kept: Kept<C>) -> Option<Turn<C>> {
        let home = kept.slot.home;
        while let Some(next) = self.next(home) {
            let suits = home.is_none() || next.home == home;
            let turn = if suits { Turn::Take(kept) } else { Turn::Open(self.share_slot(kept)) };
            match next.sender.send(turn) {
                Ok(()) => return None,
                // It went away at this moment.
                Err(Turn::Take(unwanted)) => kept = unwanted,
                Err(open) => return Some(open),
            }
        }
        self.idle.push_back((kept, Instant::now()));
        None
    }

    /// Who is next for a connection of this home: the first in the queue; but a connection stays on its thread as long
    /// as somebody there waits for it, and the first one's thread has others.
    fn next(&mut self, home: Home) -> Option<Waiter<C>> {
        while self.waiting.front().is_some_and(|waiter| waiter.sender.is_closed()) {
            self.waiting.pop_front();
        }
        let first = self.waiting.front()?;
        let may_wait = first.home.is_some_and(|home| self.own.contains_key(&home));
        let index = match home {
            Some(_) if may_wait => self.waiting.iter().position(|waiter| waiter.home == home).unwrap_or(0),
            _ => 0,
        };
        self.waiting.remove(index)
    }
}

impl<C> Slot<C> {
    pub(super) fn home(&self) -> Home {
        self.home
    }

    pub(super) fn fill(self, connection: C) -> Kept<C> {
        Kept { connection, slot: self }
    }
}

impl<C> Kept<C> {
    pub(super) fn home(&self) -> Home {
        self.slot.home
    }

    pub(super) fn into_parts(self) -> (C, Slot<C>) {
        (self.connection, self.slot)
    }
}

impl<C> Deref for Kept<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for Kept<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

impl<C> Drop for Slot<C> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut state = shared.state.lock();
        state.unsettle(self.home);
        state.taken -= 1;
        if state.ended {
            if state.taken == 0 {
                shared.ended.notify_waiters();
            }
            return;
        }
        let Some(next) = state.next(None) else { return };
        let slot = shared.take(&mut state, next.home);
        // Who went away drops it, and the next one gets it.
        let sent = next.sender.send(Turn::Open(slot));
        drop(state);
        drop(sent);
    }
}

#[cfg(test)]
mod tests;
