//! Partitions of the change feed: made ahead, an hour each, and dropped from the old end.
//!
//! *Invariant:* the floor rises in the transaction that drops, so a consumer at or above the floor has missed nothing.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::super::{FeedKeep, Result};
use super::error::plain;
use super::{Engine, lane};

const HOUR_MS: i64 = 3_600_000;
/// An entry is committed no later than this after its time: a change of the schema is given ten minutes, all else seconds.
pub(super) const LONGEST_TRANSACTION_MS: i64 = 15 * 60_000;
/// Hours that partitions are there for, this one included.
const AHEAD: i64 = 4;

/// Servers that make or drop partitions at the same time take turns; who finds it taken leaves it to the other.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(814720, 3)";
/// Who writes must not wait long for a partition that is being made or dropped.
const PATIENCE: &str = "SET LOCAL lock_timeout = '2s'";
const NOW_MS: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
/// The hours that have a partition, oldest first, with their size.
const PARTITIONS: &str = "SELECT substr(c.relname::text, 7)::bigint, pg_total_relation_size(c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = '_feed'::regclass AND c.relname ~ '^_feed_[0-9]+$' ORDER BY 1";

const TRIM_REST: &str = "WITH gone AS (DELETE FROM _feed_rest WHERE ts < $1 RETURNING ts)
    UPDATE _state SET feed_floor = greatest(feed_floor, (SELECT max(ts) + 1 FROM gone)) RETURNING (SELECT count(*) FROM gone)";

/// Makes the partitions of this hour and the next ones, where they are missing.
pub(super) async fn make_ahead(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let now: i64 = sqlx::query(NOW_MS).fetch_one(&mut *connection).await?.try_get(0)?;
    let there = partitions(connection).await?;
    let first = now / HOUR_MS;
    let missing: Vec<i64> =
        (first..first + AHEAD).filter(|hour| !there.iter().any(|partition| partition.hour == *hour)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(PATIENCE).execute(&mut *transaction).await?;
    if !sqlx::query(LOCK).fetch_one(&mut *transaction).await?.try_get::<bool, _>(0)? {
        return Ok(());
    }
    for hour in missing {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS _feed_{hour} PARTITION OF _feed FOR VALUES FROM ({}) TO ({})",
            hour * HOUR_MS,
            (hour + 1) * HOUR_MS
        );
        // Entries of that time that are elsewhere already keep it from being made; they are fine where they are.
        let mut step = transaction.begin().await?;
        match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *step).await {
            Ok(_) => step.commit().await?,
            Err(error) => {
                tracing::warn!(%error, hour, "a partition of the change feed could not be made");
                step.rollback().await?;
            }
        }
    }
    transaction.commit().await
}

struct Partition {
    hour: i64,
    bytes: i64,
}

async fn partitions(connection: &mut PgConnection) -> Result<Vec<Partition>, sqlx::Error> {
    let rows = sqlx::query(PARTITIONS).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Partition { hour: row.try_get(0)?, bytes: row.try_get(1)? })).collect()
}

/// The hours that need not be kept. Those that may still be written to are, so that no position of now is behind the
/// floor.
fn outdated(partitions: &[Partition], now_ms: i64, keep: FeedKeep) -> Vec<i64> {
    let mut room = keep.bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let mut hours: Vec<i64> = Vec::new();
    for partition in partitions.iter().rev().filter(|partition| partition.hour * HOUR_MS <= now_ms) {
        let current = (partition.hour + 1) * HOUR_MS > now_ms - LONGEST_TRANSACTION_MS;
        let fits = room.is_none_or(|room| room >= partition.bytes);
        room = room.map(|room| room - partition.bytes);
        let young = (partition.hour + 1) * HOUR_MS > keep.since_ms;
        if !(current || young && fits) {
            hours.push(partition.hour);
        }
    }
    hours
}

impl Engine {
    /// Drops the partitions that need not be kept. Returns the number of entries in them.
    pub async fn trim_feed(&self, keep: FeedKeep) -> Result<u64> {
        let mut lease = self.lease().await?;
        let run = lease.run(async |connection| trim(connection, keep).await);
        run.await.map_err(plain)
    }

    /// Renews the statistics that the planner chooses indexes by; the server does so by itself, but later.
    pub async fn optimize(&self) -> Result<()> {
        let mut lease = self.lease().await?;
        lane::control(&mut lease, "ANALYZE".to_owned()).await
    }
}

async fn trim(connection: &mut PgConnection, keep: FeedKeep) -> Result<u64, sqlx::Error> {
    let now: i64 = sqlx::query(NOW_MS).fetch_one(&mut *connection).await?.try_get(0)?;
    let mut entries = 0;
    for hour in outdated(&partitions(connection).await?, now, keep) {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(PATIENCE).execute(&mut *transaction).await?;
        if !sqlx::query(LOCK).fetch_one(&mut *transaction).await?.try_get::<bool, _>(0)? {
            break;
        }
        let count = format!("SELECT count(*) FROM _feed_{hour}");
        let count: i64 = sqlx::query(AssertSqlSafe(count)).fetch_one(&mut *transaction).await?.try_get(0)?;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE _feed_{hour}"))).execute(&mut *transaction).await?;
        sqlx::query("UPDATE _state SET feed_floor = greatest(feed_floor, $1)")
            .bind((hour + 1) * HOUR_MS)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        entries += count.unsigned_abs();
    }
    // What no partition was there for.
    let oldest = keep.since_ms.min(now - LONGEST_TRANSACTION_MS);
    let rest: i64 = sqlx::query(TRIM_REST).bind(oldest).fetch_one(connection).await?.try_get(0)?;
    Ok(entries + rest.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_hours_go_and_those_beyond_the_size_but_never_the_current_one() {
        let partitions: Vec<Partition> = (100..106).map(|hour| Partition { hour, bytes: 10 }).collect();
        let now_ms = 103 * HOUR_MS + LONGEST_TRANSACTION_MS + 5;
        let hours = |since_ms: i64, bytes: Option<u64>| outdated(&partitions, now_ms, FeedKeep { since_ms, bytes });
        assert_eq!(hours(i64::MIN, None), [] as [i64; 0]);
        assert_eq!(hours(101 * HOUR_MS + 1, None), [100]);
        assert_eq!(hours(i64::MAX, None), [102, 101, 100]);
        assert_eq!(hours(i64::MIN, Some(25)), [101, 100]);
        assert_eq!(hours(i64::MIN, Some(0)), [102, 101, 100]);
        let young = 103 * HOUR_MS + 5;
        let keep = FeedKeep { since_ms: i64::MAX, bytes: None };
        assert_eq!(outdated(&partitions, young, keep), [101, 100], "transactions of the hour before may be open");
    }
}
