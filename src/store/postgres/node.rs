//! This node among the others over one database: that it lives, what schema it decides by, and whether it may decide.
//!
//! A beat of its row every [`BEAT`] gives a node the right to decide from memory for [`LEASE`]. A change of the schema
//! is over when every node has acknowledged it or has not beaten for [`SILENT`], which is longer: a node that lost the
//! database then decides nothing without asking it. Hints travel over the bus (`bus.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use tokio::sync::{Notify, watch};

use super::super::{Result, Shared, StoreError};
use super::Engine;
use super::bus::Bus;
use super::error::plain;
use super::feed;
use super::migrate::KNOWN;
use crate::redis::Channel;

const BEAT: Duration = Duration::from_millis(500);
const LEASE: Duration = Duration::from_secs(2);
pub(super) const SILENT: &str = "2.5 seconds";
/// Rows of nodes that ended without a farewell are cleared away after this.
const FORGOTTEN: &str = "1 day";

/// Between two looks at what the others acknowledged, and how long they are waited for: longer than a request that was
/// decided by the old schema may run.
const ASK_AGAIN: Duration = Duration::from_millis(10);
const AGREE_LIMIT: Duration = Duration::from_secs(45);

pub(super) struct Node {
    id: String,
    /// The version of the schema that this node has said it decides by.
    acknowledged: AtomicU64,
    /// When the last beat was sent that came through.
    beaten: Mutex<Option<Instant>>,
    /// Something is to be told before the next beat is due.
    urgent: AtomicBool,
    /// The other nodes that were alive at the last beat.
    others: AtomicU64,
    /// The database was brought up to a version that this program does not understand.
    outdated: AtomicBool,
    /// Something was committed here that the others were not hinted at.
    wrote: AtomicBool,
    hint: Notify,
    bus: Bus,
    shared: watch::Sender<Shared>,
}

impl Node {
    pub(super) fn new(schema_version: u64) -> Self {
        Self {
            id: crate::crypto::lowercase_id(15),
            acknowledged: AtomicU64::new(schema_version),
            beaten: Mutex::new(None),
            urgent: AtomicBool::new(false),
            others: AtomicU64::new(0),
            outdated: AtomicBool::new(false),
            wrote: AtomicBool::new(false),
            hint: Notify::new(),
            bus: Bus::default(),
            shared: watch::Sender::default(),
        }
    }

    /// Whether what is in memory may be trusted.
    pub(super) fn is_in_touch(&self) -> bool {
        self.beaten.lock().is_some_and(|beaten| beaten.elapsed() < LEASE)
    }

    /// Whether this program must leave the database alone.
    pub(super) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }

    /// Nothing in memory may be trusted until the next beat.
    pub(super) fn lose_touch(&self) {
        *self.beaten.lock() = None;
    }

    /// Another node called.
    pub(super) fn called(&self) {
        self.hint.notify_one();
    }

    /// Waits until a look at the feed is worth while.
    pub(super) async fn hinted(&self) {
        self.hint.notified().await;
    }

    /// Notes that something was committed here.
    pub(super) fn wrote(&self) {
        if self.others.load(Ordering::Relaxed) > 0 && !self.wrote.swap(true, Ordering::Relaxed) {
            self.hint.notify_one();
        }
    }

    /// Tells the others what is to be told.
    pub(super) async fn beat(&self, connection: &mut PgConnection) -> Result<()> {
        if self.wrote.swap(false, Ordering::Relaxed) {
            self.bus.call(connection).await?;
        }
        let due = self.beaten.lock().is_none_or(|beaten| beaten.elapsed() >= BEAT);
        if !self.urgent.swap(false, Ordering::AcqRel) && !due {
            return Ok(());
        }
        let sent = Instant::now();
        let sql = "INSERT INTO _nodes (id, version, schema_version, migration) VALUES ($1, $2, $3, $5)
            ON CONFLICT (id) DO UPDATE SET schema_version = excluded.schema_version, beat = clock_timestamp()
            RETURNING (SELECT count(*) FROM _nodes WHERE id <> $1 AND beat > clock_timestamp() - $4::text::interval),
                $5 < (SELECT max(needs) FROM _migrations)";
        let row = sqlx::query(sql)
            .bind(&self.id)
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(self.acknowledged.load(Ordering::Acquire).cast_signed())
            .bind(SILENT)
            .bind(KNOWN)
            .fetch_one(connection)
            .await
            .map_err(plain)?;
        self.others.store(row.try_get::<i64, _>(0).map_err(plain)?.cast_unsigned(), Ordering::Relaxed);
        if row.try_get(1).map_err(plain)? && !self.outdated.swap(true, Ordering::AcqRel) {
            tracing::error!("the database was brought up to a later version, which this program does not understand");
        }
        *self.beaten.lock() = Some(sent);
        Ok(())
    }

    /// Takes this node out, and those that are long gone.
    async fn leave(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "DELETE FROM _nodes WHERE id = $1 OR beat < clock_timestamp() - $2::text::interval";
        sqlx::query(sql).bind(&self.id).bind(FORGOTTEN).execute(connection).await.map(drop)
    }
}

