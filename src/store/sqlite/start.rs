//! The way up: from a directory to an engine with all its threads.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::super::{Result, StoreError};
use super::checkpoint::Checkpointer;
use super::crowd::Crowd;
use super::error::classify;
use super::generation::{Generations, Touched};
use super::health::Health;
use super::lane::Lane;
use super::limit::Limit;
use super::lock::DirectoryLock;
use super::pool::Pool;
use super::queue::Queue;
use super::reader::Readers;
use super::writer::Writer;
use super::{Durability, Engine, FILE_NAME, Inner, Options, Running, connection, feed, health, inspect, migrate};
use crate::clock::Clock;

impl Engine {
    /// Opens the directory, which is created when it is missing, and starts the threads.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another server has it; `Disk` or `Other` when it can not be used.
    pub fn open(options: Options) -> Result<Self> {
        connection::assert_version()?;
        let lock = open_directory(&options.dir)?;
        let path = options.dir.join(FILE_NAME);
        let clock = Clock::system();
        health::renew_log(&path)?;
        let mut writing =
            connection::writer(&path, connection::PAGE_BYTES, options.durability, options.vfs.as_deref())?;
        migrate::run(&writing, &clock.now_text())?;
        let version = feed::schema_version(&writing)?.cast_unsigned();
        let epoch = feed::epoch(&writing)?;
        let schema_version = Arc::new(AtomicU64::new(version));
        let generations = Arc::new(Generations::new());
        let queue = Arc::new(Queue::new(Duration::from_millis(options.write_wait_ms)));
        let health = Arc::new(Health::default());
        let checkpointer = (!options.external_checkpoint).then(|| Arc::new(Checkpointer::new(health.clone())));
        watch(&mut writing, health.clone(), checkpointer.clone())?;
        let readers = Readers::new(next_engine(), path.clone(), options.clone());
        let pool = Pool::open(&path, &options)?;
        let copier = match &checkpointer {
            Some(checkpointer) => {
                let connection = connection::maintenance(&path, options.vfs.as_deref())?;
                Some(start_checkpointer(connection, checkpointer.clone(), queue.clone())?)
            }
            None => None,
        };
        let parts = WriterParts {
            queue: queue.clone(),
            clock: clock.clone(),
            durability: options.durability,
            health: health.clone(),
            checkpointer: checkpointer.clone(),
            schema_version: schema_version.clone(),
            generations: generations.clone(),
            version,
        };
        let writer = start_writer(writing, parts)?;
        let running = Mutex::new(Some(Running { writer, checkpointer: copier, lock }));
        Ok(Self(Arc::new(Inner {
            path,
            options,
            clock,
            epoch: epoch.into(),
            queue,
            readers,
            pool,
            schema_version,
            generations,
            health,
            closed: AtomicBool::new(false),
            checkpointer,
            running,
        })))
    }
}

/// Each commit that put something into the log tells of it: one without changes says nothing about the disk.
fn watch(writing: &mut Connection, health: Arc<Health>, checkpointer: Option<Arc<Checkpointer>>) -> Result<()> {
    let told = move |_: &mut rusqlite::hooks::Wal, pages| {
        health.written();
        if let Some(checkpointer) = &checkpointer {
            checkpointer.log_is(pages);
        }
        Ok(())
    };
    writing.wal_hook(Some(told)).map_err(|error| classify(error, None))
}

struct WriterParts {
    queue: Arc<Queue>,
    clock: Clock,
    durability: Durability,
    health: Arc<Health>,
    checkpointer: Option<Arc<Checkpointer>>,
    schema_version: Arc<AtomicU64>,
    generations: Arc<Generations>,
    version: u64,
}

fn start_writer(mut connection: Connection, parts: WriterParts) -> Result<JoinHandle<()>> {
    let limit = Limit::install(&mut connection)?;
    let inspector = inspect::Inspector::install(&mut connection)?;
    let rev = feed::last_rev(&connection)?;
    thread("writer", move || {
        let _abandoned = AbandonOnDrop(parts.queue.clone());
        let lane = Rc::new(Lane {
            connection,
            durability: parts.durability,
            synchronous: Cell::new(parts.durability),
            health: parts.health,
            limit,
            inspector,
            rev: Cell::new(rev),
            schema_version: parts.schema_version,
            version: Cell::new(parts.version),
            sql: RefCell::default(),
            generations: parts.generations,
            touched: Touched::default(),
        });
        let checkpointer = parts.checkpointer;
        Writer {
            lane: lane.clone(),
            queue: parts.queue,
            clock: parts.clock,
            checkpointer: checkpointer.clone(),
            waiting: VecDeque::new(),
            crowd: Crowd::default(),
        }
        .run();
        if let Some(checkpointer) = checkpointer
            && let Err(error) = checkpointer.finish(&lane.connection)
        {
            tracing::warn!(%error, "the last checkpoint failed; the next start makes up for it");
        }
        lane.health.keep_log(&lane.connection);
    })
}

/// Nobody waits for ever for a writer that panicked.
struct AbandonOnDrop(Arc<Queue>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

fn start_checkpointer(
    connection: Connection,
    checkpointer: Arc<Checkpointer>,
    queue: Arc<Queue>,
) -> Result<JoinHandle<()>> {
    thread("checkpointer", move || checkpointer.run(&connection, &queue))
}

pub(super) fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(run).map_err(|error| StoreError::Other(error.to_string()))
}

/// Takes the data directory for this process alone; it is created when it is missing.
///
/// # Errors
/// `Locked` when another process has it, `Disk` when it can not be used.
pub(in crate::store) fn open_directory(dir: &Path) -> Result<DirectoryLock> {
    create_dir(dir)?;
    DirectoryLock::acquire(dir)
}

fn create_dir(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let missing = missing_from(dir);
    builder
        .create(dir)
        // A new directory is as good as its entry in the one above.
        .and_then(|()| missing.iter().filter_map(|new| new.parent()).try_for_each(health::sync_directory))
        .map_err(|error| StoreError::Disk(format!("the data directory {} is unusable: {error}", dir.display())))
}

/// The directories on the way to `dir` that are not there yet, `dir` first.
fn missing_from(dir: &Path) -> Vec<&Path> {
    dir.ancestors().take_while(|part| matches!(part.try_exists(), Ok(false))).collect()
}

/// Tells engines of one process apart, for the connections that threads keep.
fn next_engine() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
