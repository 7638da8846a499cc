//! What nodes share besides the database, where there is a Redis: counters in windows of time, and calls to each other.
//!
//! Nothing here is needed for a right answer, and all of it may be lost. A Redis that is away or slower than
//! [`ANSWER_TIME`] is told of once, and not asked again until `keeper.rs` finds it back; whoever asks meanwhile is told
//! at once that there is nobody ([`None`], `false`) and does without.
//!
//! *Invariant:* no request waits longer than [`ANSWER_TIME`] for Redis, and no more than one such time for a Redis that
//! went silent. Start reading at [`Redis::draw`].

mod channel;
mod keeper;
mod script;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};

pub use channel::{Channel, Listening};
pub use script::Draw;

/// An answer that takes longer counts as none.
const ANSWER_TIME: Duration = Duration::from_millis(50);

/// A Redis, present or away. Cheap to clone; the last clone ends the thread behind it.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    line: Arc<Line>,
    /// Where connections live, whoever uses them.
    handle: Handle,
    /// Its end ends the thread.
    _running: oneshot::Sender<()>,
}

/// The way to the server.
struct Line {
    client: redis::Client,
    /// What all names begin with, so that several instances can share one server.
    prefix: String,
    connection: ArcSwapOption<MultiplexedConnection>,
    /// How often a connection was given up.
    losses: AtomicU64,
    /// Wakes the keeper.
    doubt: Notify,
    /// Why the connection was given up, for the keeper to tell.
    reason: Mutex<Option<String>>,
}

impl Redis {
    /// Looks for the server from now on, whether it is there or not. `instance` names whose data it is.
    ///
    /// # Errors
    /// When the URL is not one, or the system gives no thread.
    pub fn open(url: &str, instance: &str) -> Result<Self, RedisError> {
        let line = Arc::new(Line::to(url, instance)?);
        let (running, ended) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build().map_err(RedisError::Thread)?;
        let handle = runtime.handle().clone();
        let keeping = keeper::keep(line.clone());
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keeping => {}
                    _ = ended => {}
                }
            });
        };
        std::thread::Builder::new().name("redis".into()).spawn(work).map_err(RedisError::Thread)?;
        Ok(Self(Arc::new(Shared { line, handle, _running: running })))
    }

    /// How long this server takes to answer.
    ///
    /// # Errors
    /// Why it can't be used.
    pub async fn examine(url: &str) -> Result<Duration, String> {
        let line = Line::to(url, "doctor").map_err(|error| error.to_string())?;
        keeper::find(&line).await?;
        let started = Instant::now();
        match line.ask(async |connection| keeper::probe(&line, connection).await).await {
            Some(()) => Ok(started.elapsed()),
            None => Err(line.reason.lock().take().unwrap_or_default()),
        }
    }

    /// Waits until it is there, but not longer than this; whether it is.
    pub async fn is_there(&self, limit: Duration) -> bool {
        let there = async {
            while self.0.line.connection.load().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(limit, there).await.is_ok()
    }

    /// How often it went away, or was too slow, since it was looked for first.
    pub fn losses(&self) -> u64 {
        self.0.line.losses.load(Ordering::Relaxed)
    }
}

impl Line {
    fn to(url: &str, instance: &str) -> Result<Self, RedisError> {
        Ok(Self {
            client: redis::Client::open(url).map_err(|_| RedisError::Url)?,
            prefix: format!("basalt:{instance}:"),
            connection: ArcSwapOption::empty(),
            losses: AtomicU64::new(0),
            doubt: Notify::new(),
            reason: Mutex::new(None),
        })
    }

    /// One exchange. `None` when the server is away, too slow or refuses it; the keeper looks into that.
    async fn ask<T>(
        &self,
        exchange: impl AsyncFnOnce(&mut MultiplexedConnection) -> redis::RedisResult<T>,
    ) -> Option<T> {
        let connection = self.connection.load_full()?;
        let mut own = MultiplexedConnection::clone(&connection);
        match tokio::time::timeout(ANSWER_TIME, exchange(&mut own)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => self.give_up(&connection, error.to_string()),
            Err(_elapsed) => self.give_up(&connection, format!("it does not answer within {ANSWER_TIME:?}")),
        }
        None
    }

    /// Takes a connection away from all others, unless there is a new one already.
    fn give_up(&self, connection: &Arc<MultiplexedConnection>, reason: String) {
        let before = self.connection.compare_and_swap(connection, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, connection)) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            *self.reason.lock() = Some(reason);
            self.doubt.notify_one();
        }
    }
}

/// Why there can be no Redis at all.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error("cache.redis_url is no URL of a Redis")]
    Url,
    #[error("no thread for Redis: {0}")]
    Thread(std::io::Error),
}