impl Engine {
    /// The nodes that live, this one among them, as of the last beat.
    pub fn nodes(&self) -> u64 {
        self.0.node.others.load(Ordering::Relaxed) + 1
    }

    /// Calls the others through this channel from now on.
    pub fn join(&self, channel: Channel) {
        let node = Arc::downgrade(&self.0.node);
        self.0.node.bus.join(channel, move || {
            if let Some(node) = node.upgrade() {
                node.called();
            }
        });
    }

    /// Takes over what the database says of what every node keeps in memory.
    pub(super) async fn learn(&self, shared: Shared) -> Result<()> {
        if shared.schema > self.schema_version() {
            self.renew(&self.0.dialect.load_full()).await?;
        }
        self.0.node.shared.send_if_modified(|known| {
            let changed = *known != shared;
            *known = shared;
            changed
        });
        Ok(())
    }

    pub async fn news(&self, known: Shared) -> Shared {
        let mut shared = self.0.node.shared.subscribe();
        loop {
            let now = *shared.borrow_and_update();
            if now != known && now != Shared::default() {
                return now;
            }
            if shared.changed().await.is_err() {
                // The engine is closed: there is no news any more.
                std::future::pending::<()>().await;
            }
        }
    }

    pub fn acknowledge(&self, schema_version: u64) {
        self.0.node.acknowledged.fetch_max(schema_version, Ordering::AcqRel);
        self.0.node.urgent.store(true, Ordering::Release);
        self.0.node.hint.notify_one();
    }

    pub async fn agree(&self, schema_version: u64) -> Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM _nodes WHERE id <> $1 AND schema_version < $2 \
            AND beat > clock_timestamp() - $3::text::interval)";
        let agreed = async {
            loop {
                let mut lease = self.lease().await?;
                let ask = lease.run(async |connection| {
                    let query = sqlx::query(sql).bind(&self.0.node.id).bind(schema_version.cast_signed()).bind(SILENT);
                    query.fetch_one(connection).await?.try_get::<bool, _>(0)
                });
                if !ask.await.map_err(plain)? {
                    return Ok(());
                }
                drop(lease);
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let late = |_| StoreError::Other("the schema is changed, but another server has not taken it over yet".into());
        tokio::time::timeout(AGREE_LIMIT, agreed).await.map_err(late)?
    }

    pub async fn confirm(&self) -> Result<u64> {
        if self.0.node.is_outdated() {
            return Err(StoreError::Away("it was brought up to a later version".into()));
        }
        if !self.0.node.is_in_touch() {
            let mut lease = self.lease().await?;
            let ask = lease.ask(async |connection| feed::schema_version(connection).await);
            let version = ask.await.inspect_err(|_| self.0.pool.forget()).map_err(plain)?;
            drop(lease);
            if version > self.schema_version() {
                self.renew(&self.0.dialect.load_full()).await?;
            }
        }
        Ok(self.schema_version())
    }

    /// Says farewell, so that nobody waits for this node.
    pub(super) async fn leave(&self) {
        let Ok(mut lease) = self.lease().await else { return };
        let left = lease.ask(async |connection| self.0.node.leave(connection).await);
        if let Err(error) = left.await {
            tracing::debug!(%error, "the others will notice that this server is gone");
        }
    }
}
