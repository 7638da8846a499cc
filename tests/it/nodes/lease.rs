//! A node that is stopped for longer than its lease on a job, and one whose clock is wrong (C1).

use std::time::Duration;

use basalt::app::App;
use basalt::clock::Clock;
use basalt::config::Config;
use basalt::jobs::{NewJob, Run};
use basalt::store::{Priority, Statement, Store, StoreError, WriteSet};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::process::{self, Process};
use super::within;
use crate::database::Database;

const HOUR_MS: i64 = 3_600_000;
const LIMIT: Duration = Duration::from_secs(20);
/// Schedules that every node has, each with one slot that passed.
const CRONS: usize = 12;

const TABLES: &str = "CREATE TABLE work (node text COLLATE \"C\" NOT NULL, name text COLLATE \"C\" NOT NULL, \
    step text COLLATE \"C\" NOT NULL); CREATE TABLE gates (node text COLLATE \"C\" PRIMARY KEY)";
const NOTE: &str = "INSERT INTO work (node, name, step) VALUES (?1, ?2, ?3)";

/// A database with the tables of these tests; `None` on the embedded engine, which has one node.
async fn shared() -> Option<Database> {
    let database = Database::create().await;
    match &database {
        Some(database) => database.run(TABLES).await,
        None => eprintln!("skipped: the embedded engine has one node"),
    }
    database
}

/// A node over the database, with jobs that note what they do.
async fn node(name: &'static str, url: &str, clock: Clock) -> (App, TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut config = Config { dir: dir.path().join("data"), ..Config::default() };
    config.database.url = url.to_owned();
    config.database.pool_size = 8;
    let app = App::open(config, clock).await.expect("the app opens");
    let store = app.store.clone();
    app.jobs.register("quick", move |_| note(store.clone(), name, "quick", "done"));
    let store = app.store.clone();
    app.jobs.register("slow", move |run| slow(store.clone(), name, run));
    for number in 0..CRONS {
        let (id, store) = (format!("yearly{number}"), app.store.clone());
        let cron = id.clone();
        let handler = move || {
            let (store, cron) = (store.clone(), cron.clone());
            async move { note(store, name, &cron, "done").await }
        };
        app.jobs.schedule(&id, "0 0 1 1 *", handler).expect("an expression");
    }
    app.start().expect("a thread");
    (app, dir)
}

async fn note(store: Store, node: &str, name: &str, step: &str) -> basalt::error::Result<()> {
    let note = Statement::new(NOTE, vec![node.into(), name.into(), step.into()]);
    store.write(WriteSet::system([note], Priority::Request)).await?;
    Ok(())
}

/// Begins, waits until its node's gate opens, and writes under its fence. Not even a worker that gives it up keeps it
/// from that.
async fn slow(store: Store, node: &'static str, run: Run) -> basalt::error::Result<()> {
    let work = async move {
        note(store.clone(), node, "slow", "begun").await?;
        let gate = Statement::new("SELECT 1 FROM gates WHERE node = ?1", vec![node.into()]);
        while store.rows(gate.clone()).await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let done = Statement::new(NOTE, vec![node.into(), "slow".into(), "done".into()]);
        let set = WriteSet {
            schema_version: store.schema_version(),
            before: vec![run.fence.check(1)],
            ..WriteSet::system([done], Priority::Request)
        };
        match store.write(set).await {
            Err(StoreError::Check { .. }) => note(store, node, "slow", "refused").await,
            written => Ok(written.map(drop)?),
        }
    };
    tokio::spawn(work).await.expect("no panic")
}

/// What was noted, sorted.
async fn noted(app: &App) -> Vec<[String; 3]> {
    let rows = app.store.rows(Statement::new("SELECT node, name, step FROM work ORDER BY 1, 2, 3", vec![])).await;
    let text = |row: &basalt::store::Row, index| row.get(index).as_str().to_owned();
    rows.expect("rows").iter().map(|row| [0, 1, 2].map(|index| text(row, index))).collect()
}

async fn is_noted(app: &App, wanted: [&str; 3]) -> bool {
    noted(app).await.iter().any(|note| *note == wanted)
}

async fn queued(app: &App) -> Vec<(String, i64)> {
    let rows = app.store.rows(Statement::new("SELECT name, attempt FROM _jobs ORDER BY 1, 2", vec![])).await;
    let job = |row: &basalt::store::Row| (row.get(0).as_str().to_owned(), row.get(1).as_i64().unwrap_or_default());
    rows.expect("rows").iter().map(job).filter(|(name, _)| ["slow", "quick"].contains(&name.as_str())).collect()
}

