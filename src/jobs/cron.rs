//! Schedules: when the slot of one has come, a job is enqueued for it.
//!
//! The slot is written in the same transaction, so of many servers on one store exactly one enqueues the job. A slot
//! that passed while no server ran is made up for once, the last one only.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::job::{NewJob, Priority};
use super::schedule::Schedule;
use super::worker::{AFTER_FAILURE, LONGEST_WAIT};
use super::{Shared, queue};
use crate::error::Result;
use crate::store::{self, Statement, StoreError, Value, WriteSet};

/// A maintenance task that fails comes again with its next slot.
const ATTEMPTS: u32 = 3;

const TAKE_SLOT: &str = "INSERT INTO _job_runs (cron, slot, job) VALUES (?1, ?2, ?3)";
const LAST_SLOT: &str = "SELECT max(slot) FROM _job_runs WHERE cron = ?1";

/// A schedule as the API shows it (contract 8.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cron {
    pub id: String,
    pub expression: String,
}

/// A registered schedule.
pub(super) struct Scheduled {
    pub cron: Cron,
    pub schedule: Schedule,
}

/// The job of a cron: one at a time, whoever asks for it.
pub(super) fn job(id: &str) -> NewJob {
    NewJob {
        priority: Priority::Low,
        unique_key: Some(format!("cron:{id}")),
        max_attempts: ATTEMPTS,
        ..NewJob::new(id, Json::Null)
    }
}

/// Watches the schedules of one process.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    /// The last slot of each schedule that needs no more attention.
    seen: HashMap<String, DateTime<Utc>>,
}

impl Ticker {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seen: HashMap::new() }
    }

    pub async fn run(mut self) {
        loop {
            let wait = match self.tick().await {
                Ok(()) => self.wait(),
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "the schedules could not be looked at");
                    AFTER_FAILURE
                }
            };
            tokio::time::sleep_until(Instant::now() + wait).await;
        }
    }

    /// Enqueues the jobs of all slots that have come.
    ///
    /// # Errors
    /// Those of the store; what was not done is done by the next call.
    pub async fn tick(&mut self) -> Result<()> {
        let crons = self.shared.crons.read().clone();
        for scheduled in &crons {
            let now = self.shared.clock.now();
            let Some(slot) = scheduled.schedule.latest(now) else { continue };
            let id = &scheduled.cron.id;
            let last = match self.seen.get(id) {
                Some(seen) => Some(*seen),
                None => self.last_slot(id).await?,
            };
            match last {
                Some(last) if last >= slot => {}
                Some(_) => self.take(id, slot, Some(job(id))).await?,
                // A new schedule starts with its next slot; this one is noted, so that a later start knows what it missed.
                None => self.take(id, slot, None).await?,
            }
            self.seen.insert(id.clone(), slot);
        }
        Ok(())
    }

    async fn last_slot(&self, id: &str) -> Result<Option<DateTime<Utc>>> {
        let row = self.shared.store.reader().first(Statement::new(LAST_SLOT, vec![id.into()])).await?;
        Ok(row.and_then(|row| row.get(0).as_i64()).and_then(DateTime::from_timestamp_millis))
    }

    async fn take(&self, id: &str, slot: DateTime<Utc>, job: Option<NewJob>) -> Result<()> {
        let enqueue = job.map(|job| queue::enqueue(&job, self.shared.clock.now_ms())).transpose()?;
        let job_id = enqueue.as_ref().and_then(|statement| statement.params.first().cloned()).unwrap_or(Value::Null);
        let take = Statement::new(TAKE_SLOT, vec![id.into(), slot.timestamp_millis().into(), job_id]);
        let set = WriteSet::system([take].into_iter().chain(enqueue), store::Priority::Background);
        match self.shared.store.write(set).await {
            Ok(_) => self.shared.wake.notify_one(),
            // Another server was first.
            Err(StoreError::Unique { table, .. }) if table == "_job_runs" => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn wait(&self) -> std::time::Duration {
        let now = self.shared.clock.now();
        let crons = self.shared.crons.read();
        let next = crons.iter().filter_map(|scheduled| scheduled.schedule.next_after(now)).min();
        next.and_then(|next| (next - now).to_std().ok()).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
    }
}
