//! Work outside of requests: a durable queue on the store, and schedules that put jobs into it.
//!
//! [`Jobs`] enqueues (alone or inside a transaction), and a thread of its own (`worker.rs`) takes jobs on a lease, runs
//! the handler that is registered under the job's name, and writes what became of it. A failed job comes back later and
//! later (`retry.rs`), at last it is dead and waits for a person. `cron.rs` turns slots of a schedule into jobs. Each
//! handler lives with the service that owns the work; this module knows none of them.
//!
//! *Invariant:* a job runs at least once, and after a crash again: handlers must bear that. While a lease lasts nobody
//! else runs the job, and who lost the lease can not end it. One job of a unique key lives at a time, and one slot of a
//! schedule is enqueued once, however many servers share the store and whatever their clocks say. A handler whose writes
//! would be wrong after another run has begun puts [`Fence::check`] into each of them; that of a cron deletes what is
//! over by then whoever does it, and needs none.
//!
//! Start reading at `queue.rs`, then `worker.rs`.

mod cron;
mod job;
mod queue;
mod retry;
mod room;
mod run;
mod schedule;
mod sweep;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

pub use cron::Cron;
pub use job::{Fence, Listed, NewJob, Page, Priority, Run, State, StoredJob};

use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::store::{self, Store, StoreError, Tx, WriteSet};
use cron::{Scheduled, Ticker};
use room::Room;
use schedule::Schedule;
use worker::Worker;

type Handler = Arc<dyn Fn(Run) -> LocalBoxFuture<'static, Result<()>> + Send + Sync>;

