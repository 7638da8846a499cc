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

/// Rows that wait for the thread at most, and bytes of their text.
const BUFFER_ROWS: usize = 16_384;
const BUFFER_BYTES: usize = 16 << 20;
/// Rows come in batches and in order, so that large pages save a sixth of the CPU of small ones.
const PAGE_BYTES: u32 = 16 * 1024;
/// A batch is written when it has so many rows, or is so old.
const BATCH_ROWS: usize = 1000;
const BATCH_AGE: Duration = Duration::from_secs(3);
/// Statements that wait for the thread at most.
const STATEMENT_QUEUE: usize = 256;

/// Room for text that a buffer keeps once it is written.
const KEPT_BYTES: usize = 1 << 20;

type Work = Box<dyn FnOnce(&Connection) + Send>;

/// A parameter of a row's statement.
#[derive(Debug, Clone, Copy)]
pub enum AuxValue<'a> {
    Int(i64),
    Text(&'a str),
}

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
    rows: Rows,
    work: Vec<Work>,
    oldest: Option<Instant>,
    closed: bool,
}

/// Rows that wait, in three buffers which are used again: a row of its own memory costs as much as its statement.
#[derive(Default)]
struct Rows {
    /// Each row's statement, and where its cells end.
    rows: Vec<(&'static str, usize)>,
    cells: Vec<KeptCell>,
    /// The texts of all cells, one behind the other.
    text: String,
}

enum KeptCell {
    Int(i64),
    /// Where the text ends; it begins where the one before ends.
    Text(usize),
}

impl Rows {
    fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the row fitted.
    fn push(&mut self, sql: &'static str, row: &[AuxValue<'_>]) -> bool {
        if self.rows.len() >= BUFFER_ROWS || self.text.len() >= BUFFER_BYTES {
            return false;
        }
        for cell in row {
            self.cells.push(match cell {
                AuxValue::Int(number) => KeptCell::Int(*number),
                AuxValue::Text(text) => {
                    self.text.push_str(text);
                    KeptCell::Text(self.text.len())
                }
            });
        }
        self.rows.push((sql, self.cells.len()));
        true
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.cells.clear();
        self.text.clear();
        self.text.shrink_to(KEPT_BYTES);
    }
}

impl Aux {
    /// Opens the database and runs `schema_sql`, which must be harmless when run again.
    pub fn open(path: &Path, schema_sql: &str) -> Result<Self> {
        let connection = connection::writer(path, PAGE_BYTES, Durability::Normal, None)?;
        connection::batch(&connection, "PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -2048;")?;
        connection::batch(&connection, schema_sql)?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name("aux-writer".into())
            .spawn(move || theirs.run(&connection))
            .map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Self(Arc::new(Handle { shared, thread: Mutex::new(Some(thread)) })))
    }

    /// Queues a row for a statement, which is prepared once. Never waits: a row that does not fit is dropped.
    pub fn append(&self, sql: &'static str, row: &[AuxValue<'_>]) {
        let shared = &self.0.shared;
        let mut state = shared.state.lock();
        if state.closed || !state.rows.push(sql, row) {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let waiting = state.rows.len();
        if waiting == 1 {
            state.oldest = Some(Instant::now());
        }
        drop(state);
        // The thread is woken to start its timer and to write a full batch, not for every row.
        if waiting == 1 || waiting == BATCH_ROWS {
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

    /// Runs a statement once for every row, all or none.
    pub async fn load(&self, sql: &'static str, rows: Vec<Vec<Value>>) -> Result<()> {
        self.run(move |connection| {
            connection::batch(connection, "BEGIN IMMEDIATE")?;
            let all = rows.iter().try_for_each(|row| connection::execute(connection, sql, row).map(drop));
            let done = all.and_then(|()| connection::batch(connection, "COMMIT"));
            if done.is_err() {
                // The first error is what counts; nothing of it stays either way.
                let _ = connection.execute_batch("ROLLBACK");
            }
            done
        })
        .await
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
        let mut rows = Rows::default();
        loop {
            let (work, closed) = self.next(&mut rows);
            if rows.len() > 0
                && let Err(error) = write(connection, &rows)
            {
                let _ = connection.execute_batch("ROLLBACK");
                self.dropped.fetch_add(rows.len() as u64, Ordering::Relaxed);
                tracing::warn!(%error, "rows of the auxiliary database were lost");
            }
            rows.clear();
            for work in work {
                work(connection);
            }
            if closed {
                return;
            }
        }
    }

    /// Waits for a full batch, an old one, a statement or the end; changes the empty `rows` for those that wait.
    fn next(&self, rows: &mut Rows) -> (Vec<Work>, bool) {
        let mut state = self.state.lock();
        loop {
            let age = state.oldest.map(|oldest| oldest.elapsed());
            let due = state.rows.len() >= BATCH_ROWS || age.is_some_and(|age| age >= BATCH_AGE);
            if due || state.closed || !state.work.is_empty() {
                state.oldest = None;
                std::mem::swap(&mut state.rows, rows);
                return (std::mem::take(&mut state.work), state.closed);
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

fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    let failed = |error| classify(error, None);
    connection::batch(connection, "BEGIN IMMEDIATE")?;
    let (mut cell_start, mut text_start) = (0, 0);
    for chunk in rows.rows.chunk_by(|(before, _), (sql, _)| before == sql) {
        let mut statement = connection.prepare_cached(chunk[0].0).map_err(failed)?;
        for (_, cell_end) in chunk {
            for (number, cell) in (1..).zip(&rows.cells[cell_start..*cell_end]) {
                match cell {
                    KeptCell::Int(value) => statement.raw_bind_parameter(number, value),
                    KeptCell::Text(end) => {
                        let text = &rows.text[text_start..*end];
                        text_start = *end;
                        statement.raw_bind_parameter(number, text)
                    }
                }
                .map_err(failed)?;
            }
            cell_start = *cell_end;
            statement.raw_execute().map_err(failed)?;
        }
    }
    connection::batch(connection, "COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_is_bounded_by_rows_and_by_bytes() {
        let mut rows = Rows::default();
        let fitted = (0..20_000).filter(|number| rows.push("a", &[AuxValue::Int(*number)])).count();
        assert_eq!((fitted, rows.len()), (BUFFER_ROWS, BUFFER_ROWS));
        rows.clear();
        let text = "x".repeat(BUFFER_BYTES / 4);
        let fitted = (0..10).filter(|_| rows.push("a", &[AuxValue::Text(&text)])).count();
        assert_eq!(fitted, 4);
        rows.clear();
        assert!(rows.text.capacity() <= KEPT_BYTES);
        assert!(rows.push("a", &[AuxValue::Text("again")]));
    }
}
