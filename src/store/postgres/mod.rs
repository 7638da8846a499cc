//! The engine for many servers: PostgreSQL holds the rows, any number of processes work on them.
//!
//! Statements come in SQLite's SQL, as from everywhere above the store; `translate/` makes PostgreSQL of them that gives
//! the same answer, and `dialect.rs` keeps what it made. A read is one statement on a pooled connection (`reader.rs`,
//! `pool.rs`). A write set is one statement where it can be (`lane.rs`), with its checks and its entry in the feed inside;
//! otherwise, and for closures (`tx.rs`), it is a transaction. `keeper.rs` looks after the server: whether it is there,
//! and what has to be done ahead.
//!
//! *Invariant:* only this folder names `sqlx`. No answer before the commit. A request never waits longer than its limits
//! for a connection, a lock or an answer of the server.
//!
//! Start reading at `lane.rs`.

mod bind;
mod bus;
mod catalog;
mod changes;
mod compose;
mod connect;
mod counters;
mod dialect;
mod error;
mod examine;
mod feed;
mod floor;
mod generation;
mod history;
mod inspect;
mod keeper;
mod lane;
mod migrate;
mod node;
mod pool;
mod position;
mod probe;
mod reader;
mod renumber;
mod replica;
mod retention;
mod row;
mod servers;
mod slots;
mod start;
mod tail;
#[cfg(test)]
pub(super) mod tests;
pub mod translate;
mod tx;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::sqlite::DirectoryLock;
use super::{Result, StoreError, Table};
use bus::Listening;
use dialect::Dialect;
use generation::Generations;
use history::History;
use keeper::Keeper;
use node::Node;
use pool::{Pool, Use};
use replica::{Replicas, View};
use tail::Tail;

pub use changes::SnapshotPlace;
pub use examine::Examination;
pub use tx::Tx;

/// The engine over one database, where some reads may be done elsewhere. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>, Option<Arc<View>>);

/// What takes longer is given up when the server is lost.
const SOON: Duration = Duration::from_secs(1);

/// How the engine is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// What belongs to this server alone: its log of requests, its socket.
    pub dir: PathBuf,
    /// `postgres://…`, of one host or of several.
    pub url: String,
    /// The same server without a pooler in between; empty where there is none.
    pub direct_url: String,
    /// Standbys to read from.
    pub replica_urls: Vec<String>,
    pub pool_size: u32,
    /// How long a request waits for a connection.
    pub wait_ms: u64,
    pub query_timeout_ms: u64,
    /// How long the start waits for a server that is away.
    pub start_wait_ms: u64,
}

struct Inner {
    pool: Pool,
    /// What is known of the tables, and the version of the schema that it is true for.
    dialect: ArcSwap<Dialect>,
    history: Arc<History>,
    generations: Generations,
    replicas: Replicas,
    query_timeout: Duration,
    health: Arc<Health>,
    node: Arc<Node>,
    added: counters::Added,
    closed: AtomicBool,
    handle: Handle,
    running: Mutex<Option<Running>>,
}

/// What ends with the engine.
struct Running {
    runtime: start::OwnRuntime,
    keeper: Keeper,
    tail: Tail,
    listening: Listening,
    #[expect(dead_code, reason = "held until the engine is closed")]
    lock: DirectoryLock,
}

/// Whether the server took the last thing that it was asked.
#[derive(Default)]
struct Health {
    away: AtomicBool,
    /// Wakes the keeper, which finds out.
    doubt: tokio::sync::Notify,
    /// Tells those who wait for an answer that none will come.
    lost: tokio::sync::Notify,
}

