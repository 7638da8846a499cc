//! Reads on standbys, for those who say how much they have seen.
//!
//! A standby lags, so it is asked for nothing but by [`Engine::at_least`]: where it has replayed what the mark says, and also what
//! was written up to a second ago and the last change of the schema. All three are positions in the write-ahead log. Each
//! standby is asked for its own all the time, and at once when somebody waits for it ([`watch`]); the primary's are noted, too
//! (`floor.rs`). A read that fails on a standby goes to the primary.
//!
//! *Invariant:* who reads by the mark of an earlier answer never sees less than that answer did.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::super::mark::Mark;
use super::super::{Result, Sink, Statement, StoreError};
use super::error::plain;
use super::floor::Floor;
use super::pool::{Pool, Use};
use super::servers::{Demand, Primary, Servers};
use super::{Engine, Inner, in_time, reader};

/// Between two looks at a server, when nobody waits for the next one, and in any case.
const CALM: Duration = Duration::from_millis(100);
const PACE: Duration = Duration::from_millis(5);
/// A look that takes longer has failed, and the next one comes after the same time.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// How long a read waits for a standby to catch up before it goes to the primary.
const PATIENCE: Duration = Duration::from_millis(50);

/// NULL on a primary, which is no copy.
const REPLAYED: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END, \
    (SELECT epoch FROM _state)";
const WRITTEN: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";

/// The standbys of an engine; none where none is configured.
pub(super) struct Replicas {
    all: Vec<Arc<Replica>>,
    floor: Mutex<Floor>,
    /// Says that something was seen.
    news: watch::Sender<()>,
    next: AtomicUsize,
    watching: Mutex<Vec<AbortHandle>>,
}

pub(super) struct Replica {
    servers: Servers,
    pool: Pool,
    seen: Mutex<Option<Seen>>,
    wanted: Notify,
}

/// What a standby had at a moment.
struct Seen {
    position: u64,
    epoch: String,
    at: Instant,
}

/// Where a store that was made for some reads does them.
pub(super) struct View {
    /// `None` is the primary.
    replica: Option<Arc<Replica>>,
    /// Something was read on the primary after all.
    strayed: AtomicBool,
}

impl Replicas {
    pub(super) fn new(urls: &[String], query_timeout_ms: u64, pool: impl Fn(&Servers) -> Pool) -> Result<Self> {
        let replica = |url: &String| -> Result<_> {
            let servers = Servers::of(url, false, query_timeout_ms)?;
            let pool = pool(&servers);
            Ok(Arc::new(Replica { servers, pool, seen: Mutex::default(), wanted: Notify::new() }))
        };
        Ok(Self {
            all: urls.iter().map(replica).collect::<Result<_>>()?,
            floor: Mutex::default(),
            news: watch::Sender::default(),
            next: AtomicUsize::new(0),
            watching: Mutex::default(),
        })
    }

    /// Looks at all servers from now on.
    pub(super) fn watch(&self, handle: &Handle, inner: &Weak<Inner>, primary: Primary) {
        if self.all.is_empty() {
            return;
        }
        let mut watching = self.watching.lock();
        watching.push(handle.spawn(watch_primary(inner.clone(), primary)).abort_handle());
        watching
            .extend(self.all.iter().map(|replica| handle.spawn(watch(inner.clone(), replica.clone())).abort_handle()));
    }

    pub(super) fn stop(&self) {
        self.watching.lock().drain(..).for_each(|task| task.abort());
    }

    pub(super) async fn close(&self) {
        for replica in &self.all {
            replica.pool.close().await;
        }
    }

    /// What was seen of a primary of another history says nothing.
    pub(super) fn forget(&self) {
        *self.floor.lock() = Floor::default();
    }

    /// Waits until this standby is gone.
    async fn loss(&self, replica: &Replica) {
        let mut news = self.news.subscribe();
        while replica.is_there() && news.changed().await.is_ok() {}
    }

    /// A standby that has this much, by turns where several have.
    fn with(&self, position: u64, epoch: &str) -> Option<Arc<Replica>> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let replicas = (0..self.all.len()).map(|step| &self.all[start.wrapping_add(step) % self.all.len()]);
        replicas.into_iter().find(|replica| replica.has(position, epoch)).cloned()
    }
}

impl Replica {
    fn has(&self, position: u64, epoch: &str) -> bool {
        self.seen.lock().as_ref().is_some_and(|seen| seen.epoch == epoch && seen.position >= position)
    }

    /// Whether waiting for it may help.
    fn is_there(&self) -> bool {
        self.seen.lock().as_ref().is_some_and(|seen| seen.at.elapsed() < LOOK_TIME)
    }

    async fn position(&self, schema: u64) -> Result<u64> {
        let mut lease = self.pool.lease(Use::Here, schema).await?;
        let seen = lease.ask(replayed).await.map_err(plain)?;
        seen.map(|seen| seen.position).ok_or_else(|| StoreError::Away("it is a standby no more".into()))
    }
}

impl Engine {
    pub fn has_replicas(&self) -> bool {
        !self.0.replicas.all.is_empty()
    }

    /// This engine for reading on a standby that has at least this much, or on the primary.
    pub async fn at_least(&self, mark: &Mark) -> Engine {
        let replica = match *mark.epoch == *self.epoch() {
            true => tokio::time::timeout(PATIENCE, self.replica_with(mark)).await.unwrap_or_default(),
            false => None,
        };
        Engine(self.0.clone(), Some(Arc::new(View { replica, strayed: AtomicBool::new(false) })))
    }

