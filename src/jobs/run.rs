//! One run of one job: its handler under a time limit, and the end of it in words.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::Handler;
use super::job::{Fence, Run, Taken};
use crate::error::Error;

/// A job that runs longer is given up: it would hold its worker for ever.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// How a run ended; a failure in words that superusers may read.
pub(super) type Outcome = Result<(), String>;

/// Never panics. Jobs that can't be run at all fail like those that were.
pub(super) async fn run(job: Taken, handler: Option<Handler>) -> Outcome {
    if job.attempt > job.max_attempts {
        // Whoever took it last did not live to say what became of it.
        return Err("the process ended during every attempt".into());
    }
    let Some(handler) = handler else { return Err("nothing here does jobs of this name".into()) };
    let payload = serde_json::from_str(&job.payload).map_err(|_| "the payload is no JSON")?;
    let run = Run { payload, fence: Fence { id: job.id.clone(), attempt: job.attempt } };
    let run = AssertUnwindSafe(async { handler(run).await }).catch_unwind();
    match tokio::time::timeout(RUN_LIMIT, run).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(describe(&job, &error)),
        Ok(Err(_panic)) => Err("the job panicked".into()),
        Err(_elapsed) => Err("the job took longer than an hour".into()),
    }
}

/// The public message; the cause goes to the log only.
fn describe(job: &Taken, error: &Error) -> String {
    tracing::warn!(job = job.id, name = job.name, attempt = job.attempt, %error, cause = ?error.cause(), "a job failed");
    error.to_string()
}
