//! Keeps the write-ahead log short, beside the writer and not in its way.
//!
//! A thread copies what is committed into the main file every 100 ms while there is something to copy. Alone that never
//! catches up under load, so when it is nearly done with a long log it asks the writer for a restart between two
//! batches: then the log begins again at its front.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::super::Result;
use super::connection::BUSY_TIMEOUT;
use super::error::classify;
use super::health::Health;
use super::queue::Queue;

/// Pages in the log from which copying starts.
const START_PAGES: i32 = 1000;
/// Long enough that a page which every commit touches is copied once and not for each of them.
const PAUSE: Duration = Duration::from_millis(100);
/// A restart is asked for when the log is longer, and less than the rest remains to be copied.
const RESTART_PAGES: i64 = 4000;
const RESTART_REST_PAGES: i64 = 1500;
/// 256 MiB: a restart is asked for whatever remains.
const CEILING_PAGES: i64 = 65_536;
/// How long the writer waits for readers that still need the log.
const RESTART_WAIT: Duration = Duration::from_millis(20);

pub(super) struct Checkpointer {
    health: Arc<Health>,
    /// Pages in the log after the last commit.
    pages: AtomicI32,
    due: AtomicBool,
    closed: Mutex<bool>,
    wake: Condvar,
    /// Held while the thread copies: another checkpoint would be refused meanwhile.
    copying: Mutex<()>,
}

impl Checkpointer {
    pub(super) fn new(health: Arc<Health>) -> Self {
        Self {
            health,
            pages: AtomicI32::new(0),
            due: AtomicBool::new(false),
            closed: Mutex::new(false),
            wake: Condvar::new(),
            copying: Mutex::new(()),
        }
    }

    /// The length of the log in pages, after a commit.
    pub(super) fn log_is(&self, pages: i32) {
        self.pages.store(pages, Ordering::Relaxed);
    }

    /// The writer calls it after a commit.
    pub(super) fn committed(&self) {
        if self.pages.load(Ordering::Relaxed) > START_PAGES && !self.due.swap(true, Ordering::AcqRel) {
            let _closed = self.closed.lock();
            self.wake.notify_one();
        }
    }

    pub(super) fn close(&self) {
        *self.closed.lock() = true;
        self.wake.notify_one();
    }

    pub(super) fn run(&self, connection: &Connection, queue: &Queue) {
        self.keep_short(connection, queue);
        self.health.keep_log(connection);
    }

    fn keep_short(&self, connection: &Connection, queue: &Queue) {
        loop {
            {
                let mut closed = self.closed.lock();
                while !*closed && !self.due.load(Ordering::Acquire) {
                    self.wake.wait(&mut closed);
                }
                if *closed {
                    return;
                }
            }
            self.due.store(false, Ordering::Release);
            let Some(result) = self.copy(connection) else { return };
            match result {
                Ok((log, copied)) => {
                    let rest = log - copied;
                    if (log > RESTART_PAGES && rest < RESTART_REST_PAGES) || log > CEILING_PAGES {
                        queue.ask_checkpoint();
                    } else if rest > 0 {
                        self.due.store(true, Ordering::Release);
                    }
                }
                Err(error) => tracing::warn!(%error, "a checkpoint failed"),
            }
            let mut closed = self.closed.lock();
            if !*closed {
                self.wake.wait_for(&mut closed, PAUSE);
            }
        }
    }
}

impl Checkpointer {
    /// `None` once the log is the writer's again.
    fn copy(&self, connection: &Connection) -> Option<Result<(i64, i64)>> {
        let _copying = self.copying.lock();
        let closed = *self.closed.lock();
        (!closed).then(|| self.checkpoint(connection, "PASSIVE"))
    }

    /// At the end: stops the thread, copies everything and empties the log.
    pub(super) fn finish(&self, writer: &Connection) -> Result<()> {
        self.close();
        let _quiet = self.copying.lock();
        self.checkpoint(writer, "TRUNCATE").map(|_| ())
    }

    /// Between two batches of the writer: begins the log again when no reader needs it.
    pub(super) fn restart(&self, writer: &Connection) {
        let wait = |time| writer.busy_timeout(time).map_err(|error| classify(error, Some(writer)));
        let result = wait(RESTART_WAIT).and_then(|()| self.checkpoint(writer, "RESTART"));
        if let Err(error) = result.and(wait(BUSY_TIMEOUT)) {
            tracing::warn!(%error, "the write-ahead log could not be restarted");
        }
        // Until the next commit nobody knows how long the log is.
        self.pages.store(0, Ordering::Relaxed);
    }

    /// Pages in the log, and how many of them are copied.
    fn checkpoint(&self, connection: &Connection, mode: &str) -> Result<(i64, i64)> {
        self.health.trusted()?;
        connection
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| Ok((row.get(1)?, row.get(2)?)))
            .map_err(|error| classify(error, Some(connection)))
            .inspect_err(|error| self.health.note(error))
    }
}
