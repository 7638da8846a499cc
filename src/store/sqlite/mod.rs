//! The embedded engine: one thread writes, many read, SQLite in between.
//!
//! [`Engine`] holds the threads that `start.rs` starts. A write goes through `queue.rs` to `writer.rs`, which applies sets (`lane.rs`) in
//! common transactions; a closure that reads and writes runs there too (`tx.rs`). A read runs on the calling thread
//! (`reader.rs`) or, when it takes longer, on the pool (`pool.rs`). `checkpoint.rs` keeps the log short. What may be
//! lost goes to a database of its own ([`Aux`]).
//!
//! *Invariant:* one process a directory, one writing connection a process, and no answer before the commit. Revisions
//! rise in commit order without a gap.
//!
//! Start reading at `writer.rs`.

mod auxiliary;
mod backup;
mod changes;
mod checkpoint;
mod connection;
mod crowd;
mod error;
mod feed;
mod foreign;
mod functions;
mod generation;
mod health;
mod inspect;
mod lane;
mod limit;
mod lock;
mod migrate;
mod pool;
mod queue;
mod reader;
mod retention;
mod sql;
mod start;
mod tx;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Committed, Cost, Result, Sink, Statement, StoreError, Table, WriteSet};
use crate::clock::Clock;
use checkpoint::Checkpointer;
use generation::Generations;
use health::Health;
use pool::Pool;
use queue::Queue;
use reader::{Inline, Open, Readers};

pub use auxiliary::{Aux, AuxValue};
pub use foreign::{FOREIGN_ROW_BYTES, Foreign, ForeignPage};
pub use inspect::{ColumnInfo, ViewInspection};
pub use lock::DirectoryLock;
pub(super) use start::open_directory;
pub use tx::Tx;

const FILE_NAME: &str = "data.db";

/// The engine over one data directory. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// How the engine is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub dir: PathBuf,
    pub durability: Durability,
    pub query_timeout_ms: u64,
    pub reader_threads: usize,
    /// Readers map the file into memory up to this size; 0 switches it off.
    pub mmap_size_bytes: u64,
    /// `true`: another process owns checkpoints (`sqlite.checkpoint = "external"`).
    pub external_checkpoint: bool,
    /// How long a write waits for room in a full queue before it is refused; 0 refuses at once.
    pub write_wait_ms: u64,
    /// The name of a registered SQLite VFS that stands between the engine and the files; `None` is the system's own.
    pub vfs: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// An answered write is on stable storage, as far as the disk honours flushes.
    Full,
    /// An answered write survives the end of the process, but perhaps not of the power.
    Normal,
}

struct Inner {
    path: PathBuf,
    options: Options,
    clock: Clock,
    epoch: Arc<String>,
    queue: Arc<Queue>,
    readers: Readers,
    pool: Pool,
    schema_version: Arc<AtomicU64>,
    generations: Arc<Generations>,
    health: Arc<Health>,
    closed: AtomicBool,
    checkpointer: Option<Arc<Checkpointer>>,
    running: Mutex<Option<Running>>,
}

/// What ends with the engine.
struct Running {
    writer: JoinHandle<()>,
    checkpointer: Option<JoinHandle<()>>,
    #[expect(dead_code, reason = "held until the engine is closed")]
    lock: DirectoryLock,
}

impl Engine {
    pub async fn write(&self, set: WriteSet) -> Result<Committed> {
        self.0.queue.write(set).await
    }

    pub async fn transaction<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let clock = self.0.clock.clone();
        self.0
            .queue
            .interactive(Box::new(move |lane| {
                let result = tx::run(lane, clock.now_ms(), work);
                // Who went away does not learn it; the transaction stands.
                let _ = sender.send(result);
            }))
            .await?;
        receiver.await.unwrap_or_else(|_gone| Err(StoreError::Closed.into()))
    }

    pub async fn stream<S: Sink>(&self, statement: Statement, mut sink: S) -> Result<S> {
        if statement.cost == Cost::Cheap {
            match self.0.readers.stream(&statement, &mut sink)? {
                Inline::Done => return Ok(sink),
                Inline::Moved => sink.reset(),
            }
        }
        self.0.pool.stream(statement, sink).await
    }

    pub fn schema_version(&self) -> u64 {
        self.0.schema_version.load(Ordering::Acquire)
    }

    pub fn epoch(&self) -> Arc<String> {
        self.0.epoch.clone()
    }

    pub fn generation(&self, table: &Table) -> Option<u64> {
        self.0.generations.of(table.number)
    }

    pub async fn inspect_view(
        &self,
        sql: String,
        denied: Vec<(String, String)>,
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        let inner = self.0.clone();
        self.0
            .pool
            .run(move |_| {
                // A connection of its own, as the authorizer is asked by every statement that is prepared.
                let mut open = Open::new(&inner.path, &inner.options)?;
                let inspector = inspect::Inspector::install(&mut open.connection)?;
                open.limit.set_deadline(std::time::Duration::from_millis(inner.options.query_timeout_ms));
                inspector.view(&open.connection, &sql, &denied, sample_rows)
            })
            .await
    }

    pub async fn backup(&self, target: PathBuf) -> Result<()> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let path = self.0.path.clone();
        on_thread("backup", move || backup::copy(&path, &target)).await?
    }

    pub fn ready(&self) -> bool {
        let healthy = self.0.health.is_good();
        if !healthy {
            // Somebody asks and nobody may write: the next answer knows more.
            self.0.queue.ask_probe();
        }
        healthy && !self.0.closed.load(Ordering::Acquire) && self.0.queue.has_room()
    }

    pub async fn close(&self) {
        let inner = self.0.clone();
        if let Err(error) = on_thread("store-close", move || inner.shut()).await {
            tracing::error!(%error, "the store could not be closed in order");
        }
    }
}

impl Inner {
    /// Finishes what is queued, copies the log into the file and lets go of the directory.
    fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        let Some(running) = self.running.lock().take() else { return };
        self.pool.close();
        self.readers.close();
        self.queue.close();
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.close();
        }
        for thread in running.checkpointer.into_iter().chain([running.writer]) {
            // A panic of a thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut();
    }
}

/// Runs something that blocks on a thread of its own.
async fn on_thread<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    start::thread(name, move || {
        // Who went away does not want the answer.
        let _ = sender.send(run());
    })?;
    receiver.await.map_err(|_gone| StoreError::Closed)
}

/// The version of the SQLite library in this binary.
pub fn version() -> &'static str {
    rusqlite::version()
}