/// The other process of the test below: it puts one job into the queue and works until it is killed.
#[tokio::test]
async fn a_process_that_takes_one_job() {
    let Some(url) = process::database() else { return };
    let (app, _dir) = node("first", &url, Clock::system()).await;
    app.jobs.enqueue(NewJob::new("slow", Json::Null)).await.expect("room");
    std::future::pending().await
}

#[tokio::test]
async fn who_was_stopped_for_longer_than_its_lease_can_neither_end_the_job_nor_write() {
    let Some(database) = shared().await else { return };
    let first = Process::start("nodes::lease::a_process_that_takes_one_job", &database.url());
    // An hour ahead of the others.
    let (second, _dir) = node("second", &database.url(), Clock::fixed(Clock::system().now_ms() + HOUR_MS)).await;
    within(LIMIT, "the start of the job", async || is_noted(&second, ["first", "slow", "begun"]).await).await;
    first.signal("STOP");

    second.jobs.enqueue(NewJob::new("quick", Json::Null)).await.expect("room");
    within(LIMIT, "another job", async || is_noted(&second, ["second", "quick", "done"]).await).await;
    assert!(!is_noted(&second, ["second", "slow", "begun"]).await, "the lease ends by the clock of the database");

    database.run("UPDATE _jobs SET due = 0 WHERE name = 'slow'").await;
    second.jobs.enqueue(NewJob::new("quick", Json::Null)).await.expect("room");
    within(LIMIT, "the second run", async || is_noted(&second, ["second", "slow", "begun"]).await).await;

    first.signal("CONT");
    database.run("INSERT INTO gates VALUES ('first')").await;
    within(LIMIT, "the first run's end", async || is_noted(&second, ["first", "slow", "refused"]).await).await;
    // The first process goes on to say that the job is done, and its next turn takes whatever is due.
    assert_eq!(queued(&second).await.last(), Some(&("slow".to_owned(), 2)), "it is the second's");
    database.run("INSERT INTO gates VALUES ('second')").await;
    within(LIMIT, "the end of the job", async || queued(&second).await.is_empty()).await;
    let slow: Vec<_> = noted(&second).await.into_iter().filter(|[_, name, _]| name == "slow").collect();
    let expected = [
        ["first", "slow", "begun"],
        ["first", "slow", "refused"],
        ["second", "slow", "begun"],
        ["second", "slow", "done"],
    ];
    assert_eq!(slow, expected.map(|note| note.map(str::to_owned)), "one run came to its end");
    drop(first);
    second.close().await;
}

#[tokio::test]
async fn a_slot_is_taken_once_and_by_the_clock_of_the_database() {
    let Some(database) = shared().await else { return };
    let url = database.url();
    for number in 0..CRONS {
        database.run(&format!("INSERT INTO _job_runs (cron, slot) VALUES ('yearly{number}', 0)")).await;
    }
    // One of them lives in the year after next.
    let ahead = Clock::fixed(Clock::system().now_ms() + 2 * 365 * 24 * HOUR_MS);
    let nodes = [("first", Clock::system()), ("second", Clock::system()), ("ahead", ahead)];
    let [first, second, ahead] = nodes.map(|(name, clock)| node(name, &url, clock));
    let ((first, _a), (second, _b), (ahead, _c)) = tokio::join!(first, second, ahead);
    let done = async || noted(&first).await.len() >= CRONS && jobs_left(&first).await == 0;
    within(LIMIT, "the slots", done).await;
    let mut crons: Vec<_> = noted(&first).await.into_iter().map(|[_, cron, _]| cron).collect();
    crons.sort();
    let mut expected: Vec<_> = (0..CRONS).map(|number| format!("yearly{number}")).collect();
    expected.sort();
    assert_eq!(crons, expected, "each once");
    let latest = "SELECT count(*) FROM _job_runs WHERE cron LIKE 'yearly%' AND slot > ?1";
    let now_ms = Clock::system().now_ms();
    let rows = first.store.rows(Statement::new(latest, vec![now_ms.into()])).await.expect("rows");
    assert_eq!(rows[0].get(0).as_i64(), Some(0), "no slot of a time that has not come");
    for app in [first, second, ahead] {
        app.close().await;
    }
}

async fn jobs_left(app: &App) -> usize {
    let rows = app.store.rows(Statement::new("SELECT 1 FROM _jobs WHERE name LIKE 'yearly%'", vec![])).await;
    rows.expect("rows").len()
}
