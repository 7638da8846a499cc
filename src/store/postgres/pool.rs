//! The connections: a bounded number, waited for in turn but not for ever, handed back by being dropped.
//!
//! A connection that was left in the middle of a statement, as when a client goes away, is brought to its end in the
//! background and then serves again. All connections live on the engine's own runtime, whoever uses them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::super::{Result, StoreError};
use super::error;
use super::generation::Writing;
use super::servers::Primary;

/// What is answered at once if it is answered at all may take so long.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is closed rather than trusted: what stands between forgets silent ones.
const IDLE_TIME: Duration = Duration::from_secs(300);
/// One that serves for so long is closed when it is handed back, so that memory of the server's side is given back.
const LIFE_TIME: Duration = Duration::from_secs(3600);

pub(super) struct Pool(Arc<Shared>);

struct Shared {
    primary: Primary,
    runtime: Handle,
    permits: Arc<Semaphore>,
    wait: Duration,
    idle: Mutex<Vec<Idle>>,
    /// Raised when the server was lost: connections of before are not used again.
    era: AtomicU64,
    closed: AtomicBool,
    size: u32,
}

struct Idle {
    open: Open,
    since: Instant,
}

struct Open {
    connection: PgConnection,
    era: u64,
    born: Instant,
    /// The version of the schema that its prepared statements were made under.
    schema: u64,
}

/// A connection for one use.
pub(super) struct Lease {
    open: Option<Open>,
    /// A statement is on its way: only its end makes the connection good again.
    busy: bool,
    fresh: bool,
    /// What is being written, until the server is done with it.
    pub(super) writing: Option<Writing>,
    shared: Arc<Shared>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub(super) fn new(primary: Primary, runtime: Handle, size: u32, wait: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(size as usize));
        Self(Arc::new(Shared {
            primary,
            runtime,
            permits,
            wait,
            idle: Mutex::default(),
            era: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            size,
        }))
    }

    /// A connection whose prepared statements fit the schema.
    ///
    /// # Errors
    /// `Overloaded` when none came free in time, `Away` when the server can't be reached.
    pub(super) async fn lease(&self, schema: u64) -> Result<Lease> {
        let permit = self.permit().await?;
        let era = self.0.era.load(Ordering::Acquire);
        let (open, fresh) = match self.0.take_idle(era) {
            Some(open) => (open, false),
            None => (self.0.connect(era, schema).await?, true),
        };
        let shared = self.0.clone();
        let mut lease = Lease { open: Some(open), busy: false, fresh, writing: None, shared, permit: Some(permit) };
        lease.renew(schema).await?;
        Ok(lease)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        match self.0.permits.clone().try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Closed) => Err(StoreError::Closed),
            Err(TryAcquireError::NoPermits) => {
                tokio::time::timeout(self.0.wait, self.0.permits.clone().acquire_owned())
                    .await
                    .map_err(|_elapsed| StoreError::Overloaded)?
                    .map_err(|_closed| StoreError::Closed)
            }
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.0.permits.available_permits() > 0
    }

    /// Nothing that is open now is used again.
    pub(super) fn forget(&self) {
        self.0.era.fetch_add(1, Ordering::AcqRel);
        self.0.idle.lock().clear();
    }

    /// Waits for what runs, then closes everything. Later leases answer `Closed`.
    pub(super) async fn close(&self) {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let all = self.0.permits.acquire_many(self.0.size).await;
        self.0.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle.lock());
        for idle in idle {
            // The server notices a connection that ends without a farewell, too.
            let _ = idle.open.connection.close().await;
        }
    }
}

impl Shared {
    fn take_idle(&self, era: u64) -> Option<Open> {
        let mut idle = self.idle.lock();
        // The one that was used last; those at the other end grow old and go.
        while let Some(last) = idle.pop() {
            if last.open.era == era && last.since.elapsed() < IDLE_TIME {
                idle.retain(|idle| idle.since.elapsed() < IDLE_TIME);
                return Some(last.open);
            }
        }
        None
    }

    async fn connect(&self, era: u64, schema: u64) -> Result<Open> {
        let primary = self.primary.clone();
        // On the engine's runtime, which outlives the one of a request.
        let connecting = self.runtime.spawn(async move { primary.connect().await });
        let connection = connecting.await.map_err(|_gone| StoreError::Closed)??;
        Ok(Open { connection, era, born: Instant::now(), schema })
    }

    fn put_back(&self, open: Open) {
        let good = !self.closed.load(Ordering::Acquire)
            && open.era == self.era.load(Ordering::Acquire)
            && open.born.elapsed() < LIFE_TIME;
        if good {
            self.idle.lock().push(Idle { open, since: Instant::now() });
        }
    }
}

impl Lease {
    /// Whether nothing ran on this connection before: if it is bad, the server is.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Runs something on the connection; what is left of it when the caller goes away meanwhile is cleared up.
    pub(super) async fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let Some(open) = self.open.as_mut() else { return Err(sqlx::Error::PoolClosed) };
        self.busy = true;
        let result = work(&mut open.connection).await;
        self.busy = false;
        if result.as_ref().is_err_and(error::breaks) {
            self.open = None;
        }
        result
    }

    /// The same for what a server answers at once if it answers at all: a silent one holds nobody up.
    pub(super) async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        match tokio::time::timeout(ANSWER_TIME, self.run(work)).await {
            Ok(answer) => answer,
            Err(elapsed) => {
                self.spoil();
                Err(sqlx::Error::Io(elapsed.into()))
            }
        }
    }

    /// Forgets prepared statements of another schema.
    pub(super) async fn renew(&mut self, schema: u64) -> Result<()> {
        if self.open.as_ref().is_none_or(|open| open.schema == schema) {
            return Ok(());
        }
        let clearing = self.run(async |connection| connection.clear_cached_statements().await);
        match tokio::time::timeout(ANSWER_TIME, clearing).await {
            Ok(cleared) => cleared.map_err(error::plain)?,
            Err(_elapsed) => {
                self.spoil();
                return Err(StoreError::Away("the database server does not answer".into()));
            }
        }
        if let Some(open) = self.open.as_mut() {
            open.schema = schema;
        }
        Ok(())
    }

    /// The connection is in a state that nobody else may see.
    pub(super) fn spoil(&mut self) {
        self.open = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if !self.busy {
            return self.shared.put_back(open);
        }
        let (shared, permit, writing) = (self.shared.clone(), self.permit.take(), self.writing.take());
        self.shared.runtime.spawn(async move {
            // Ends with the statement, which the server limits in time; a transaction that was left open is undone.
            let ended = open.connection.ping().await.is_ok()
                && sqlx::raw_sql("ROLLBACK").execute(&mut open.connection).await.is_ok();
            if ended {
                shared.put_back(open);
            }
            drop((writing, permit));
        });
    }
}
