//! Reads on the calling thread: one read-only connection a thread and engine, without a hop.
//!
//! A read that takes more steps than a cheap one should is given up and starts over on the pool.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::super::{Result, Sink, Statement, StoreError};
use super::limit::Limit;
use super::{Options, connection};

/// Questions of the progress handler before an inline read is given up: about a millisecond of work.
const INLINE_QUESTIONS: u32 = 8;

thread_local! {
    static SLOTS: RefCell<Vec<(u64, Slot)>> = const { RefCell::new(Vec::new()) };
}

/// A thread's connection; the engine empties it when it closes.
type Slot = Arc<Mutex<Option<Open>>>;

/// A reading connection with its limit.
pub(super) struct Open {
    pub(super) connection: Connection,
    pub(super) limit: Limit,
}

impl Open {
    pub(super) fn new(path: &std::path::Path, options: &Options) -> Result<Self> {
        let mut connection = connection::reader(path, options)?;
        let limit = Limit::install(&mut connection)?;
        Ok(Self { connection, limit })
    }
}

pub(super) enum Inline {
    Done,
    /// Too long for here: start over on the pool.
    Moved,
}

/// The inline readers of one engine.
pub(super) struct Readers {
    engine: u64,
    path: PathBuf,
    options: Options,
    slots: Mutex<Registered>,
}

#[derive(Default)]
struct Registered {
    slots: Vec<Weak<Mutex<Option<Open>>>>,
    closed: bool,
}

impl Readers {
    pub(super) fn new(engine: u64, path: PathBuf, options: Options) -> Self {
        Self { engine, path, options, slots: Mutex::default() }
    }

    pub(super) fn stream(&self, statement: &Statement, sink: &mut dyn Sink) -> Result<Inline> {
        let slot = self.slot()?;
        // A sink that reads while it takes a row finds its thread's connection in use.
        let Some(open) = slot.try_lock() else { return Ok(Inline::Moved) };
        let Some(open) = open.as_ref() else { return Err(StoreError::Closed) };
        open.limit.set_questions(INLINE_QUESTIONS);
        match connection::stream(&open.connection, statement, sink) {
            Ok(()) => Ok(Inline::Done),
            Err(StoreError::Timeout) => Ok(Inline::Moved),
            Err(error) => Err(error),
        }
    }

    fn slot(&self) -> Result<Slot> {
        SLOTS.with_borrow_mut(|slots| {
            if let Some((_, slot)) = slots.iter().find(|(engine, _)| *engine == self.engine) {
                return Ok(slot.clone());
            }
            // Connections of engines that were closed are empty by now.
            slots.retain(|(_, slot)| slot.try_lock().is_none_or(|open| open.is_some()));
            let slot = self.open()?;
            slots.push((self.engine, slot.clone()));
            Ok(slot)
        })
    }

    fn open(&self) -> Result<Slot> {
        let slot = Arc::new(Mutex::new(Some(Open::new(&self.path, &self.options)?)));
        let mut registered = self.slots.lock();
        if registered.closed {
            return Err(StoreError::Closed);
        }
        registered.slots.retain(|slot| slot.strong_count() > 0);
        registered.slots.push(Arc::downgrade(&slot));
        Ok(slot)
    }

    /// Closes the connections of all threads.
    pub(super) fn close(&self) {
        let slots = {
            let mut registered = self.slots.lock();
            registered.closed = true;
            std::mem::take(&mut registered.slots)
        };
        for slot in slots.iter().filter_map(Weak::upgrade) {
            drop(slot.lock().take());
        }
    }
}
