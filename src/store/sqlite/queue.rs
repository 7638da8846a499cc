//! What waits for the writer: two bounded queues behind one lock.
//!
//! Admission is counted in tokens of 16 KiB: 4,096 jobs or 64 MiB, whichever is reached first. A job larger than
//! everything takes all tokens, so it is admitted once the queue is empty, and alone.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, oneshot};

use super::super::{Committed, Op, Priority, Result, StoreError, Value, WriteSet};
use super::lane::Lane;

const TOKENS: u32 = 4096;
const BYTES_PER_TOKEN: usize = 16 << 10;

/// A set on its way, with the one who waits for it.
pub(super) struct WriteJob {
    pub(super) set: WriteSet,
    pub(super) reply: oneshot::Sender<Result<Committed>>,
    pub(super) bytes: usize,
    pub(super) tokens: u32,
}

pub(super) type Interactive = Box<dyn FnOnce(&std::rc::Rc<Lane>) + Send>;

enum Job {
    Write(Box<WriteJob>),
    Interactive(Interactive),
}

/// What the writer does next.
pub(super) enum Next {
    /// Write jobs were put into the writer's hands.
    Batch,
    Interactive(Interactive),
    Checkpoint,
    /// See whether the disk takes writes again.
    Probe,
    Closed,
}

pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    tokens: Semaphore,
    /// How long a job waits for its admission; requests that give up earlier drop the future.
    wait: Duration,
}

#[derive(Default)]
struct State {
    requests: VecDeque<Job>,
    background: VecDeque<Box<WriteJob>>,
    checkpoint: bool,
    probe: bool,
    closed: bool,
    waiting: bool,
    /// How many requests must be there before the writer is woken.
    wanted: usize,
}

/// How much of the background queue may go into one batch.
pub(super) const BACKGROUND_JOBS: usize = 128;

impl Queue {
    pub(super) fn new(wait: Duration) -> Self {
        Self { state: Mutex::default(), wake: Condvar::new(), tokens: Semaphore::new(TOKENS as usize), wait }
    }

