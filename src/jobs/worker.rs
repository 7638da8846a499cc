//! Takes jobs, runs them, and writes what became of them.
//!
//! One loop does all of it, and one write a turn: what ended meanwhile, the leases that need renewal, and the taking of
//! new jobs are committed together. They come at a pace: the more there is to do the larger they get, and not more.
//! Nothing is polled: a turn begins when a job ends, when one is enqueued, or when the next is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

use super::job::Taken;
use super::queue::{self, Lease};
use super::run::{Outcome, run};
use super::{Shared, retry};
use crate::store::{Priority, Row, Statement, WriteSet};

/// Jobs that run at a time.
pub(super) const WORKERS: usize = 128;
/// How long a job that was taken is nobody else's; one that runs longer has its lease renewed in time.
pub(super) const LEASE: Duration = Duration::from_secs(30);
const RENEW_AFTER: Duration = Duration::from_secs(10);
/// From one write to the next at least: what many jobs want written is written at once, and requests find the writer
/// free in between.
const PACE: Duration = Duration::from_millis(2);
/// How long the end of the process waits for jobs that run.
const DRAIN: Duration = Duration::from_secs(5);
/// Before a write that failed is tried again.
pub(super) const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Somebody may set the wall clock, so the time of what is due next is looked at again now and then.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(super) struct Worker {
    shared: Arc<Shared>,
    running: JoinSet<Ended>,
    /// Every job on a lease of ours, until what became of it is written.
    held: HashMap<String, Held>,
    /// There may be jobs to take.
    look: bool,
}

struct Held {
    attempt: i64,
    max_attempts: i64,
    renew_at: Instant,
    run: AbortHandle,
    outcome: Option<Outcome>,
}

struct Ended {
    id: String,
    attempt: i64,
    outcome: Outcome,
}

/// What one write is about to say, and of whom.
#[derive(Default)]
struct Turn {
    statements: Vec<Statement>,
    ended: Vec<String>,
    renewed: Vec<String>,
    /// How many jobs it takes at most.
    room: usize,
}

