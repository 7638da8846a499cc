//! Shortens the change feed from its old end, and keeps the planner's statistics fresh.
//!
//! *Invariant:* the floor rises in the transaction that deletes, so a consumer at or above the floor has missed nothing.
//! The epoch stays: the history goes on.

use tokio::sync::oneshot;

use super::super::{FeedKeep, Priority, Reader, Result, Statement, Store, StoreError, Value, WriteSet};
use super::connection::batch;
use super::{Engine, tx};

/// Rows that one write deletes at first; large ones take several times as long, so the number halves on a timeout.
const CHUNK_ROWS: i64 = 500;
/// Rows whose size is looked at to estimate that of all.
const SAMPLE_ROWS: i64 = 64;
/// What a row takes beside its images.
const ROW_BYTES: i64 = 96;

/// The ends of the feed.
const ENDS: &str = "SELECT (SELECT min(rev) FROM _feed), (SELECT max(rev) FROM _feed)";
/// The last revision of those at the old end that may go: they are older than `?1`, or not above `?2`.
const CUT: &str = "SELECT coalesce(min(CASE WHEN ts >= ?1 AND rev > ?2 THEN rev END), max(rev) + 1) - 1
    FROM (SELECT rev, ts FROM _feed ORDER BY rev LIMIT ?3)";
const DELETE: &str = "DELETE FROM _feed WHERE rev <= ?1";
const RAISE_FLOOR: &str = "UPDATE _meta SET v = ?1 WHERE k = 'feed_floor' AND v < ?1";

/// Rows of an index that an analysis looks at: enough for the planner, and short for a large table.
const ANALYSIS_ROWS: u32 = 400;

impl Engine {
    /// Deletes what need not be kept, in chunks that yield to requests. Returns the number of deleted rows.
    pub async fn trim_feed(&self, keep: FeedKeep) -> Result<u64> {
        let reader = Reader::Store(Store::Sqlite(self.clone()));
        let Some((first, last)) = ends(&reader).await? else { return Ok(0) };
        let too_many = self.beyond_size(&reader, (first, last), keep.bytes).await?;
        let (mut rows, mut floor) = (CHUNK_ROWS, first - 1);
        loop {
            let params = vec![keep.since_ms.into(), too_many.into(), rows.into()];
            let cut = number(&reader, Statement::new(CUT, params)).await?.unwrap_or(floor);
            if cut <= floor {
                return Ok((floor + 1 - first).unsigned_abs());
            }
            let statements = [DELETE, RAISE_FLOOR].map(|sql| Statement::new(sql, vec![cut.into()]));
            match self.write(WriteSet::system(statements, Priority::Background)).await {
                Ok(_) => floor = cut,
                Err(StoreError::Timeout) if rows > 1 => rows /= 2,
                Err(error) => return Err(error),
            }
        }
    }

    /// The last revision that must go for the rest to take no more than `bytes`.
    async fn beyond_size(&self, reader: &Reader, (first, last): (i64, i64), bytes: Option<u64>) -> Result<i64> {
        let Some(bytes) = bytes else { return Ok(0) };
        let places: Vec<String> = (1..=SAMPLE_ROWS).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "SELECT avg(coalesce(length(after), 0) + coalesce(length(old), 0)) FROM _feed WHERE rev IN ({})",
            places.join(",")
        );
        let revs = (0..SAMPLE_ROWS).map(|index| Value::Int(first + (last - first) * index / (SAMPLE_ROWS - 1)));
        let average = number(reader, Statement::new(sql, revs.collect())).await?.unwrap_or_default();
        let kept = i64::try_from(bytes).unwrap_or(i64::MAX) / (average + ROW_BYTES);
        Ok(last.saturating_sub(kept))
    }

    /// Renews the statistics that the planner chooses indexes by, where they are out of date.
    pub async fn optimize(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        self.0
            .queue
            .interactive(Box::new(move |lane| {
                lane.limit.set_deadline(tx::TRANSACTION_TIME);
                // 0x10002: analyze what needs it, of all tables, not only of those that this connection reads.
                let sql = format!("PRAGMA analysis_limit = {ANALYSIS_ROWS}; PRAGMA optimize = 0x10002;");
                let result = batch(&lane.connection, &sql);
                lane.limit.lift();
                // Who went away does not learn it.
                let _ = sender.send(result);
            }))
            .await?;
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }
}

async fn ends(reader: &Reader) -> Result<Option<(i64, i64)>> {
    let row = reader.first(Statement::new(ENDS, vec![])).await?;
    Ok(row.and_then(|row| Some((row.get(0).as_i64()?, row.get(1).as_i64()?))))
}

async fn number(reader: &Reader, statement: Statement) -> Result<Option<i64>> {
    Ok(reader.first(statement).await?.and_then(|row| row.get(0).as_i64()))
}
