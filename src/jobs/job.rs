//! What a job is, before and after it is in the queue.

use serde::Serialize;
use serde_json::Value as Json;

use super::queue;
use crate::store::Check;

/// Attempts of a job that says nothing else: with the pauses between them about half a day.
const DEFAULT_ATTEMPTS: u32 = 25;

/// A job to be enqueued; what is not said takes the values of [`NewJob::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Names the handler, see [`super::Jobs::register`].
    pub name: String,
    pub payload: Json,
    pub priority: Priority,
    /// Not before this time; `None` is at once.
    pub run_at_ms: Option<i64>,
    /// While a job with this key waits or runs, another one is not enqueued.
    pub unique_key: Option<String>,
    /// After so many failed attempts it is dead.
    pub max_attempts: u32,
}

impl NewJob {
    pub fn new(name: impl Into<String>, payload: Json) -> Self {
        Self {
            name: name.into(),
            payload,
            priority: Priority::Normal,
            run_at_ms: None,
            unique_key: None,
            max_attempts: DEFAULT_ATTEMPTS,
        }
    }
}

/// What a handler gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub payload: Json,
    pub fence: Fence,
}

/// Tells one run of a job from those before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    pub(super) id: String,
    pub(super) attempt: i64,
}

impl Fence {
    /// Holds until the job is taken again or ends. A write with it can not come from a run that was stopped for so long
    /// that another one has begun.
    pub fn check(&self, tag: u32) -> Check {
        queue::is_holder(queue::Lease { id: &self.id, attempt: self.attempt }, tag)
    }
}

/// Higher ones are taken first, however long others wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    Low = 0,
    Normal = 1,
    High = 2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    Waiting = 0,
    Running = 1,
    /// It failed for good and waits for a person.
    Dead = 2,
}

impl State {
    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "waiting" => Some(State::Waiting),
            "running" => Some(State::Running),
            "dead" => Some(State::Dead),
            _ => None,
        }
    }
}

/// A stored job as superusers see it. The payload is left out: it may hold what only the handler should know, such as
/// the link of a password reset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredJob {
    pub id: String,
    pub name: String,
    pub state: State,
    pub priority: Priority,
    pub attempt: i64,
    pub max_attempts: i64,
    pub unique_key: String,
    /// When it may be taken next; for a running one the end of its lease, for a dead one when it died.
    pub due: String,
    pub error: String,
    pub created: String,
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub state: Option<State>,
    /// From 1 on.
    pub page: u64,
    pub per_page: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub page: u64,
    pub per_page: u64,
    pub total_items: i64,
    pub total_pages: i64,
    pub items: Vec<StoredJob>,
}

/// A job that somebody took: the right to run it until the lease ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    pub id: String,
    pub name: String,
    pub payload: String,
    /// The fencing token: who takes the job after this lease gets a higher one.
    pub attempt: i64,
    pub max_attempts: i64,
    pub priority: i64,
}