impl Worker {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, running: JoinSet::new(), held: HashMap::new(), look: false }
    }

    /// Works until it is told to stop; then jobs that run get some time to end.
    pub async fn run(mut self) {
        let mut wake_at = self.next_wake().await;
        let mut write_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.notified() => break,
                Some(ended) = self.running.join_next() => self.note(ended),
                () = self.shared.wake.notified() => self.look = true,
                () = tokio::time::sleep_until(wake_at) => self.look = true,
            }
            // What comes first after a while waits for nothing.
            tokio::time::sleep_until(write_at).await;
            write_at = Instant::now() + PACE;
            wake_at = match self.turn(self.look).await {
                true => self.next_wake().await,
                false => Instant::now() + AFTER_FAILURE,
            };
        }
        if !self.shared.abandoned.load(Ordering::Acquire) {
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        let end = Instant::now() + DRAIN;
        while !self.held.is_empty() && Instant::now() < end {
            // Nothing runs any more when only the write of the outcomes failed.
            let pause = Instant::now() + AFTER_FAILURE;
            if let Ok(Some(ended)) = tokio::time::timeout_at(end.min(pause), self.running.join_next()).await {
                self.note(ended);
            }
            self.turn(false).await;
        }
        self.running.shutdown().await;
    }

    /// One write. False when it failed: then everything is as it was and the next turn says it again.
    async fn turn(&mut self, take: bool) -> bool {
        while let Some(ended) = self.running.try_join_next() {
            self.note(ended);
        }
        let ended = self.held.values().filter(|held| held.outcome.is_some()).count();
        let mut turn = self.plan(if take { WORKERS - self.held.len() + ended } else { 0 });
        if turn.statements.is_empty() {
            return true;
        }
        let statements = std::mem::take(&mut turn.statements);
        // What a power loss takes back is a job that runs again, as after the end of a lease.
        let set = WriteSet { relaxed: true, ..WriteSet::system(statements, Priority::Background) };
        match self.shared.store.write(set).await {
            Ok(committed) => self.settle(turn, committed.rows),
            Err(error) => {
                tracing::warn!(%error, "what became of jobs could not be written");
                return false;
            }
        }
        true
    }

    fn plan(&self, room: usize) -> Turn {
        let now = Instant::now();
        let now_ms = self.shared.clock.now_ms();
        let lease_ms = LEASE.as_millis() as i64;
        let mut turn = Turn { room, ..Turn::default() };
        let mut renewals = Vec::new();
        for (id, held) in &self.held {
            let lease = Lease { id, attempt: held.attempt };
            match &held.outcome {
                Some(outcome) => {
                    turn.ended.push(id.clone());
                    turn.statements.push(end(lease, held.max_attempts, outcome, now_ms));
                }
                None if held.renew_at <= now => {
                    turn.renewed.push(id.clone());
                    renewals.push(queue::renew(lease, now_ms, lease_ms));
                }
                None => {}
            }
        }
        turn.statements.append(&mut renewals);
        turn.statements.extend((room > 0).then(|| queue::take(now_ms, lease_ms, room)));
        turn
    }

    /// `rows` are what each statement of the turn returned.
    fn settle(&mut self, turn: Turn, mut rows: Vec<Vec<Row>>) {
        let taken = if turn.room > 0 { rows.pop().unwrap_or_default() } else { Vec::new() };
        let mut gone = 0;
        for (id, row) in turn.ended.iter().zip(&rows) {
            let done = self.held.remove(id).is_some_and(|held| held.outcome.is_some_and(|outcome| outcome.is_ok()));
            gone += usize::from(done && !row.is_empty());
        }
        self.shared.room.give_back(gone);
        for (id, row) in turn.renewed.iter().zip(rows.iter().skip(turn.ended.len())) {
            match self.held.get_mut(id) {
                Some(held) if !row.is_empty() => held.renew_at = Instant::now() + RENEW_AFTER,
                _ => self.give_up(id),
            }
        }
        if turn.room > 0 {
            self.look = taken.len() == turn.room;
        }
        for job in queue::taken(&taken) {
            self.start(job);
        }
    }

    fn start(&mut self, job: Taken) {
        // Its lease may have run out unnoticed, when the wall clock jumped.
        self.give_up(&job.id);
        let (id, attempt, max_attempts) = (job.id.clone(), job.attempt, job.max_attempts);
        let handler = self.shared.handlers.read().get(&job.name).cloned();
        let run = self.running.spawn_local(async move {
            let id = job.id.clone();
            Ended { id, attempt, outcome: run(job, handler).await }
        });
        let renew_at = Instant::now() + RENEW_AFTER;
        self.held.insert(id, Held { attempt, max_attempts, renew_at, run, outcome: None });
    }

    /// A job whose lease is lost is somebody else's.
    fn give_up(&mut self, id: &str) {
        if let Some(held) = self.held.remove(id) {
            tracing::warn!(job = id, attempt = held.attempt, "a job lost its lease and is given up here");
            held.run.abort();
        }
    }

    fn note(&mut self, ended: Result<Ended, JoinError>) {
        // Only a run that was given up has no outcome.
        let Ok(Ended { id, attempt, outcome }) = ended else { return };
        if let Some(held) = self.held.get_mut(&id).filter(|held| held.attempt == attempt) {
            held.outcome = Some(outcome);
        }
    }

    /// When the next turn is due if nothing happens before.
    async fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let renewal = self.held.values().map(|held| held.renew_at).min();
        let waits = [self.next_due().await.map(|wait| now + wait), renewal];
        waits.into_iter().flatten().fold(now + LONGEST_WAIT, Instant::min)
    }

    /// How long until a job is due; `None` when there is none, or no room for it.
    async fn next_due(&self) -> Option<Duration> {
        if self.held.len() >= WORKERS {
            return None;
        }
        match self.shared.store.reader().first(queue::next_due(self.shared.clock.now_ms())).await {
            Ok(row) => {
                let wait_ms = row?.get(0).as_i64()?;
                Some(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()))
            }
            Err(error) => {
                tracing::warn!(%error, "the queue of jobs could not be read");
                Some(AFTER_FAILURE)
            }
        }
    }
}

fn end(lease: Lease<'_>, max_attempts: i64, outcome: &Outcome, now_ms: i64) -> Statement {
    match outcome {
        Ok(()) => queue::complete(lease, now_ms),
        Err(error) if lease.attempt >= max_attempts => queue::bury(lease, now_ms, error),
        Err(error) => queue::retry_later(lease, now_ms, retry::wait_ms(lease.attempt), error),
    }
}
