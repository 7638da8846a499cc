//! A second, small database for what may be lost: request logs, metrics.
//!
//! It has its own thread and is flushed in batches, so that it costs a request next to nothing. Rows that do not fit
//! into the buffer are dropped and counted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::{Result, Row, Statement, StoreError, Value};
use super::error::classify;
use super::{Durability, connection};

/// Rows that wait for the thread at most.
const BUFFER_ROWS: usize = 16_384;
/// A batch is written when it has so many rows, or is so old.
const BATCH_ROWS: usize = 1000;
const BATCH_AGE: Duration = Duration::from_secs(3);
/// Statements that wait for the thread at most.
const STATEMENT_QUEUE: usize = 256;

/// A statement and its parameters.
type Insert = (&'static str, Vec<Value>);
type Work = Box<dyn FnOnce(&Connection) + Send>;

/// The database beside the main one. Cheap to clone.
#[derive(Clone)]
pub struct Aux(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    rows: Vec<Insert>,
    work: Vec<Work>,
    oldest: Option<Instant>,
    closed: bool,
}

impl Aux {
    /// Opens the database and runs `schema_sql`, which must be harmless when run again.
    pub fn open(path: &Path, schema_sql: &str) -> Result<Self> {
        let connection = connection::writer(path, Durability::Normal, None)?;
        connection::batch(&connection, "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -2048;")?;
        connection::batch(&connection, schema_sql)?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name("aux-writer".into())
            .spawn(move || theirs.run(&connection))
            .map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Self(Arc::new(Handle { shared, thread: Mutex::new(Some(thread)) })))
    }

    /// Queues rows for a statement, which is prepared once. Never waits: rows that do not fit are dropped.
    pub fn append(&self, sql: &'static str, rows: Vec<Vec<Value>>) {
        let shared = &self.0.shared;
        let mut state = shared.state.lock();
        let free = if state.closed { 0 } else { BUFFER_ROWS - state.rows.len() };
        let lost = rows.len().saturating_sub(free);
        if lost > 0 {
            shared.dropped.fetch_add(lost as u64, Ordering::Relaxed);
        }
        let before = state.rows.len();
        state.rows.extend(rows.into_iter().take(free).map(|row| (sql, row)));
        let after = state.rows.len();
        if before == 0 && after > 0 {
            state.oldest = Some(Instant::now());
        }
        drop(state);
        // The thread is woken to start its timer and to write a full batch, not for every row.
        if (before == 0 && after > 0) || (before < BATCH_ROWS && after >= BATCH_ROWS) {
            shared.wake.notify_one();
        }
    }

    /// Rows that were lost because the buffer was full.
    pub fn dropped(&self) -> u64 {
        self.0.shared.dropped.load(Ordering::Relaxed)
    }

    /// All rows of the statement; sees everything appended before.
    pub async fn rows(&self, statement: Statement) -> Result<Vec<Row>> {
        self.run(move |connection| {
            let mut rows: Vec<Row> = Vec::new();
            connection::stream(connection, &statement, &mut rows)?;
            Ok(rows)
        })
        .await
    }

    /// Runs a statement that yields no rows; the number of rows it touched.
    pub async fn execute(&self, statement: Statement) -> Result<u64> {
        self.run(move |connection| connection::execute(connection, &statement.sql, &statement.params)).await
    }

    /// Writes what is queued and closes. Later rows are dropped, later statements answer `Closed`.
    pub async fn close(&self) {
        // The thread finishes before the answer; a thread that is gone already has nothing to write.
        let _ = self.run(|_| Ok(())).await;
        self.0.shut();
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.0.shared.state.lock();
            if state.closed {
                return Err(StoreError::Closed);
            }
            if state.work.len() >= STATEMENT_QUEUE {
                return Err(StoreError::Overloaded);
            }
            state.work.push(Box::new(move |connection| {
                // A caller that went away does not want the answer.
                let _ = sender.send(work(connection));
            }));
        }
        self.0.shared.wake.notify_one();
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Handle {
    fn shut(&self) {
        self.shared.state.lock().closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread was reported when it happened; there is nothing left to close.
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Shared {
    fn run(&self, connection: &Connection) {
        loop {
            let (rows, work, closed) = self.next();
            if !rows.is_empty()
                && let Err(error) = write(connection, &rows)
            {
                let _ = connection.execute_batch("ROLLBACK");
                self.dropped.fetch_add(rows.len() as u64, Ordering::Relaxed);
                tracing::warn!(%error, "rows of the auxiliary database were lost");
            }
            for work in work {
                work(connection);
            }
            if closed {
                return;
            }
        }
    }

    /// Waits for a full batch, an old one, a statement or the end.
    fn next(&self) -> (Vec<Insert>, Vec<Work>, bool) {
        let mut state = self.state.lock();
        loop {
            let age = state.oldest.map(|oldest| oldest.elapsed());
            let due = state.rows.len() >= BATCH_ROWS || age.is_some_and(|age| age >= BATCH_AGE);
            if due || state.closed || !state.work.is_empty() {
                state.oldest = None;
                return (std::mem::take(&mut state.rows), std::mem::take(&mut state.work), state.closed);
            }
            match age {
                None => self.wake.wait(&mut state),
                Some(age) => {
                    self.wake.wait_for(&mut state, BATCH_AGE.saturating_sub(age));
                }
            }
        }
    }
}

fn write(connection: &Connection, rows: &[Insert]) -> Result<()> {
    connection::batch(connection, "BEGIN IMMEDIATE")?;
    for (sql, row) in rows {
        let mut statement = connection.prepare_cached(sql).map_err(|error| classify(error, None))?;
        statement
            .execute(rusqlite::params_from_iter(row.iter().map(connection::Bound)))
            .map_err(|error| classify(error, None))?;
    }
    connection::batch(connection, "COMMIT")
}
