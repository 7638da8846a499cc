//! The composition root: builds every service once, starts and stops them.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::{AbortHandle, JoinHandle};

use crate::auth::{Auth, Trace};
use crate::clock::Clock;
use crate::collections::Collections;
use crate::config::{Checkpoint, Config, Durability};
use crate::crypto::{Hasher, Sealer, digest};
use crate::error::{Error, Kind, Result};
use crate::jobs::Jobs;
use crate::logs::Logs;
use crate::quota::Quota;
use crate::records::Records;
use crate::redis::Redis;
use crate::schema::Registry;
use crate::settings::Settings;
use crate::store::{FeedKeep, Shared, Store, postgres, sqlite};

/// Between two attempts to read what another node changed.
const RETRY_FOLLOWING: Duration = Duration::from_millis(500);
/// Between two deletions of old entries of a node's own log.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(6 * 3600);

/// All services of a running Basalt. Handlers receive it; services never do. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub store: Store,
    pub registry: Registry,
    pub settings: Settings,
    pub logs: Logs,
    pub jobs: Jobs,
    pub quota: Quota,
    pub collections: Collections,
    pub records: Records,
    pub auth: Auth,
    /// What a node among others does besides.
    following: Arc<Mutex<Vec<AbortHandle>>>,
}

impl App {
    /// Opens the data directory and builds all services over it.
    pub async fn open(config: Config, clock: Clock) -> Result<Self> {
        let store = open_store(&config).await?;
        let registry = Registry::default();
        let hasher = Hasher::start(config.hash_threads())?;
        let settings = Settings::open(store.clone()).await?;
        let collections = Collections::open(store.clone(), registry.clone(), settings.clone(), clock.clone()).await?;
        let logs = Logs::open(&config.dir, settings.clone(), clock.clone())?;
        let jobs = Jobs::new(store.clone(), clock.clone());
        let key = store.instance_key().await?;
        let redis = open_redis(&config, &key)?;
        if let Some(redis) = &redis {
            store.join(redis.channel("hints"));
        }
        let quota = Quota::new(store.clone(), redis, clock.clone());
        let sealer = Sealer::new(&key);
        let cache_bytes = config.cache.size_mib << 20;
        let records = Records::new(store.clone(), registry.clone(), clock.clone(), hasher.clone(), sealer, cache_bytes);
        let auth = Auth::new(store.clone(), registry.clone(), records.clone(), hasher, quota.clone(), clock.clone());
        let following = Arc::default();
        let config = config.into();
        let app =
            Self { config, clock, store, registry, settings, logs, jobs, quota, collections, records, auth, following };
        app.schedule()?;
        Ok(app)
    }

    /// Starts what works in the background. A command that does one task leaves it alone.
    pub fn start(&self) -> Result<()> {
        if self.store.is_shared() {
            let tasks = [tokio::spawn(self.clone().follow()), tokio::spawn(self.clone().keep_log_short())];
            self.following.lock().extend(tasks.iter().map(JoinHandle::abort_handle));
        }
        self.quota.start();
        self.jobs.start()
    }

    /// Takes over what other nodes make of the schema and the settings, until the app is closed.
    async fn follow(self) {
        let mut known = Shared::default();
        loop {
            let news = self.store.news(known).await;
            let taken = match self.collections.reload().await {
                Ok(()) => self.settings.reload().await,
                failed => failed,
            };
            match taken {
                Ok(()) => known = news,
                Err(error) => {
                    tracing::warn!(%error, "what another node changed could not be read; trying again");
                    tokio::time::sleep(RETRY_FOLLOWING).await;
                }
            }
        }
    }

    /// Each node has a log of its own, while of all nodes one takes a slot of a cron.
    async fn keep_log_short(self) {
        loop {
            if let Err(error) = self.logs.sweep().await {
                tracing::warn!(%error, "old entries of the request log could not be deleted");
            }
            tokio::time::sleep(BETWEEN_SWEEPS).await;
        }
    }

