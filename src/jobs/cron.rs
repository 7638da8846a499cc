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
use crate::store::{self, Statement, StoreError, WriteSet};

/// A maintenance task that fails comes again with its next slot.
const ATTEMPTS: u32 = 3;

/// Fails where another server took the slot, and with it what is written together with this.
const TAKE_SLOT: &str = "INSERT INTO _job_runs (cron, slot) VALUES (?1, ?2)";
const NOTE_SLOT: &str = "INSERT INTO _job_runs (cron, slot) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const LAST_SLOTS: &str = "SELECT cron, max(slot) FROM _job_runs GROUP BY cron";

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
                Ok(now) => self.wait(now),
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "the schedules could not be looked at");
                    AFTER_FAILURE
                }
            };
            tokio::time::sleep_until(Instant::now() + wait).await;
        }
    }

    /// Enqueues the jobs of all slots that have come; the time that it went by.
    ///
    /// # Errors
    /// Those of the store; what was not done is done by the next call.
    pub async fn tick(&mut self) -> Result<DateTime<Utc>> {
        let crons = self.shared.crons.read().clone();
        let now = self.shared.now().await?;
        if crons.iter().any(|scheduled| !self.seen.contains_key(&scheduled.cron.id)) {
            self.recall(&crons, now).await?;
        }
        for Scheduled { cron, schedule } in crons.iter().map(Arc::as_ref) {
            if let Some(slot) = schedule.latest(now)
                && self.seen.get(&cron.id).is_some_and(|seen| *seen < slot)
            {
                self.take(&cron.id, slot).await?;
                self.seen.insert(cron.id.clone(), slot);
            }
        }
        Ok(now)
    }

    /// Learns the last slot of every schedule. One that has none starts with its next slot; the one before is noted, so
    /// that a later start knows what it missed.
    async fn recall(&mut self, crons: &[Arc<Scheduled>], now: DateTime<Utc>) -> Result<()> {
        for row in self.shared.store.reader().rows(Statement::new(LAST_SLOTS, vec![])).await? {
            let slot = row.get(1).as_i64().and_then(DateTime::from_timestamp_millis);
            self.seen.entry(row.get(0).as_str().to_owned()).or_insert(slot.unwrap_or(now));
        }
        let new = crons.iter().filter(|scheduled| !self.seen.contains_key(&scheduled.cron.id));
        let new: Vec<_> = new.map(|new| (new.cron.id.clone(), new.schedule.latest(now).unwrap_or(now))).collect();
        if new.is_empty() {
            return Ok(());
        }
        let notes = new
            .iter()
            .map(|(id, slot)| Statement::new(NOTE_SLOT, vec![id.as_str().into(), slot.timestamp_millis().into()]));
        self.shared.store.write(WriteSet::system(notes, store::Priority::Background)).await?;
        self.seen.extend(new);
        Ok(())
    }

    async fn take(&self, id: &str, slot: DateTime<Utc>) -> Result<()> {
        let enqueue = queue::enqueue(&job(id), self.shared.clock.now_ms())?;
        // No room is asked for: there are as many of these as schedules, and one of them sweeps a full queue.
        let take = Statement::new(TAKE_SLOT, vec![id.into(), slot.timestamp_millis().into()]);
        match self.shared.store.write(WriteSet::system([take, enqueue], store::Priority::Background)).await {
            Ok(_) => self.shared.wake.notify_one(),
            // Another server was first.
            Err(StoreError::Unique { table, .. }) if table == "_job_runs" => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn wait(&self, now: DateTime<Utc>) -> std::time::Duration {
        let crons = self.shared.crons.read();
        let next = crons.iter().filter_map(|scheduled| scheduled.schedule.next_after(now)).min();
        next.and_then(|next| (next - now).to_std().ok()).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
    }
}
