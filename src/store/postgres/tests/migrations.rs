//! Programs of two versions over one database.

use std::time::{Duration, Instant};

use super::super::super::{Result, StoreError};
use super::super::migrate::{self, KNOWN, MIGRATIONS, Migration, Progress};
use super::*;

const NOW: &str = "2026-01-01 00:00:00.000Z";

/// This program's steps and those of a later one: it adds a table, and takes another away that only older ones read.
fn later() -> Vec<Migration> {
    let known = MIGRATIONS.iter().map(|step| Migration { ..*step });
    let adds = Migration { number: KNOWN + 1, name: "adds", sql: "CREATE TABLE _added (x bigint)", needs: KNOWN };
    let takes = Migration { number: KNOWN + 2, name: "takes", sql: "DROP TABLE _idempotency", needs: KNOWN + 1 };
    known.chain([adds, takes]).collect()
}

async fn migrate_to(url: &str, migrations: &[Migration]) -> Result<Progress> {
    let mut connection = PgConnection::connect(url).await.expect("the server answers");
    migrate::run(&mut connection, migrations, NOW).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_takes_away_waits_for_older_programs() {
    let Some(opened) = open().await else { return };
    let (engine, url) = (opened.engine.clone(), opened.url.clone());
    until(|| engine.0.node.is_in_touch()).await;
    assert_eq!(migrate_to(&url, &later()).await.expect("the step that adds"), Progress::Waiting);
    // An older program may even start anew beside it, and both work.
    assert_eq!(migrate_to(&url, MIGRATIONS).await.expect("nothing to do"), Progress::Whole);
    assert!(engine.ready());
    run(&url, "SELECT * FROM _added, _idempotency").await;
    engine.close().await;
    assert_eq!(migrate_to(&url, &later()).await.expect("the step that takes away"), Progress::Whole);
    let refused = migrate_to(&url, MIGRATIONS).await.expect_err("too old").to_string();
    assert!(refused.contains("written by a later version"), "{refused}");
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_was_left_behind_answers_nothing_any_more() {
    let Some(opened) = open().await else { return };
    let engine = opened.engine.clone();
    // As when it slept while the others were replaced.
    run(&opened.url, "INSERT INTO _migrations VALUES (9999, 'later', 9999, '')").await;
    until(|| engine.0.node.is_outdated()).await;
    assert!(!engine.ready());
    assert!(matches!(engine.confirm().await, Err(StoreError::Away(_))));
    opened.close().await;
}

async fn until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "it takes too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