    /// Every cron of the server: first those of PocketBase in its order (contract 8.4), then our own.
    fn schedule(&self) -> Result<()> {
        let Self { store, clock, jobs, logs, auth, records, .. } = self;
        jobs.schedule("__pbDBOptimize__", "0 0 * * *", with(store, async |store| Ok(store.optimize().await?)))?;
        jobs.schedule("__pbMFACleanup__", "0 * * * *", with(auth, async |auth| auth.sweep(Trace::Mfa).await))?;
        jobs.schedule("__pbOTPCleanup__", "0 * * * *", with(auth, async |auth| auth.sweep(Trace::Otp).await))?;
        jobs.schedule("__pbLogsCleanup__", "0 */6 * * *", with(logs, async |logs| logs.sweep().await))?;
        let (clock, config) = (clock.clone(), self.config.clone());
        let trim_feed = with(store, move |store| {
            let keep = feed_keep(&config, clock.now_ms());
            async move { Ok(store.trim_feed(keep).await.map(drop)?) }
        });
        jobs.schedule("__basaltFeedCleanup__", "*/10 * * * *", trim_feed)?;
        let sweep_receipts = with(records, async |records| records.sweep_idempotency().await.map(drop));
        jobs.schedule("__basaltIdempotencyCleanup__", "15 * * * *", sweep_receipts)?;
        jobs.schedule_sweep("__basaltJobsCleanup__", "30 * * * *")
    }

    /// Finishes what runs and closes the data directory. No request may come in any more.
    pub async fn close(&self) {
        self.following.lock().drain(..).for_each(|task| task.abort());
        self.quota.close();
        self.jobs.close().await;
        self.logs.close().await;
        self.store.close().await;
    }
}

/// The engine that the configuration asks for.
async fn open_store(config: &Config) -> Result<Store> {
    Ok(match config.database.url.is_empty() {
        true => Store::Sqlite(sqlite::Engine::open(engine_options(config))?),
        false => Store::Postgres(postgres::Engine::open(server_options(config)).await?),
    })
}

/// The Redis that the configuration names, for the data that this key is of.
fn open_redis(config: &Config, instance_key: &[u8]) -> Result<Option<Redis>> {
    if config.cache.redis_url.is_empty() {
        return Ok(None);
    }
    let name: String = digest(&[b"redis", instance_key])[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    Redis::open(&config.cache.redis_url, &name)
        .map(Some)
        .map_err(|error| Error::new(Kind::Unavailable, error.to_string()))
}

/// What the configuration says of the database server, in the engine's own words.
fn server_options(config: &Config) -> postgres::Options {
    let database = &config.database;
    postgres::Options {
        dir: config.dir.clone(),
        url: database.url.clone(),
        direct_url: database.direct_url.clone(),
        replica_urls: database.replica_urls.clone(),
        pool_size: u32::try_from(config.pool_size()).unwrap_or(u32::MAX),
        wait_ms: database.wait_s * 1000,
        query_timeout_ms: database.query_timeout_s * 1000,
        start_wait_ms: database.start_wait_s * 1000,
    }
}

/// What the configuration says of the embedded engine, in the engine's own words.
fn engine_options(config: &Config) -> sqlite::Options {
    sqlite::Options {
        dir: config.dir.clone(),
        durability: match config.sqlite.durability {
            Durability::Full => sqlite::Durability::Full,
            Durability::Normal => sqlite::Durability::Normal,
        },
        query_timeout_ms: config.sqlite.query_timeout_s * 1000,
        reader_threads: config.reader_threads(),
        mmap_size_bytes: config.sqlite.mmap_mib << 20,
        write_wait_ms: config.sqlite.write_wait_s * 1000,
        external_checkpoint: config.sqlite.checkpoint == Checkpoint::External,
        vfs: None,
    }
}

/// A handler whose runs get a handle of the service each.
fn with<S, F>(service: &S, run: impl Fn(S) -> F + Send + Sync + 'static) -> impl Fn() -> F + Send + Sync + 'static
where
    S: Clone + Send + Sync + 'static,
{
    let service = service.clone();
    move || run(service.clone())
}

/// What the configuration says of the feed, where 0 is without limit.
fn feed_keep(config: &Config, now_ms: i64) -> FeedKeep {
    let feed = &config.feed;
    FeedKeep {
        since_ms: match feed.retention_hours {
            0 => i64::MIN,
            hours => now_ms - i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(3_600_000),
        },
        bytes: (feed.retention_mib > 0).then_some(feed.retention_mib << 20),
    }
}
