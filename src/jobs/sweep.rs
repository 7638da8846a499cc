//! What the queue forgets: dead jobs that nobody looked at, and slots that were taken long ago.

use chrono::TimeDelta;

use super::Shared;
use crate::error::Result;
use crate::store::{Priority, Statement, WriteSet};

/// Dead jobs are kept for so long, and at most so many of them.
const DEAD_DAYS: i64 = 30;
const DEAD_KEPT: i64 = 10_000;
/// Which slots were taken is remembered for so long, the last one of a schedule always.
const SLOT_DAYS: i64 = 7;
/// Rows that one write deletes.
const CHUNK_ROWS: usize = 500;

const OLD: &str = "DELETE FROM _jobs WHERE id IN
    (SELECT id FROM _jobs WHERE state = 2 AND due < ?1 ORDER BY due LIMIT ?2) RETURNING 1";
const TOO_MANY: &str = "DELETE FROM _jobs WHERE id IN
    (SELECT id FROM _jobs WHERE state = 2 ORDER BY due DESC LIMIT ?2 OFFSET ?1) RETURNING 1";
const SLOTS: &str = "DELETE FROM _job_runs WHERE slot < ?1
    AND slot < (SELECT max(slot) FROM _job_runs AS later WHERE later.cron = _job_runs.cron)";

impl Shared {
    /// # Errors
    /// Those of the store.
    pub(super) async fn sweep(&self) -> Result<()> {
        let now = self.now().await?;
        let before = |days: i64| (now - TimeDelta::days(days)).timestamp_millis();
        self.delete_in_chunks(OLD, before(DEAD_DAYS)).await?;
        self.delete_in_chunks(TOO_MANY, DEAD_KEPT).await?;
        let slots = Statement::new(SLOTS, vec![before(SLOT_DAYS).into()]);
        self.store.write(WriteSet::system([slots], Priority::Background)).await?;
        Ok(())
    }

    async fn delete_in_chunks(&self, sql: &str, bound: i64) -> Result<()> {
        loop {
            let statement = Statement::new(sql, vec![bound.into(), (CHUNK_ROWS as i64).into()]);
            let committed = self.store.write(WriteSet::system([statement], Priority::Background)).await?;
            let deleted = committed.rows.first().map_or(0, Vec::len);
            self.room.give_back(deleted);
            if deleted < CHUNK_ROWS {
                return Ok(());
            }
        }
    }
}