    pub(super) async fn write(&self, set: WriteSet) -> Result<Committed> {
        let bytes = weight(&set);
        let tokens = self.admit(bytes).await?;
        let (reply, answer) = oneshot::channel();
        let background = set.priority == Priority::Background;
        let job = Box::new(WriteJob { set, reply, bytes, tokens });
        self.push(|state| {
            if background {
                state.background.push_back(job);
            } else {
                state.requests.push_back(Job::Write(job));
            }
        })?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Queues a transaction; it sends its answer itself.
    pub(super) async fn interactive(&self, work: Interactive) -> Result<()> {
        self.admit(0).await?;
        self.push(|state| state.requests.push_back(Job::Interactive(work)))
    }

    async fn admit(&self, bytes: usize) -> Result<u32> {
        let tokens = u32::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(TOKENS).clamp(1, TOKENS);
        let permit = match self.tokens.try_acquire_many(tokens) {
            Ok(permit) => permit,
            Err(tokio::sync::TryAcquireError::Closed) => return Err(StoreError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => {
                tokio::time::timeout(self.wait, self.tokens.acquire_many(tokens))
                    .await
                    .map_err(|_elapsed| StoreError::Overloaded)?
                    .map_err(|_closed| StoreError::Closed)?
            }
        };
        // The writer gives them back when the job is answered.
        permit.forget();
        Ok(tokens)
    }

    fn push(&self, add: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(StoreError::Closed);
        }
        add(&mut state);
        let waiting = state.waiting && state.requests.len() >= state.wanted;
        drop(state);
        if waiting {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Waits for work. Write jobs, at most `jobs`, are moved to `batch`.
    pub(super) fn next(&self, batch: &mut VecDeque<Box<WriteJob>>, jobs: usize) -> Next {
        let mut state = self.state.lock();
        loop {
            if state.checkpoint {
                state.checkpoint = false;
                return Next::Checkpoint;
            }
            if state.probe {
                state.probe = false;
                return Next::Probe;
            }
            if state.take(batch, jobs, BACKGROUND_JOBS) > 0 {
                return Next::Batch;
            }
            if let Some(Job::Interactive(work)) = state.requests.pop_front() {
                return Next::Interactive(work);
            }
            if state.closed {
                return Next::Closed;
            }
            state.waiting = true;
            self.wake.wait(&mut state);
            state.waiting = false;
        }
    }

    /// Waits until so many requests are there, but not longer than `at_most`; not at all while some are, as what was
    /// left there is a transaction that has its turn.
    pub(super) fn gather(&self, wanted: usize, at_most: Duration) {
        let mut state = self.state.lock();
        if !state.requests.is_empty() {
            return;
        }
        (state.waiting, state.wanted) = (true, wanted);
        self.wake.wait_while_for(&mut state, |state| state.requests.len() < wanted && !state.closed, at_most);
        (state.waiting, state.wanted) = (false, 0);
    }

    /// How many requests wait.
    pub(super) fn requests(&self) -> usize {
        self.state.lock().requests.len()
    }

    /// Moves the requests that came in meanwhile to `batch`.
    pub(super) fn drain(&self, batch: &mut VecDeque<Box<WriteJob>>, jobs: usize) {
        self.state.lock().take(batch, jobs, 0);
    }

    /// Asks the writer for a checkpoint between two batches.
    pub(super) fn ask_checkpoint(&self) {
        // A closed queue is checkpointed by the one who closes it.
        let _ = self.push(|state| state.checkpoint = true);
    }

    pub(super) fn ask_probe(&self) {
        // A closed queue is not ready anyway.
        let _ = self.push(|state| state.probe = true);
    }

    pub(super) fn release(&self, tokens: u32) {
        self.tokens.add_permits(tokens as usize);
    }

    pub(super) fn has_room(&self) -> bool {
        self.tokens.available_permits() > 0
    }

    /// The writer is gone: nothing that waits will be answered.
    pub(super) fn abandon(&self) {
        self.close();
        let mut state = self.state.lock();
        state.requests.clear();
        state.background.clear();
    }

    /// Refuses new jobs; the writer finishes those it has.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.tokens.close();
        self.wake.notify_all();
    }
}

impl State {
    fn take(&mut self, batch: &mut VecDeque<Box<WriteJob>>, jobs: usize, background: usize) -> usize {
        let before = batch.len();
        while batch.len() - before < jobs {
            match self.requests.pop_front() {
                Some(Job::Write(job)) => batch.push_back(job),
                Some(other) => {
                    self.requests.push_front(other);
                    break;
                }
                None => break,
            }
        }
        let room = background.min(jobs - (batch.len() - before)).min(self.background.len());
        batch.extend(self.background.drain(..room));
        batch.len() - before
    }
}

/// About how much memory a set holds.
fn weight(set: &WriteSet) -> usize {
    let values = |values: &mut dyn Iterator<Item = &Value>| -> usize {
        values
            .map(|value| match value {
                Value::Text(text) => text.len(),
                Value::Blob(bytes) => bytes.len(),
                _ => 8,
            })
            .sum()
    };
    set.ops
        .iter()
        .map(|op| match op {
            Op::Insert { values: row, image, .. } => values(&mut row.iter()) + image.len(),
            Op::Update { set, image, old, .. } => {
                values(&mut set.iter().map(|(_, value)| value)) + image.len() + old.len()
            }
            Op::Delete { old, .. } => old.len(),
            Op::Load { rows, .. } => rows.iter().map(|row| values(&mut row.iter())).sum(),
            Op::System(statement) => statement.sql.len() + values(&mut statement.params.iter()),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVER: Duration = Duration::from_secs(600);

    async fn push(queue: &Queue) {
        queue.interactive(Box::new(|_| ())).await.unwrap();
    }

    #[tokio::test]
    async fn company_is_waited_for_but_not_for_ever() {
        let queue = Queue::new(Duration::ZERO);
        queue.gather(1, Duration::from_millis(1));
        std::thread::scope(|threads| {
            let gathering = threads.spawn(|| queue.gather(2, EVER));
            futures_util::FutureExt::now_or_never(async { (push(&queue).await, push(&queue).await) }).unwrap();
            gathering.join().unwrap();
        });
        assert_eq!(queue.requests(), 2);
        queue.gather(3, EVER);
        let closed = Queue::new(Duration::ZERO);
        closed.close();
        closed.gather(1, EVER);
    }
}
