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

#[derive(Default)]
pub(super) struct Checkpointer {
    /// Pages in the log after the last commit.
    pages: AtomicI32,
    due: AtomicBool,
    closed: Mutex<bool>,
    wake: Condvar,
    /// Held while the thread copies: another checkpoint would be refused meanwhile.
    copying: Mutex<()>,
}

impl Checkpointer {
    /// Lets the writing connection tell the length of its log.
    pub(super) fn watch(self: &Arc<Self>, writer: &mut Connection) -> Result<()> {
        let told = self.clone();
        writer
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
                told.pages.store(pages, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(|error| classify(error, None))
    }

    /// The writer calls it after a commit.
    pub(super) fn committed(&self) {
        if self.pages.load(Ordering::Relaxed) > START_PAGES && !self.due.swap(true, Ordering::AcqRel) {
            let _closed = self.closed.lock();
            self.wake.notify_one();
        }
    }

    /// The writer calls it after a restart: until the next commit nobody knows how long the log is.
    pub(super) fn restarted(&self) {
        self.pages.store(0, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        *self.closed.lock() = true;
        self.wake.notify_one();
    }

    pub(super) fn run(&self, connection: &Connection, queue: &Queue) {
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
    fn copy(&self, connection: &Connection) -> Option<rusqlite::Result<(i64, i64)>> {
        let _copying = self.copying.lock();
        let closed = *self.closed.lock();
        (!closed).then(|| pragma(connection, "PASSIVE"))
    }

    /// At the end: stops the thread, copies everything and empties the log.
    pub(super) fn finish(&self, writer: &Connection) -> Result<()> {
        self.close();
        let _quiet = self.copying.lock();
        pragma(writer, "TRUNCATE").map(|_| ()).map_err(|error| classify(error, Some(writer)))
    }
}

/// Between two batches of the writer: begins the log again when no reader needs it.
pub(super) fn restart(writer: &Connection) {
    let run = || {
        writer.busy_timeout(RESTART_WAIT)?;
        let result = pragma(writer, "RESTART");
        writer.busy_timeout(BUSY_TIMEOUT)?;
        result
    };
    if let Err(error) = run() {
        tracing::warn!(%error, "the write-ahead log could not be restarted");
    }
}

/// Pages in the log, and how many of them are copied.
fn pragma(connection: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| Ok((row.get(1)?, row.get(2)?)))
}
