//! The connections: a bounded number, waited for in turn but not for ever, handed back by being dropped.
//!
//! `slots.rs` decides who gets which. A connection that was left in the middle of a statement, as when a client goes
//! away, is brought to its end in the background and then serves again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::runtime::Handle;

use super::super::{Result, StoreError};
use super::error;
use super::generation::Writing;
use super::servers::Target;
use super::slots::{self, Asked, Home, Kept, Slot, Slots, Turn};

/// What is answered at once if it is answered at all may take so long.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// One that serves for so long is closed when it is handed back, so that memory of the server's side is given back.
const LIFE_TIME: Duration = Duration::from_secs(3600);
/// The same for a shared one: a thread that has less than its share opens one of its own then.
const SHARED_LIFE_TIME: Duration = Duration::from_secs(10);

pub(super) struct Pool(Arc<Shared>);

struct Shared {
    target: Target,
    runtime: Handle,
    slots: Slots<Open>,
    wait: Duration,
    /// Raised when the server was lost: connections of before are not used again.
    era: AtomicU64,
}

struct Open {
    connection: PgConnection,
    era: u64,
    born: Instant,
    /// The version of the schema that its prepared statements were made under.
    schema: u64,
}

/// Where a connection is going to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// On the thread that asks for it.
    Here,
    Elsewhere,
}

/// A connection for one use.
pub(super) struct Lease {
    open: Option<Kept<Open>>,
    /// A statement is on its way: only its end makes the connection good again.
    busy: bool,
    fresh: bool,
    /// What is being written, until the server is done with it.
    pub(super) writing: Option<Writing>,
    shared: Arc<Shared>,
}

impl Pool {
    pub(super) fn new(target: Target, runtime: Handle, size: u32, wait: Duration) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = Slots::new(size as usize, threads);
        Self(Arc::new(Shared { target, runtime, slots, wait, era: AtomicU64::new(0) }))
    }

    /// A connection whose prepared statements fit the schema.
    ///
    /// # Errors
    /// `Overloaded` when none came free in time, `Away` when the server can't be reached.
    pub(super) async fn lease(&self, usage: Use, schema: u64) -> Result<Lease> {
        let home = match usage {
            Use::Here => slots::here(),
            Use::Elsewhere => None,
        };
        let era = self.0.era.load(Ordering::Acquire);
        let (open, fresh) = loop {
            match self.turn(home).await? {
                Turn::Take(kept) if kept.era == era => break (kept, false),
                // Its slot goes to the next one, which may be this one.
                Turn::Take(_lost) => {}
                Turn::Open(slot) => break (self.0.connect(slot, era, schema).await?, true),
            }
        };
        let mut lease = Lease { open: Some(open), busy: false, fresh, writing: None, shared: self.0.clone() };
        lease.renew(schema).await?;
        Ok(lease)
    }

    async fn turn(&self, home: Home) -> Result<Turn<Open>> {
        match self.0.slots.ask(home) {
            Asked::Now(turn) => Ok(turn),
            Asked::Later(turn) => tokio::time::timeout(self.0.wait, turn)
                .await
                .map_err(|_elapsed| StoreError::Overloaded)?
                .map_err(|_ended| StoreError::Closed),
            Asked::Full => Err(StoreError::Overloaded),
            Asked::Ended => Err(StoreError::Closed),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.0.slots.has_room()
    }

    /// Nothing that is open now is used again.
    pub(super) fn forget(&self) {
        self.0.era.fetch_add(1, Ordering::AcqRel);
        self.0.slots.clear();
    }

    /// Waits for what runs, then closes everything. Later leases answer `Closed`.
    pub(super) async fn close(&self) {
        for idle in self.0.slots.end() {
            let (open, _slot) = idle.into_parts();
            // The server notices a connection that ends without a farewell, too.
            let _ = open.connection.close().await;
        }
        self.0.slots.ended().await;
    }
}

impl Shared {
    async fn connect(&self, slot: Slot<Open>, era: u64, schema: u64) -> Result<Kept<Open>> {
        let target = self.target.clone();
        let connecting = async move { target.connect().await };
        let connection = match slot.home() {
            // Apart, as it is large and seldom: every request would carry room for it.
            Some(_here) => Box::pin(connecting).await?,
            // On the engine's runtime, which outlives the one of a request.
            None => self.runtime.spawn(connecting).await.map_err(|_gone| StoreError::Closed)??,
        };
        Ok(slot.fill(Open { connection, era, born: Instant::now(), schema }))
    }

    fn put_back(&self, open: Kept<Open>) {
        let lasts = open.home().is_some() || !self.slots.has_shares();
        let life_time = if lasts { LIFE_TIME } else { SHARED_LIFE_TIME };
        if open.era == self.era.load(Ordering::Acquire) && open.born.elapsed() < life_time {
            self.slots.give_back(open);
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
        let (shared, writing) = (self.shared.clone(), self.writing.take());
        self.shared.runtime.spawn(async move {
            // Ends with the statement, which the server limits in time; a transaction that was left open is undone.
            let ended = open.connection.ping().await.is_ok()
                && sqlx::raw_sql("ROLLBACK").execute(&mut open.connection).await.is_ok();
            if ended {
                shared.put_back(open);
            }
            drop(writing);
        });
    }
}
