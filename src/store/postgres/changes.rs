//! Reading the feed: a page of the stretch between two snapshots.
//!
//! A look at what the snapshot of before did not see may give more than one page holds. So the snapshot of the first page
//! is kept in the position until the stretch up to it is read, in an order that does not change; only then it becomes the
//! one of before.

use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::super::changes::{FeedEntry, FeedLimits, FeedPage, FeedRead, Place, Position, Stored};
use super::super::{Result, StoreError};
use super::Engine;
use super::error::plain;
use super::position::Snapshot;
use super::retention::LONGEST_TRANSACTION_MS;

/// The name of the history, the snapshot of this statement, and a time before it.
const NOW: &str = "SELECT epoch, pg_current_snapshot()::text, \
    (extract(epoch FROM statement_timestamp()) * 1000)::bigint FROM _state";

/// The same with the oldest time that is kept, and a page: what the snapshot `$1`, `$2` does not see and the upper one
/// (`$4`, or that of this statement) does, behind the entry `$5`, `$6`. The order is that of `tail.rs`. `found` counts one
/// entry more, if there is one.
const PAGE: &str = "WITH state AS MATERIALIZED (SELECT epoch, feed_floor,
            coalesce($4::text::pg_snapshot, pg_current_snapshot()) AS upper,
            (extract(epoch FROM statement_timestamp()) * 1000)::bigint AS at FROM _state),
    unread AS (SELECT f.*, max(rev) OVER (PARTITION BY xid) AS last FROM _feed AS f, state
        WHERE (xid >= $1::text::xid8 OR xid = ANY($2::text[]::xid8[])) AND ts >= $3
            AND pg_visible_in_snapshot(xid, state.upper)),
    page AS (SELECT *, coalesce(octet_length(after), 0) + coalesce(octet_length(old), 0) AS size FROM unread
        WHERE (last, rev) > ($5, $6) ORDER BY last, rev LIMIT $7 + 1),
    sized AS (SELECT *, row_number() OVER w AS place, sum(size) OVER w AS total, count(*) OVER () AS found
        FROM page WINDOW w AS (ORDER BY last, rev))
    SELECT s.epoch, s.feed_floor, s.upper::text, s.at,
        p.found, p.last, p.rev, p.coll, p.rec, p.op, p.ts, p.actor, p.after, p.old, p.flags
    FROM state AS s LEFT JOIN sized AS p ON p.place <= $7 AND (p.place = 1 OR p.total <= $8) ORDER BY p.last, p.rev";

/// Everything that `seen` saw was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPlace {
    seen: Snapshot,
    /// A time before that snapshot, by the server's clock.
    at_ms: i64,
    stretch: Option<Stretch>,
}

/// What is read now: up to this snapshot, and of that all up to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    upper: Snapshot,
    at_ms: i64,
    last: i64,
    rev: i64,
}

impl Engine {
    pub async fn position(&self) -> Result<Position> {
        let mut lease = self.lease().await?;
        let read = lease.ask(async |connection| {
            let row = sqlx::query(NOW).fetch_one(connection).await?;
            Ok((row.try_get(0)?, row.try_get::<String, _>(1)?, row.try_get(2)?))
        });
        let (epoch, snapshot, at_ms) = read.await.map_err(plain)?;
        let place = SnapshotPlace { seen: Snapshot::parse(&snapshot)?, at_ms, stretch: None };
        Ok(Position { epoch, place: Place::Snapshot(place) })
    }

    pub async fn feed(&self, after: &Position, limits: FeedLimits) -> Result<FeedRead> {
        let Place::Snapshot(place) = &after.place else { return Ok(FeedRead::Reset) };
        let mut lease = self.lease().await?;
        let rows = lease.run(async |connection| page(connection, place, limits).await).await.map_err(plain)?;
        let first = rows.first().ok_or_else(|| StoreError::Other("a look at the feed gave nothing".into()))?;
        let head = Head::read(first).map_err(plain)?;
        if head.epoch != after.epoch || head.floor_ms > place.at_ms - LONGEST_TRANSACTION_MS {
            return Ok(FeedRead::Reset);
        }
        let entries = rows.iter().filter_map(|row| entry(row).transpose()).collect::<Result<Vec<_>>>()?;
        let more = (entries.len() as i64) < head.found;
        let place = place.behind(&head, rows.last().filter(|_| more))?;
        let next = Position { epoch: head.epoch, place: Place::Snapshot(place) };
        Ok(FeedRead::Page(FeedPage { entries, next, more }))
    }
}

async fn page(
    connection: &mut PgConnection,
    place: &SnapshotPlace,
    limits: FeedLimits,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let (end, running) = place.seen.bounds();
    let stretch = place.stretch.as_ref();
    sqlx::query(PAGE)
        .bind(end)
        .bind(running)
        .bind(place.at_ms - LONGEST_TRANSACTION_MS)
        .bind(stretch.map(|stretch| stretch.upper.text()))
        .bind(stretch.map_or(i64::MIN, |stretch| stretch.last))
        .bind(stretch.map_or(i64::MIN, |stretch| stretch.rev))
        .bind(i64::from(limits.entries.max(1)))
        .bind(i64::from(limits.bytes))
        .fetch_all(connection)
        .await
}

/// What every row of a page says.
struct Head {
    epoch: String,
    floor_ms: i64,
    upper: String,
    at_ms: i64,
    found: i64,
}

impl Head {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            epoch: row.try_get(0)?,
            floor_ms: row.try_get(1)?,
            upper: row.try_get(2)?,
            at_ms: row.try_get(3)?,
            found: row.try_get::<Option<i64>, _>(4)?.unwrap_or_default(),
        })
    }
}

impl SnapshotPlace {
    /// The place behind a page; `cut` is its last row where there is more of the stretch.
    fn behind(&self, head: &Head, cut: Option<&PgRow>) -> Result<Self> {
        let upper = Snapshot::parse(&head.upper)?;
        // The time of the first page, whose snapshot it is.
        let at_ms = self.stretch.as_ref().map_or(head.at_ms, |stretch| stretch.at_ms);
        let Some(row) = cut else { return Ok(Self { seen: upper, at_ms, stretch: None }) };
        let (last, rev) = (row.try_get(5).map_err(plain)?, row.try_get(6).map_err(plain)?);
        Ok(Self { stretch: Some(Stretch { upper, at_ms, last, rev }), ..self.clone() })
    }
}

/// `None` for the row that stands for a page without entries.
fn entry(row: &PgRow) -> Result<Option<FeedEntry>> {
    let read = || -> Result<_, sqlx::Error> {
        let Some(rev) = row.try_get::<Option<i64>, _>(6)? else { return Ok(None) };
        let stored =
            Stored { op: row.try_get(9)?, after: row.try_get(12)?, old: row.try_get(13)?, flags: row.try_get(14)? };
        Ok(Some((rev, row.try_get(7)?, row.try_get(8)?, row.try_get(10)?, row.try_get(11)?, stored)))
    };
    let Some((rev, collection, record, at_ms, actor, stored)) = read().map_err(plain)? else { return Ok(None) };
    let (change, after, old) = stored.read()?;
    Ok(Some(FeedEntry { rev, collection, record, change, at_ms, actor, after, old }))
}
