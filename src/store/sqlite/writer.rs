//! The writer thread: commits many sets in one transaction and answers after the commit.
//!
//! A batch is what queued up while the last one was on its way to the disk. A small one waits a moment for company where
//! the last ones showed that others are on their way ([`GATHER`]): what a commit costs is its sync. A batch of relaxed
//! sets only is not synced, so they cost the disk nothing, neither alone nor beside others. When the transaction itself
//! is lost (full disk, a time limit, a trigger that rolls back), nobody was answered yet: every job runs again alone, so
//! that only the guilty one fails.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Committed, Result, StoreError};
use super::checkpoint::Checkpointer;
use super::crowd::Crowd;
use super::lane::{Context, Failure, Lane};
use super::queue::{Next, Queue, WriteJob};
use crate::clock::Clock;

const BATCH_JOBS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;
const BATCH_TIME: Duration = Duration::from_millis(20);
/// How long a small batch waits for others. A client that writes alone never waits, as nothing comes while it does.
const GATHER: Duration = Duration::from_micros(300);
/// A batch of so many is worth its sync.
const COMPANY: usize = 6;
/// One set may hold up the others for so long.
const JOB_TIME: Duration = Duration::from_millis(250);
/// And a little longer for each of its ops, as an import's sets are large.
const OP_TIME: Duration = Duration::from_millis(1);

pub(super) struct Writer {
    pub(super) lane: Rc<Lane>,
    pub(super) queue: Arc<Queue>,
    pub(super) clock: Clock,
    pub(super) checkpointer: Option<Arc<Checkpointer>>,
    pub(super) waiting: VecDeque<Box<WriteJob>>,
    pub(super) crowd: Crowd,
}

type Done = (Box<WriteJob>, Result<Committed>);

impl Writer {
    pub(super) fn run(mut self) {
        loop {
            // What a batch left over goes first and takes nothing along, so that transactions get their turn.
            let left_over = !self.waiting.is_empty();
            let next = if left_over { Next::Batch } else { self.queue.next(&mut self.waiting, BATCH_JOBS) };
            match next {
                Next::Batch => self.batch(!left_over),
                Next::Interactive(work) => {
                    work(&self.lane);
                    self.queue.release(1);
                }
                Next::Checkpoint => self.checkpoint(),
                Next::Probe => self.probe(),
                Next::Closed => return,
            }
            if let Some(checkpointer) = &self.checkpointer {
                checkpointer.committed();
            }
        }
    }

