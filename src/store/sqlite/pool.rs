//! Reads that take longer: a few threads with a connection each, and a bounded queue.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::InterruptHandle;
use tokio::sync::{Semaphore, oneshot};

use super::super::{Result, Sink, Statement, StoreError};
use super::reader::Open;
use super::{Options, connection};

/// Reads that wait at most.
const QUEUE: usize = 1024;

type Task = Box<dyn FnOnce(&Open) + Send>;

pub(super) struct Pool {
    shared: Arc<Shared>,
    timeout: Duration,
    threads: Mutex<Vec<JoinHandle<()>>>,
    interrupts: Vec<InterruptHandle>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    tokens: Semaphore,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    closed: bool,
}

impl Pool {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new(), tokens: Semaphore::new(QUEUE) });
        let mut threads = Vec::new();
        let mut interrupts = Vec::new();
        for index in 0..options.reader_threads.max(1) {
            let open = Open::new(path, options)?;
            interrupts.push(open.connection.get_interrupt_handle());
            let theirs = shared.clone();
            let thread = std::thread::Builder::new()
                .name(format!("reader-{index}"))
                .spawn(move || theirs.run(&open))
                .map_err(|error| StoreError::Other(error.to_string()))?;
            threads.push(thread);
        }
        let timeout = Duration::from_millis(options.query_timeout_ms);
        Ok(Self { shared, timeout, threads: Mutex::new(threads), interrupts })
    }

    pub(super) async fn stream<S: Sink>(&self, statement: Statement, mut sink: S) -> Result<S> {
        self.run(move |open| {
            connection::stream(&open.connection, &statement, &mut sink)?;
            Ok(sink)
        })
        .await
    }

    /// Runs something on a reader's thread under the query timeout.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Open) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        tokio::time::timeout(self.timeout, self.shared.tokens.acquire())
            .await
            .map_err(|_elapsed| StoreError::Overloaded)?
            .map_err(|_closed| StoreError::Closed)?
            .forget();
        let (sender, receiver) = oneshot::channel();
        let timeout = self.timeout;
        let task: Task = Box::new(move |open| {
            if sender.is_closed() {
                return;
            }
            open.limit.set_deadline(timeout);
            let result = catch_unwind(AssertUnwindSafe(|| work(open)))
                .unwrap_or_else(|_panic| Err(StoreError::Other("a read panicked".into())));
            open.limit.lift();
            // Who went away meanwhile does not want the answer.
            let _ = sender.send(result);
        });
        {
            let mut state = self.shared.state.lock();
            if state.closed {
                return Err(StoreError::Closed);
            }
            state.tasks.push_back(task);
        }
        self.shared.wake.notify_one();
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Gives up what runs and what waits.
    pub(super) fn close(&self) {
        {
            let mut state = self.shared.state.lock();
            state.closed = true;
            state.tasks.clear();
        }
        self.shared.tokens.close();
        self.shared.wake.notify_all();
        for interrupt in &self.interrupts {
            interrupt.interrupt();
        }
        for thread in self.threads.lock().drain(..) {
            // The last handle may go on one of these threads. A panic was reported when it happened.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn run(&self, open: &Open) {
        loop {
            let task = {
                let mut state = self.state.lock();
                loop {
                    if let Some(task) = state.tasks.pop_front() {
                        break task;
                    }
                    if state.closed {
                        return;
                    }
                    self.wake.wait(&mut state);
                }
            };
            task(open);
            self.tokens.add_permits(1);
        }
    }
}