    /// Waits until a standby has it; `None` where there is none to wait for.
    async fn replica_with(&self, mark: &Mark) -> Option<Arc<Replica>> {
        let replicas = &self.0.replicas;
        let mut news = replicas.news.subscribe();
        loop {
            news.mark_unchanged();
            let floor = replicas.floor.lock().position(self.schema_version())?;
            if !self.0.node.is_in_touch() {
                return None;
            }
            if let Some(found) = replicas.with(floor.max(mark.position), &mark.epoch) {
                return Some(found);
            }
            // One that lags for longer is not about to catch up.
            let is_close = |replica: &&Arc<Replica>| replica.is_there() && replica.has(floor, &mark.epoch);
            let mut waited_for = replicas.all.iter().filter(is_close).peekable();
            waited_for.peek()?;
            waited_for.for_each(|replica| replica.wanted.notify_one());
            news.changed().await.ok()?;
        }
    }

    /// A mark behind everything that this engine has answered so far.
    pub async fn mark(&self) -> Result<Mark> {
        let epoch = self.epoch();
        let position = match self.1.as_ref().and_then(|view| view.replica()) {
            Some(replica) => match replica.position(self.schema_version()).await {
                Ok(position) => position,
                // What it answered is not known any more; the primary has all of it.
                Err(_) => self.written().await?,
            },
            None => self.written().await?,
        };
        Ok(Mark { epoch, position })
    }

    async fn written(&self) -> Result<u64> {
        let mut lease = self.lease().await?;
        lease.ask(written).await.map_err(plain)
    }

    /// Reads on the standby that this engine is for. `None` where there is none, or where it failed: then the primary is
    /// asked, and the sink is empty.
    pub(super) async fn stream_from_replica<S: Sink>(&self, statement: &Statement, sink: &mut S) -> Option<Result<()>> {
        let view = self.1.as_ref()?;
        let replica = view.replica()?;
        match self.try_replica(replica, statement, sink).await {
            Ok(()) => Some(Ok(())),
            // It had its time, or has too much to do: the primary is no place for that.
            Err(error @ (StoreError::Timeout | StoreError::Overloaded)) => Some(Err(error)),
            Err(error) => {
                tracing::debug!(%error, "a read goes to the primary, as a replica failed");
                view.strayed.store(true, Ordering::Release);
                sink.reset();
                None
            }
        }
    }

    async fn try_replica<S: Sink>(&self, replica: &Replica, statement: &Statement, sink: &mut S) -> Result<()> {
        let dialect = self.0.dialect.load_full();
        let (ready, arguments) = dialect.query(statement)?;
        let mut lease = replica.pool.lease(Use::Here, dialect.version).await?;
        let run = lease.run(async |connection| reader::stream(connection, &ready[0], arguments, sink).await);
        let result = in_time(self.0.query_timeout * 2, run, self.0.replicas.loss(replica)).await;
        match result {
            Ok(result) => result.map_err(plain),
            Err(silence) => {
                lease.spoil();
                Err(silence)
            }
        }
    }
}

impl View {
    /// Where everything was read so far.
    fn replica(&self) -> Option<&Arc<Replica>> {
        self.replica.as_ref().filter(|_| !self.strayed.load(Ordering::Acquire))
    }
}

async fn replayed(connection: &mut PgConnection) -> Result<Option<Seen>, sqlx::Error> {
    let row = sqlx::query(REPLAYED).fetch_one(connection).await?;
    let Some(position) = row.try_get::<Option<i64>, _>(0)? else { return Ok(None) };
    Ok(Some(Seen { position: position.cast_unsigned(), epoch: row.try_get(1)?, at: Instant::now() }))
}

async fn written(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let position: i64 = sqlx::query(WRITTEN).fetch_one(connection).await?.try_get(0)?;
    Ok(position.cast_unsigned())
}

/// Looks at a standby, for as long as the engine is there.
async fn watch(inner: Weak<Inner>, replica: Arc<Replica>) {
    let mut connection = None;
    while let Some(inner) = inner.upgrade() {
        let look = async {
            let connection = match &mut connection {
                Some(connection) => connection,
                none => none.insert(replica.servers.connect(Demand::Standby).await?),
            };
            replayed(connection).await.map_err(plain)
        };
        let seen = tokio::time::timeout(LOOK_TIME, look).await.ok().and_then(Result::ok).flatten();
        let failed = seen.is_none();
        *replica.seen.lock() = seen;
        inner.replicas.news.send_replace(());
        drop(inner);
        if failed {
            connection = None;
            replica.pool.forget();
            tokio::time::sleep(LOOK_TIME).await;
        } else {
            tokio::time::sleep(PACE).await;
            let _ = tokio::time::timeout(CALM, replica.wanted.notified()).await;
        }
    }
}

/// Notes what the primary has, for as long as the engine is there.
async fn watch_primary(inner: Weak<Inner>, primary: Primary) {
    let mut connection = None;
    while let Some(inner) = inner.upgrade() {
        let engine = Engine(inner, None);
        // Before the look: what it gives is behind the change to this version.
        let schema = engine.schema_version();
        let look = async {
            let connection = match &mut connection {
                Some((connection, epoch)) if *epoch == engine.epoch() => connection,
                other => &mut other.insert((primary.connect().await?, engine.epoch())).0,
            };
            written(connection).await.map_err(plain)
        };
        match tokio::time::timeout(LOOK_TIME, look).await {
            Ok(Ok(position)) => engine.0.replicas.floor.lock().note(schema, position),
            Ok(Err(_)) | Err(_) => connection = None,
        }
        drop(engine);
        tokio::time::sleep(CALM).await;
    }
}