    fn checkpoint(&self) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.restart(&self.lane.connection);
        }
    }

    /// Writes what is there already, to see whether the disk takes writes again.
    fn probe(&self) {
        let rev = self.lane.rev.get();
        // A counter that is off by one makes the commit write it.
        let written = self.lane.begin().and_then(|()| self.lane.commit(rev - 1));
        if written.is_err() {
            self.lane.rollback(rev);
        }
    }

    fn batch(&mut self, take_along: bool) {
        let rev_before = self.lane.rev.get();
        // What may be lost alone does not wait for the disk, and so takes nothing along that may not.
        let relaxed = self.waiting.iter().all(|job| job.set.relaxed);
        if let Err(error) = self.begin(relaxed) {
            return self.refuse(&error);
        }
        let (done, lost) = self.apply_waiting(take_along && !relaxed);
        self.lane.limit.lift();
        let committed = match lost {
            None => self.lane.commit(rev_before),
            Some(culprit) => {
                self.lane.rollback(rev_before);
                return self.again(done, Some(culprit));
            }
        };
        match committed {
            Ok(()) => {
                if self.lane.syncs() {
                    self.crowd.note(self.queue.requests());
                }
                self.answer(done);
            }
            Err(error) if done.len() == 1 => {
                self.lane.rollback(rev_before);
                let mut error = Some(error);
                self.answer(done.into_iter().filter_map(|(job, _)| Some((job, Err(error.take()?)))).collect());
            }
            Err(_) => {
                self.lane.rollback(rev_before);
                self.again(done, None);
            }
        }
    }

    fn begin(&self, relaxed: bool) -> Result<()> {
        if relaxed { self.lane.begin_relaxed() } else { self.lane.begin() }
    }

    /// Applies jobs until the batch is full. Comes back with the job that cost the transaction, if one did.
    fn apply_waiting(&mut self, take_along: bool) -> (Vec<Done>, Option<Done>) {
        let context = Context { txn: None, at_ms: self.clock.now_ms() };
        let start = Instant::now();
        let mut done: Vec<Done> = Vec::with_capacity(self.waiting.len());
        let (mut bytes, mut may_gather) = (0, self.lane.syncs() && self.crowd.is_expected());
        while done.len() < BATCH_JOBS && bytes < BATCH_BYTES && start.elapsed() < BATCH_TIME {
            if self.waiting.is_empty() && take_along {
                self.take_along(done.len(), &mut may_gather);
            }
            let Some(job) = self.waiting.pop_front() else { break };
            bytes += job.bytes;
            match self.apply(&job, context) {
                Ok(committed) => done.push((job, Ok(committed))),
                Err(Failure { error, poisoned: false }) => done.push((job, Err(error))),
                Err(Failure { error, poisoned: true }) => return (done, Some((job, Err(error)))),
            }
        }
        (done, None)
    }

    /// Adds what came in meanwhile to a batch of `done`, after a moment's wait if that may be and nothing did.
    fn take_along(&mut self, done: usize, may_gather: &mut bool) {
        self.queue.drain(&mut self.waiting, BATCH_JOBS - done);
        if self.waiting.is_empty() && done < COMPANY && std::mem::take(may_gather) {
            self.queue.gather(COMPANY - done, GATHER);
            self.queue.drain(&mut self.waiting, BATCH_JOBS - done);
        }
    }

    fn apply(&self, job: &WriteJob, context: Context) -> Result<Committed, Failure> {
        self.lane.limit.set_deadline(JOB_TIME + OP_TIME * u32::try_from(job.set.ops.len()).unwrap_or(u32::MAX));
        catch_unwind(AssertUnwindSafe(|| self.lane.apply(&job.set, context))).unwrap_or_else(|_panic| {
            Err(Failure { error: StoreError::Other("the write panicked".into()), poisoned: true })
        })
    }

    /// Runs the jobs of a lost transaction, each in one of its own.
    fn again(&mut self, done: Vec<Done>, culprit: Option<Done>) {
        for (job, _) in done {
            let result = self.alone(&job);
            self.answer(vec![(job, result)]);
        }
        let Some((job, first)) = culprit else { return };
        // What ran out of time or panicked would do it again.
        let result = match first {
            Err(error @ (StoreError::Timeout | StoreError::Other(_))) => Err(error),
            _ => self.alone(&job),
        };
        self.answer(vec![(job, result)]);
    }

    fn alone(&self, job: &WriteJob) -> Result<Committed> {
        let rev_before = self.lane.rev.get();
        self.begin(job.set.relaxed)?;
        let context = Context { txn: None, at_ms: self.clock.now_ms() };
        let applied = self.apply(job, context).map_err(|failure| failure.error);
        self.lane.limit.lift();
        let result = applied.and_then(|committed| self.lane.commit(rev_before).map(|()| committed));
        if result.is_err() {
            self.lane.rollback(rev_before);
        }
        result
    }

    fn answer(&self, done: Vec<Done>) {
        let tokens = done.iter().map(|(job, _)| job.tokens).sum();
        for (job, result) in done {
            // Who went away does not learn it; the write stands.
            let _ = job.reply.send(result);
        }
        self.queue.release(tokens);
    }

    /// No transaction can be opened: everything that waits hears of it.
    fn refuse(&mut self, error: &StoreError) {
        let again = || match error {
            StoreError::Unsynced(message) => StoreError::Unsynced(message.clone()),
            other => StoreError::Disk(other.to_string()),
        };
        let answers = self.waiting.drain(..).map(|job| (job, Err(again()))).collect();
        self.answer(answers);
    }
}
