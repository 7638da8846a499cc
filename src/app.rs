//! The composition root: builds every service once, starts and stops them.

use crate::auth::Auth;
use crate::clock::Clock;
use crate::collections::Collections;
use crate::config::{Checkpoint, Config, Durability};
use crate::crypto::{Hasher, Sealer};
use crate::error::Result;
use crate::logs::Logs;
use crate::records::Records;
use crate::schema::Registry;
use crate::settings::Settings;
use crate::store::{Store, sqlite};

/// All services of a running Basalt. Handlers receive it; services never do. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: std::sync::Arc<Config>,
    pub clock: Clock,
    pub store: Store,
    pub registry: Registry,
    pub settings: Settings,
    pub logs: Logs,
    pub collections: Collections,
    pub records: Records,
    pub auth: Auth,
}

impl App {
    /// Opens the data directory and builds all services over it.
    pub async fn open(config: Config, clock: Clock) -> Result<Self> {
        let store = Store::Sqlite(sqlite::Engine::open(engine_options(&config))?);
        let registry = Registry::default();
        let hasher = Hasher::start(config.hash_threads())?;
        let collections = Collections::open(store.clone(), registry.clone(), clock.clone()).await?;
        let settings = Settings::open(store.clone()).await?;
        let logs = Logs::open(&config.dir, settings.clone())?;
        let sealer = Sealer::new(&store.instance_key().await?);
        let records = Records::new(store.clone(), registry.clone(), clock.clone(), hasher.clone(), sealer);
        let auth = Auth::new(store.clone(), registry.clone(), records.clone(), hasher, clock.clone());
        Ok(Self { config: config.into(), clock, store, registry, settings, logs, collections, records, auth })
    }

    /// Finishes what runs and closes the data directory. No request may come in any more.
    pub async fn close(&self) {
        self.logs.close().await;
        self.store.close().await;
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
        external_checkpoint: config.sqlite.checkpoint == Checkpoint::External,
        vfs: None,
    }
}
