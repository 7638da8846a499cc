//! Counters that the nodes share: rows without a log of their own, which a crash of the server may take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::super::{Counted, Result, Total};
use super::Engine;
use super::error::plain;

/// In the order of the keys, so that nodes that add to the same ones wait for each other and do not block each other.
const ADD: &str = "INSERT INTO _counters AS c (key, count, ends)
    SELECT key, count, statement_timestamp() + ms * interval '1 millisecond'
        FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n (key, count, ms) ORDER BY key COLLATE \"C\"
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN c.ends > statement_timestamp() THEN c.count + excluded.count ELSE excluded.count END,
        ends = CASE WHEN c.ends > statement_timestamp() THEN c.ends ELSE excluded.ends END
    RETURNING key, count, (extract(epoch FROM ends - statement_timestamp()) * 1000)::bigint";
const CLEAR: &str = "DELETE FROM _counters WHERE key IN
    (SELECT key FROM _counters WHERE ends < statement_timestamp() LIMIT 10000 FOR UPDATE SKIP LOCKED)";

/// A window that is longer is as good as endless; 3,000 years.
const MAX_MS: u128 = 100_000_000_000_000;
/// So often added to, those that have ended are taken away.
const CLEAR_EACH: u32 = 256;

/// How often this node added.
#[derive(Default)]
pub(super) struct Added(AtomicU32);

impl Engine {
    pub async fn count(&self, counted: Vec<Counted>) -> Result<Vec<Total>> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let lengths: Vec<i64> = counted.iter().map(|one| one.window.as_millis().min(MAX_MS) as i64).collect();
        let counts: Vec<i64> = counted.iter().map(|one| number(one.count)).collect();
        let keys: Vec<String> = counted.into_iter().map(|one| one.key).collect();
        let mut lease = self.lease().await?;
        let add = lease.run(async |connection| {
            sqlx::query(ADD).bind(&keys).bind(&counts).bind(&lengths).fetch_all(connection).await
        });
        let rows = add.await.map_err(plain)?;
        if self.0.added.0.fetch_add(1, Ordering::Relaxed) % CLEAR_EACH == CLEAR_EACH - 1 {
            let clear = lease.run(async |connection| sqlx::query(CLEAR).execute(connection).await);
            clear.await.map_err(plain)?;
        }
        rows.iter().map(total).collect::<Result<_, _>>().map_err(plain)
    }
}

fn total(row: &PgRow) -> Result<Total, sqlx::Error> {
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let left = Duration::from_millis(number(row.try_get(2)?));
    Ok(Total { key: row.try_get(0)?, count: number(row.try_get(1)?), left })
}
