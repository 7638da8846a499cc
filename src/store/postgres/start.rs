//! The way up: from a URL to an engine that is known to work.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use sqlx::Connection as _;
use tokio::runtime::{Builder, Runtime};

use super::super::sqlite::open_directory;
use super::super::{Result, StoreError};
use super::bus::Listening;
use super::counters::Added;
use super::dialect::Dialect;
use super::error::plain;
use super::generation::Generations;
use super::history::History;
use super::keeper::Keeper;
use super::migrate::{MIGRATIONS, Progress};
use super::node::Node;
use super::pool::Pool;
use super::replica::Replicas;
use super::servers::{Primary, Servers, Target};
use super::tail::Tail;
use super::{Engine, Health, Inner, Options, Running, connect, feed, history, migrate, retention};
use crate::clock::Clock;

/// Threads on which closures of transactions run; more than connections are of no use.
const MAX_BLOCKING_THREADS: usize = 1024;

/// The engine's own runtime: requests come and go on threads of their own, connections stay here. It ends without
/// waiting, as it may be dropped where nothing may wait.
pub(super) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn new(pool_size: u32) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads((pool_size as usize).clamp(1, MAX_BLOCKING_THREADS))
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Self(Some(runtime)))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is read from the server before the first request.
struct Found {
    migrated: Progress,
    history: history::Found,
    dialect: Dialect,
}

impl Engine {
    /// Connects to the server, waits for it if it is away, brings the database up to this program and starts.
    ///
    /// # Errors
    /// One sentence for whoever runs the server.
    pub async fn open(options: Options) -> Result<Self> {
        let lock = open_directory(&options.dir)?;
        let pooled = !options.direct_url.is_empty();
        let connecting = Servers::of(&options.url, pooled, options.query_timeout_ms)?;
        let direct = match pooled {
            true => Servers::of(&options.direct_url, false, options.query_timeout_ms)?,
            false => connecting.clone(),
        };
        let runtime = OwnRuntime::new(options.pool_size)?;
        let Some(handle) = runtime.0.as_ref().map(Runtime::handle).cloned() else { return Err(StoreError::Closed) };
        let patience = Duration::from_millis(options.start_wait_ms);
        let finding = handle.spawn(find(direct.clone(), patience));
        let found = finding.await.map_err(|error| StoreError::Other(error.to_string()))??;
        let wait = Duration::from_millis(options.wait_ms);
        let history = Arc::new(History::new(found.history));
        let primary = |servers: &Servers| Primary { servers: servers.clone(), history: history.clone() };
        let health = Arc::new(Health::default());
        let node = Arc::new(Node::new(found.dialect.version));
        let replicas = Replicas::new(&options.replica_urls, options.query_timeout_ms, |servers| {
            Pool::new(Target::Standby(servers.clone()), handle.clone(), options.pool_size, wait)
        })?;
        let engine = Self(
            Arc::new(Inner {
                pool: Pool::new(Target::Primary(primary(&connecting)), handle.clone(), options.pool_size, wait),
                dialect: ArcSwap::from_pointee(found.dialect),
                history: history.clone(),
                generations: Generations::new(),
                query_timeout: Duration::from_millis(options.query_timeout_ms),
                health: health.clone(),
                node: node.clone(),
                added: Added::default(),
                closed: AtomicBool::new(false),
                handle: handle.clone(),
                replicas,
                running: Mutex::new(None),
            }),
            None,
        );
        let inner = Arc::downgrade(&engine.0);
        let tail = Tail::start(&handle, inner.clone(), node.clone(), primary(&direct));
        let listening = Listening::start(&handle, node, direct.clone());
        engine.0.replicas.watch(&handle, &inner, primary(&direct));
        let keeper = Keeper::start(&handle, inner, health, direct, found.migrated);
        *engine.0.running.lock() = Some(Running { runtime, keeper, tail, listening, lock });
        Ok(engine)
    }
}

async fn find(servers: Servers, patience: Duration) -> Result<Found> {
    let mut connection = connect::wait_for(&servers, patience).await?;
    connect::judge(&mut connection).await?;
    let migrated = migrate::run(&mut connection, MIGRATIONS, &Clock::system().now_text()).await?;
    retention::make_ahead(&mut connection).await.map_err(plain)?;
    let history = history::find(&mut connection).await.map_err(plain)?;
    let version = feed::schema_version(&mut connection).await.map_err(plain)?;
    let dialect = Dialect::load(&mut connection, version).await.map_err(plain)?;
    // The server notices a connection that ends without a farewell, too.
    let _ = connection.close().await;
    Ok(Found { migrated, history, dialect })
}
