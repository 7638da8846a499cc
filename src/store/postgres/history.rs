//! The history that revisions count in, and that every connection of this node has to be of.
//!
//! After a failover the last moments of the old primary may be lost, and with them revisions and versions of the schema
//! that somebody saw. The timeline of the write-ahead log tells: who finds the database on another one than its epoch
//! was named for gives it a new name, and counts on far above all that may be lost. Only the keeper takes over another
//! history (`Engine::adopt`); until it did, no other connection to such a server is opened (`servers.rs`), so nothing is
//! read or written there by what was known of the old one.
//!
//! *Invariant:* a revision, or a version of the schema, is never given out twice, and an old primary that comes back is not
//! taken for the new one by a node that knew it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::feed::Change;
use super::Engine;

/// Above the numbers that a primary may have given out before it was lost: none of them is ever given out again.
const LOST_REVISIONS: i64 = 10_000_000;
const LOST_SCHEMAS: i64 = 1000;

/// Servers that notice a new history at the same time take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(814720, 2)";
const ORIGIN: &str = "SELECT (SELECT system_identifier::text FROM pg_control_system()), \
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
const NAMED: &str = "SELECT epoch, timeline FROM _state";
const RENAME: &str = "UPDATE _state SET epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), timeline = $1, \
    schema_version = schema_version + $3 WHERE timeline <> $1 RETURNING setval('_rev', nextval('_rev') + $2)";
/// Nodes whose beats were lost may still decide by what they know: a change of the schema waits for this one's silence.
const LOST_NODES: &str = "INSERT INTO _nodes (id, version, migration, schema_version) \
    VALUES ('failover', '', 0, 0) \
    ON CONFLICT (id) DO UPDATE SET beat = clock_timestamp()";

/// A history by its name, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    epoch: Arc<String>,
    /// The identity of the cluster, which all its standbys have.
    cluster: String,
    /// Rises with every promotion.
    timeline: String,
}

/// The one that this node works in.
pub(super) struct History(ArcSwap<Found>);

impl History {
    pub(super) fn new(found: Found) -> Self {
        Self(ArcSwap::from_pointee(found))
    }

    pub(super) fn epoch(&self) -> Arc<String> {
        self.0.load().epoch.clone()
    }

    /// Whether another server was promoted since the one of this origin.
    pub(super) fn outlived(&self, cluster: &str, timeline: &str) -> bool {
        let known = self.0.load();
        known.cluster == cluster && timeline < known.timeline.as_str()
    }
}

/// The history that this primary is in; a new one gets its name here.
pub(super) async fn find(connection: &mut PgConnection) -> Result<Found, sqlx::Error> {
    let origin = sqlx::query(ORIGIN).fetch_one(&mut *connection).await?;
    let (cluster, timeline): (String, String) = (origin.try_get(0)?, origin.try_get(1)?);
    let named = sqlx::query(NAMED).fetch_one(&mut *connection).await?;
    let epoch: String = match named.try_get::<String, _>(1)? == timeline {
        true => named.try_get(0)?,
        false => rename(connection, &timeline).await?,
    };
    Ok(Found { epoch: epoch.into(), cluster, timeline })
}

async fn rename(connection: &mut PgConnection, timeline: &str) -> Result<String, sqlx::Error> {
    let mut transaction = sqlx::Connection::begin(connection).await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    let rename = sqlx::query(RENAME).bind(timeline).bind(LOST_REVISIONS).bind(LOST_SCHEMAS);
    if rename.fetch_optional(&mut *transaction).await?.is_some() {
        super::feed::append(&mut transaction, Change::Schema).await?;
        sqlx::query(LOST_NODES).execute(&mut *transaction).await?;
    }
    let epoch = sqlx::query(NAMED).fetch_one(&mut *transaction).await?.try_get(0)?;
    transaction.commit().await?;
    Ok(epoch)
}

impl Engine {
    /// Goes on in this history. What was known by way of another one is given up before anything is asked of it.
    pub(super) fn adopt(&self, found: Found) {
        if **self.0.history.0.load() == found {
            return;
        }
        tracing::warn!(epoch = %found.epoch, "the database has a new history, as after a failover; going on with it");
        self.0.node.lose_touch();
        self.0.history.0.store(Arc::new(found));
        self.0.replicas.forget();
        self.0.pool.forget();
        self.0.generations.raise_all();
    }
}