impl Engine {
    /// Runs `work` in a transaction of its own, on a thread where it may stay, to its end even if nobody waits.
    pub async fn transaction<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let lease = self.lease_for(Use::Elsewhere).await?;
        let (sender, receiver) = oneshot::channel();
        let engine = self.clone();
        self.0.handle.spawn_blocking(move || {
            let handle = engine.0.handle.clone();
            let result = handle.block_on(tx::run(engine, lease, work));
            // Who went away does not learn it; the transaction stands.
            let _ = sender.send(result);
        });
        receiver.await.unwrap_or_else(|_gone| Err(StoreError::Closed.into()))
    }

    /// See [`super::Store::serve_here`].
    pub fn serve_here(&self) {
        slots::settle();
    }

    pub fn schema_version(&self) -> u64 {
        self.0.dialect.load().version
    }

    pub fn epoch(&self) -> Arc<String> {
        self.0.history.epoch()
    }

    pub fn generation(&self, table: &Table) -> Option<u64> {
        // What others wrote is unknown to a node that is out of touch; and who has seen something may have seen more.
        if self.1.is_some() {
            return None;
        }
        self.0.node.is_in_touch().then(|| self.0.generations.of(table.number)).flatten()
    }

    /// # Errors
    /// Always: the server's own tools do this better.
    pub fn backup(&self) -> Result<()> {
        let reason =
            "the data is in PostgreSQL: make backups with pg_dump, or with the continuous archive of its operator";
        Err(StoreError::Other(reason.into()))
    }

    pub fn ready(&self) -> bool {
        let away = self.0.health.away.load(Ordering::Acquire);
        if away {
            // Somebody asks: the next answer knows more.
            self.0.health.doubt.notify_one();
        }
        !away && !self.0.node.is_outdated() && !self.0.closed.load(Ordering::Acquire) && self.0.pool.has_room()
    }

    pub async fn close(&self) {
        let Some(running) = self.0.running.lock().take() else { return };
        self.leave().await;
        self.0.closed.store(true, Ordering::Release);
        running.stop();
        self.0.replicas.stop();
        self.0.replicas.close().await;
        self.0.pool.close().await;
        drop(running.runtime);
    }

    async fn lease(&self) -> Result<pool::Lease> {
        self.lease_for(Use::Here).await
    }

    async fn lease_for(&self, usage: Use) -> Result<pool::Lease> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        // Nobody waits for what is known to be away; the keeper finds out when it is back.
        if self.0.health.away.load(Ordering::Acquire) {
            self.0.health.doubt.notify_one();
            return Err(StoreError::Away("it was out of reach a moment ago".into()));
        }
        let leased = self.0.pool.lease(usage, self.schema_version()).await;
        leased.inspect_err(|error| self.0.health.note(error, &self.0.pool))
    }
}

impl Health {
    /// Notices that a new connection is refused: the server is away, not only one of its connections.
    fn note(&self, error: &StoreError, pool: &Pool) {
        if matches!(error, StoreError::Away(_)) && !self.away.swap(true, Ordering::AcqRel) {
            tracing::error!(%error, "requests are refused until the database is back");
            pool.forget();
            self.lost.notify_waiters();
            self.doubt.notify_one();
        }
    }

    /// Waits until the server is lost.
    async fn loss(&self) {
        let lost = self.lost.notified();
        if !self.away.load(Ordering::Acquire) {
            lost.await;
        }
    }

    /// A connection broke, maybe with the server: none of the others is trusted.
    fn suspect(&self, pool: &Pool) {
        pool.forget();
        self.doubt.notify_one();
    }

    fn is_back(&self) {
        if self.away.swap(false, Ordering::AcqRel) {
            tracing::info!("the database is back");
        }
    }
}

/// What a server does, if it does it within the limit and is not lost meanwhile.
///
/// # Errors
/// `Timeout` or `Away`; then the connection is not good any more.
async fn in_time<T>(limit: Duration, work: impl Future<Output = T>, loss: impl Future<Output = ()>) -> Result<T> {
    let mut work = pin!(work);
    let soon = limit.min(SOON);
    // Most work is done by then, and need not ask to be told.
    if let Ok(done) = tokio::time::timeout(soon, &mut work).await {
        return Ok(done);
    }
    tokio::select! {
        done = work => Ok(done),
        () = loss => Err(StoreError::Away("it was lost while it was asked".into())),
        () = tokio::time::sleep(limit - soon) => Err(StoreError::Timeout),
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().take() {
            running.stop();
        }
        self.replicas.stop();
    }
}

impl Running {
    fn stop(&self) {
        self.tail.stop();
        self.listening.stop();
        self.keeper.stop();
    }
}
