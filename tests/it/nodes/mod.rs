//! Several servers over one database. They are skipped on the embedded engine, which has one.

mod failover;
mod jobs;
mod limits;
mod load;
mod logs;
mod namespace;
mod pair;
mod partition;
mod redis;
mod replicas;
mod rolling;
mod schema;
mod writes;

mod cached;
mod lease;
mod process;
mod stopped;

use std::time::{Duration, Instant};

use crate::app::TestApp;

/// Two servers over one database.
async fn two() -> Option<(TestApp, TestApp)> {
    let first = TestApp::start().await;
    match first.beside().await {
        Some(second) => Some((first, second)),
        None => {
            eprintln!("skipped: the embedded engine has one node");
            None
        }
    }
}

/// A server that others can be beside.
async fn one() -> Option<TestApp> {
    let app = TestApp::start().await;
    if !app.is_postgres() {
        eprintln!("skipped: the embedded engine has one node");
        return None;
    }
    Some(app)
}

/// Asks until it holds, and fails when it does not within the time.
async fn within(limit: Duration, what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "{what} took longer than {limit:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
