//! The end of the feed, followed: what other nodes wrote and changed becomes known here.
//!
//! Each look reads all that was committed since the last one, in an order in which the transactions may have run, and
//! the versions of what every node keeps in memory. A look is due at least every [`IDLE`]; a hint of a node that wrote
//! something brings it forward (`hints.rs`), and a hint that is lost costs that time only. A look also keeps this node's
//! place among the others (`node.rs`).
//!
//! *Invariant:* what is raised or told here was committed, nothing is missed between two looks, and after a connection
//! was lost everything counts as changed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::super::{Result, Shared, StoreError};
use super::error::plain;
use super::node::Node;
use super::position::Snapshot;
use super::servers::Primary;
use super::{Engine, Inner};

/// Between two looks when nobody hints at anything.
const IDLE: Duration = Duration::from_millis(250);
/// Between two looks in any case, so that a storm of writes is read in larger pieces.
const PACE: Duration = Duration::from_millis(20);
/// Between two attempts at a server that is away.
const AWAY: Duration = Duration::from_millis(300);
/// A look that takes longer has failed.
const LOOK_TIME: Duration = Duration::from_secs(3);

/// The snapshot of this statement and what it sees that the one of before did not. A transaction that waited for another
/// one, or saw what it did, drew its last revision later: sorted by that, each record's changes are in their order and
/// those of one transaction together. Entries older than an hour were committed long ago, as no transaction is that long.
const NEWS: &str = r#"WITH s AS MATERIALIZED (SELECT pg_current_snapshot() AS now),
    n AS (SELECT rev, coll, rec, op, max(rev) OVER (PARTITION BY xid) AS last FROM _feed
        WHERE (xid >= $1::text::xid8 OR xid = ANY($2::text[]::xid8[]))
            AND ts >= (extract(epoch FROM now()) * 1000)::bigint - 3600000)
    SELECT s.now::text, n.rev, n.coll, n.rec, n.op FROM s LEFT JOIN n ON true ORDER BY n.last, n.rev"#;
const NOW: &str = "SELECT pg_current_snapshot()::text";
/// Any change of the settings' row gives it another version of its own.
const SHARED: &str = "SELECT schema_version, coalesce((SELECT xmin::text::bigint FROM _params WHERE id = 'settings'), 0) \
    FROM _state";

/// One change, as it stands in the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) rev: i64,
    /// The number of the collection; 0 for a change of the schema.
    pub(super) collection: i64,
    pub(super) record: String,
    pub(super) op: i64,
}

/// The position "now".
pub(super) async fn position(connection: &mut PgConnection) -> Result<Snapshot> {
    let row = sqlx::query(NOW).fetch_one(connection).await.map_err(plain)?;
    Snapshot::parse(row.try_get(0).map_err(plain)?)
}

/// What was committed since a position, and the position behind it. Only a primary can tell: a standby does not know
/// which transactions are on their way.
pub(super) async fn since(connection: &mut PgConnection, position: &Snapshot) -> Result<(Snapshot, Vec<Entry>)> {
    let (end, running) = position.bounds();
    let rows = sqlx::query(NEWS).bind(end).bind(running).fetch_all(connection).await.map_err(plain)?;
    let entry = |row: &sqlx::postgres::PgRow| -> Result<Option<Entry>, sqlx::Error> {
        let Some(rev) = row.try_get::<Option<i64>, _>(1)? else { return Ok(None) };
        Ok(Some(Entry { rev, collection: row.try_get(2)?, record: row.try_get(3)?, op: row.try_get(4)? }))
    };
    let first = rows.first().ok_or_else(|| StoreError::Other("a look at the feed gave nothing".into()))?;
    let next = Snapshot::parse(first.try_get(0).map_err(plain)?)?;
    let entries = rows.iter().filter_map(|row| entry(row).transpose()).collect::<Result<_, _>>().map_err(plain)?;
    Ok((next, entries))
}

/// The task that follows.
pub(super) struct Tail(JoinHandle<()>);

impl Tail {
    pub(super) fn start(handle: &Handle, inner: Weak<Inner>, node: Arc<Node>, primary: Primary) -> Self {
        Self(handle.spawn(async move {
            let mut follower = Follower { primary, connection: None, position: None };
            loop {
                let Some(inner) = inner.upgrade() else { return };
                let engine = Engine(inner, None);
                match tokio::time::timeout(LOOK_TIME, follower.look(&engine)).await {
                    Ok(Ok(())) => {
                        drop(engine);
                        tokio::time::sleep(PACE).await;
                        let _ = tokio::time::timeout(IDLE, node.hinted()).await;
                    }
                    // The keeper finds out what it is, and says so.
                    Ok(Err(_)) | Err(_) => {
                        engine.0.health.doubt.notify_one();
                        follower.lose();
                        drop(engine);
                        tokio::time::sleep(AWAY).await;
                    }
                }
            }
        }))
    }

    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

struct Follower {
    primary: Primary,
    /// With the epoch that it was opened in.
    connection: Option<(PgConnection, Arc<String>)>,
    position: Option<Snapshot>,
}

impl Follower {
    fn lose(&mut self) {
        self.connection = None;
        // Behind another connection may be another server, which counts its transactions anew.
        self.position = None;
    }

    async fn look(&mut self, engine: &Engine) -> Result<()> {
        let epoch = engine.epoch();
        if self.connection.as_ref().is_some_and(|(_, opened_in)| *opened_in != epoch) {
            self.lose();
        }
        let (connection, _) = match &mut self.connection {
            Some(open) => open,
            none => none.insert((self.primary.connect().await?, epoch)),
        };
        let position = match &self.position {
            Some(position) => {
                let (next, entries) = since(connection, position).await?;
                for entry in &entries {
                    engine.0.generations.raise(entry.collection);
                }
                next
            }
            None => {
                let now = position(connection).await?;
                engine.0.generations.raise_all();
                now
            }
        };
        self.position = Some(position);
        let row = sqlx::query(SHARED).fetch_one(&mut *connection).await.map_err(plain)?;
        let (schema, settings): (i64, i64) = (row.try_get(0).map_err(plain)?, row.try_get(1).map_err(plain)?);
        engine.learn(Shared { schema: schema.cast_unsigned(), settings: settings.cast_unsigned() }).await?;
        engine.0.node.beat(connection).await
    }
}