/// The queue. Cheap to clone; with the last clone what runs is given up, as if the process had ended.
#[derive(Clone)]
pub struct Jobs(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

struct Running {
    thread: JoinHandle<()>,
    /// Closed when the thread has ended its work.
    working: watch::Receiver<()>,
}

/// What the thread and the handle both know.
struct Shared {
    store: Store,
    clock: Clock,
    handlers: RwLock<HashMap<String, Handler>>,
    crons: RwLock<Vec<Arc<Scheduled>>>,
    room: Room,
    /// Something was enqueued.
    wake: Notify,
    stop: Notify,
    /// Set before `stop` by who does not wait for what runs.
    abandoned: AtomicBool,
}

impl Jobs {
    /// A queue that nobody works on yet.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self::of_length(store, clock, room::MOST_JOBS)
    }

    fn of_length(store: Store, clock: Clock, most_jobs: i64) -> Self {
        let shared = Shared {
            store,
            clock,
            handlers: RwLock::default(),
            crons: RwLock::default(),
            room: Room::new(most_jobs),
            wake: Notify::new(),
            stop: Notify::new(),
            abandoned: AtomicBool::new(false),
        };
        Self(Arc::new(Handle { shared: Arc::new(shared), running: Mutex::default() }))
    }

    /// Says who does the jobs of this name. The handler may be called again for the same job, and waits for whatever it
    /// likes; all handlers share one thread, so what takes the processor for long goes elsewhere.
    pub fn register<F>(&self, name: impl Into<String>, handler: impl Fn(Run) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let handler: Handler = Arc::new(move |run| Box::pin(handler(run)));
        self.0.shared.handlers.write().insert(name.into(), handler);
    }

    /// Registers a handler that runs whenever a slot of the expression has come (five fields, UTC), and once at the
    /// start if slots passed meanwhile.
    ///
    /// # Errors
    /// `Invalid` for what is no such expression.
    pub fn schedule<F>(&self, id: &str, expression: &str, handler: impl Fn() -> F + Send + Sync + 'static) -> Result<()>
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let schedule = Schedule::parse(expression)
            .map_err(|problem| Error::invalid(format!("the cron expression {expression} is wrong: {problem}")))?;
        self.register(id, move |_| handler());
        let cron = Cron { id: id.to_owned(), expression: expression.to_owned() };
        self.0.shared.crons.write().push(Arc::new(Scheduled { cron, schedule }));
        Ok(())
    }

    /// Schedules the deletion of dead jobs and of taken slots that are old, or too many.
    ///
    /// # Errors
    /// Like [`Jobs::schedule`].
    pub fn schedule_sweep(&self, id: &str, expression: &str) -> Result<()> {
        // The handler is part of what it holds.
        let shared = Arc::downgrade(&self.0.shared);
        self.schedule(id, expression, move || {
            let shared = shared.clone();
            async move {
                match shared.upgrade() {
                    Some(shared) => shared.sweep().await,
                    None => Ok(()),
                }
            }
        })
    }

    /// Starts the thread that works; what is registered later counts too.
    ///
    /// # Errors
    /// When the operating system gives no thread or no runtime.
    pub fn start(&self) -> Result<()> {
        let mut running = self.0.running.lock();
        if running.is_some() {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        let shared = self.0.shared.clone();
        let (ended, working) = watch::channel(());
        let thread = std::thread::Builder::new().name("jobs".into()).spawn(move || {
            let _ended = ended;
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                tokio::select! {
                    () = Worker::new(shared.clone()).run() => {}
                    () = Ticker::new(shared).run() => {}
                }
            });
        });
        *running = Some(Running { thread: thread.map_err(Error::internal)?, working });
        Ok(())
    }

    /// Puts a job into the queue and returns its id, or that of the job which lives under its unique key.
    ///
    /// # Errors
    /// `TooLarge` for a payload over 1 MiB; `Unavailable` for a full queue; those of the store.
    pub async fn enqueue(&self, job: NewJob) -> Result<String> {
        Ok(self.enqueue_all(&[job]).await?.pop().unwrap_or_default())
    }

    /// All of them or none; their ids.
    ///
    /// # Errors
    /// Like [`Jobs::enqueue`].
    pub async fn enqueue_all(&self, jobs: &[NewJob]) -> Result<Vec<String>> {
        let set = self.enqueueing(jobs)?;
        self.0.shared.make_room(jobs.len(), &self.0.shared.store.reader()).await?;
        let committed = self.0.shared.store.write(set).await?;
        self.0.shared.wake.notify_one();
        Ok(committed.rows.iter().filter_map(|rows| Some(rows.first()?.get(0).as_str().to_owned())).collect())
    }

    /// The same inside a transaction: the job is there if and when the transaction commits.
    ///
    /// # Errors
    /// Like [`Jobs::enqueue`].
    pub async fn enqueue_in(&self, tx: &Tx, job: NewJob) -> Result<String> {
        let set = self.enqueueing(&[job])?;
        self.0.shared.make_room(1, &tx.reader()).await?;
        let committed = tx.apply(&set).await?;
        // The worker looks through the writer, so behind this transaction.
        self.0.shared.wake.notify_one();
        Ok(committed.rows.first().and_then(|rows| rows.first()).map_or("", |row| row.get(0).as_str()).to_owned())
    }

    fn enqueueing(&self, jobs: &[NewJob]) -> Result<WriteSet> {
        let now_ms = self.0.shared.clock.now_ms();
        let statements = jobs.iter().map(|job| queue::enqueue(job, now_ms)).collect::<Result<Vec<_>>>()?;
        Ok(WriteSet::system(statements, store::Priority::Request))
    }

    /// Every schedule, in the order in which they were registered.
    pub fn crons(&self) -> Vec<Cron> {
        self.0.shared.crons.read().iter().map(|scheduled| scheduled.cron.clone()).collect()
    }

    /// Enqueues the job of a schedule now, unless it waits or runs already.
    ///
    /// # Errors
    /// `NotFound` for an unknown schedule; those of the store.
    pub async fn run_cron(&self, id: &str) -> Result<()> {
        if !self.crons().iter().any(|cron| cron.id == id) {
            return Err(Error::not_found("missing or invalid cron job"));
        }
        self.enqueue(cron::job(id)).await.map(drop)
    }

    /// Jobs that wait, run or are dead, the newest first. Finished ones are gone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, page: Page) -> Result<Listed> {
        let reader = self.0.shared.store.reader();
        let count = reader.first(queue::count(&page)).await?;
        let total_items = count.and_then(|row| row.get(0).as_i64()).unwrap_or_default();
        let rows = reader.rows(queue::list(&page)).await?;
        Ok(Listed {
            page: page.page,
            per_page: page.per_page,
            total_items,
            total_pages: total_items.unsigned_abs().div_ceil(page.per_page.max(1)).cast_signed(),
            items: rows.iter().map(queue::stored).collect(),
        })
    }

    /// Gives a dead job all its attempts again, from now on.
    ///
    /// # Errors
    /// `NotFound` where there is no such dead job; `Conflict` while another job lives under its unique key.
    pub async fn retry(&self, id: &str) -> Result<()> {
        let statement = queue::revive(id, self.0.shared.clock.now_ms());
        match self.0.shared.store.write(WriteSet::system([statement], store::Priority::Request)).await {
            Ok(committed) if committed.rows.iter().all(Vec::is_empty) => {
                Err(Error::not_found("there is no such dead job"))
            }
            Ok(_) => {
                self.0.shared.wake.notify_one();
                Ok(())
            }
            Err(StoreError::Unique { .. }) => {
                Err(Error::new(Kind::Conflict, "another job of the same unique key waits or runs"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes no more jobs and waits a little for those that run; what does not end runs again after the next start.
    pub async fn close(&self) {
        let running = self.0.running.lock().take();
        if let Some(mut running) = running {
            self.0.shared.stop.notify_one();
            // Only the end of the thread changes it.
            let _ = running.working.changed().await;
            // A panic was reported when it happened.
            let _ = running.thread.join();
        }
        // They hold the services, which may hold this queue.
        self.0.shared.handlers.write().clear();
    }
}

impl Shared {
    /// The time by which all servers on the store go.
    ///
    /// # Errors
    /// Those of the store.
    async fn now(&self) -> Result<DateTime<Utc>> {
        let row = self.store.reader().first(queue::time(self.clock.now_ms())).await?;
        let ms = row.and_then(|row| row.get(0).as_i64());
        Ok(ms.and_then(DateTime::from_timestamp_millis).unwrap_or_else(|| self.clock.now()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(running) = self.running.lock().take() else { return };
        self.shared.abandoned.store(true, Ordering::Release);
        self.shared.stop.notify_one();
        // The last handle may go on the thread itself. A panic was reported when it happened.
        if running.thread.thread().id() != std::thread::current().id() {
            let _ = running.thread.join();
        }
    }
}
