//! Leases, keys and slots with a clock that is set by hand; whole runs with the thread.

use std::future::pending;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::cron::Ticker;
use super::job::Taken;
use super::queue::{self, Lease};
use super::*;
use crate::store::sqlite::{Engine, Options};
use crate::store::{Row, Statement, WriteSet};

const START_MS: i64 = 1_764_000_000_000;

fn open_store(dir: &TempDir) -> Store {
    Store::Sqlite(Engine::open(Options::for_tests(dir.path())).expect("the directory is free"))
}

struct Fixture {
    jobs: Jobs,
    store: Store,
    clock: Clock,
    dir: TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (store, clock) = (open_store(&dir), Clock::fixed(START_MS));
    Fixture { jobs: Jobs::new(store.clone(), clock.clone()), store, clock, dir }
}

impl Fixture {
    async fn write(&self, statement: Statement) -> Vec<Row> {
        let set = WriteSet::system([statement], store::Priority::Background);
        self.store.write(set).await.expect("the statement runs").rows.remove(0)
    }

    /// Takes jobs for ten seconds.
    async fn take(&self, now_ms: i64, limit: usize) -> Vec<Taken> {
        queue::taken(&self.write(queue::take(now_ms, 10_000, limit)).await)
    }

    async fn list(&self) -> Vec<StoredJob> {
        self.jobs.list(Page { state: None, page: 1, per_page: 100 }).await.expect("a list").items
    }
}

fn job(name: &str) -> NewJob {
    NewJob::new(name, json!({ "n": 1 }))
}

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_ends() {
    let fixture = fixture();
    let id = fixture.jobs.enqueue(job("a")).await.unwrap();
    let first = fixture.take(START_MS, 5).await;
    assert_eq!((first.len(), first[0].attempt, first[0].payload.as_str()), (1, 1, r#"{"n":1}"#));
    assert_eq!(fixture.take(START_MS + 9_999, 5).await, []);
    let second = fixture.take(START_MS + 10_000, 5).await;
    assert_eq!((second[0].id.as_str(), second[0].attempt), (id.as_str(), 2));

    // The first holder comes back: it can neither end nor keep nor fail the job.
    let (stale, now) = (Lease { id: &id, attempt: 1 }, START_MS + 10_001);
    for statement in [
        queue::complete(stale, now),
        queue::renew(stale, now, 1),
        queue::retry_later(stale, now, 0, ""),
        queue::bury(stale, now, ""),
    ] {
        assert!(fixture.write(statement).await.is_empty());
    }
    let holder = Lease { id: &id, attempt: 2 };
    assert!(!fixture.write(queue::renew(holder, now, START_MS + 30_000 - now)).await.is_empty());
    assert_eq!(fixture.take(START_MS + 29_999, 5).await, []);
    assert!(
        fixture.write(queue::complete(holder, START_MS + 30_000)).await.is_empty(),
        "nobody else has it, but it ended"
    );
    assert!(!fixture.write(queue::complete(holder, START_MS + 29_999)).await.is_empty());
    assert_eq!(fixture.list().await, []);
}

#[tokio::test]
async fn higher_priorities_go_first_then_what_waits_longest() {
    let fixture = fixture();
    let jobs = [
        ("late", Priority::Normal, 5),
        ("low", Priority::Low, -50),
        ("early", Priority::Normal, -5),
        ("high", Priority::High, 0),
        ("future", Priority::High, 1_000),
    ];
    for (name, priority, after_ms) in jobs {
        let job = NewJob { priority, run_at_ms: Some(START_MS + after_ms), ..job(name) };
        fixture.jobs.enqueue(job).await.unwrap();
    }
    let mut order = Vec::new();
    loop {
        let taken = fixture.take(START_MS + 10, 1).await;
        let Some(job) = taken.first() else { break };
        order.push(job.name.clone());
    }
    assert_eq!(order, ["high", "early", "late", "low"]);
    let next = fixture.store.reader().first(queue::next_due(START_MS)).await.unwrap().unwrap();
    assert_eq!(next.get(0).as_i64(), Some(1_000));
}

#[tokio::test]
async fn one_job_of_a_key_lives_at_a_time() {
    let fixture = fixture();
    let keyed = || NewJob { unique_key: Some("mail:ada".into()), ..job("mail") };
    let ids = join_all((0..50).map(|_| fixture.jobs.enqueue(keyed()))).await;
    let first = ids[0].as_ref().unwrap().clone();
    assert!(ids.iter().all(|id| *id.as_ref().unwrap() == first), "{ids:?}");
    assert_eq!(fixture.take(START_MS, 5).await.len(), 1);
    assert_eq!(fixture.jobs.enqueue(keyed()).await.unwrap(), first, "a running one lives too");
    fixture.write(queue::complete(Lease { id: &first, attempt: 1 }, START_MS)).await;
    assert_ne!(fixture.jobs.enqueue(keyed()).await.unwrap(), first);
}

#[tokio::test]
async fn a_dead_job_is_kept_and_can_be_tried_again() {
    let fixture = fixture();
    let keyed = || NewJob { unique_key: Some("k".into()), max_attempts: 1, ..job("a") };
    let id = fixture.jobs.enqueue(keyed()).await.unwrap();
    assert_eq!(fixture.jobs.retry(&id).await.unwrap_err().kind(), Kind::NotFound, "it lives");
    fixture.take(START_MS, 1).await;
    fixture.write(queue::bury(Lease { id: &id, attempt: 1 }, START_MS, "no luck")).await;
    let dead = fixture.list().await.remove(0);
    assert_eq!((dead.state, dead.error.as_str(), dead.attempt), (State::Dead, "no luck", 1));
    assert_eq!(fixture.take(START_MS + 100_000, 5).await, []);

    let other = fixture.jobs.enqueue(keyed()).await.unwrap();
    assert_ne!(other, id, "a dead job holds no key");
    assert_eq!(fixture.jobs.retry(&id).await.unwrap_err().kind(), Kind::Conflict);
    fixture.take(START_MS, 1).await;
    fixture.write(queue::complete(Lease { id: &other, attempt: 1 }, START_MS)).await;
    fixture.jobs.retry(&id).await.unwrap();
    assert_eq!(fixture.take(START_MS, 5).await[0].attempt, 1);
}

#[tokio::test]
async fn a_job_lives_and_dies_with_its_transaction() {
    let fixture = fixture();
    let run = async |fails: bool| {
        let jobs = fixture.jobs.clone();
        let done: Result<()> = fixture
            .store
            .transaction(async move |tx| {
                jobs.enqueue_in(&tx, job("a")).await?;
                if fails { Err(Error::invalid("no")) } else { Ok(()) }
            })
            .await;
        assert_eq!(done.is_err(), fails);
    };
    run(true).await;
    assert_eq!(fixture.list().await.len(), 0);
    run(false).await;
    assert_eq!(fixture.list().await.len(), 1);
}

#[tokio::test]
async fn huge_payloads_are_refused() {
    let fixture = fixture();
    let error = fixture.jobs.enqueue(NewJob::new("a", "x".repeat(2 << 20).into())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
}

#[tokio::test]
async fn a_run_that_lost_its_job_writes_nothing_any_more() {
    let fixture = fixture();
    fixture.write(Statement::new("CREATE TABLE sent (n INTEGER)", vec![])).await;
    fixture.jobs.enqueue(job("a")).await.unwrap();
    let write = async |fence: &Fence| {
        let insert = Statement::new("INSERT INTO sent VALUES (?1)", vec![fence.attempt.into()]);
        let set = WriteSet::system([insert], store::Priority::Request);
        let (schema_version, before) = (fixture.store.schema_version(), vec![fence.check(5)]);
        fixture.store.write(WriteSet { schema_version, before, ..set }).await
    };
    let mut fences = Vec::new();
    for round in 0..2 {
        let taken = fixture.take(START_MS + round * 10_000, 1).await.remove(0);
        fences.push(Fence { id: taken.id, attempt: taken.attempt });
        write(&fences[fences.len() - 1]).await.unwrap();
    }
    assert!(matches!(write(&fences[0]).await, Err(StoreError::Check { tag: 5 })));
    let last = Lease { id: &fences[1].id, attempt: 2 };
    fixture.write(queue::complete(last, START_MS + 10_001)).await;
    assert!(matches!(write(&fences[1]).await, Err(StoreError::Check { tag: 5 })));
    let sent = fixture.store.reader().rows(Statement::new("SELECT n FROM sent", vec![])).await.unwrap();
    assert_eq!(sent, [Row(vec![1.into()]), Row(vec![2.into()])]);
}

#[tokio::test]
async fn a_full_queue_takes_no_more_until_something_ended() {
    let Fixture { store, clock, dir: _dir, .. } = fixture();
    let jobs = Jobs::of_length(store.clone(), clock.clone(), 10);
    let many = |count: usize| vec![job("a"); count];
    let full = async |count: usize| jobs.enqueue_all(&many(count)).await.unwrap_err().kind() == Kind::Unavailable;
    let at_once = join_all((0..20).map(|_| jobs.enqueue(job("a")))).await;
    assert_eq!(at_once.iter().filter(|answer| answer.is_ok()).count(), 10);
    assert!(full(1).await);

    let ended = Statement::new("DELETE FROM _jobs WHERE id IN (SELECT id FROM _jobs LIMIT 4)", vec![]);
    store.write(WriteSet::system([ended], store::Priority::Request)).await.unwrap();
    assert!(full(1).await, "it is not counted for everyone who asks");
    clock.set_ms(START_MS + 60_000);
    assert!(full(5).await);
    jobs.enqueue_all(&many(3)).await.unwrap();
    let inside = jobs.clone();
    let done: Result<String> = store.transaction(async move |tx| inside.enqueue_in(&tx, job("b")).await).await;
    done.unwrap();
    let inside = jobs.clone();
    let done: Result<String> = store.transaction(async move |tx| inside.enqueue_in(&tx, job("b")).await).await;
    assert_eq!(done.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn what_ends_makes_room() {
    let Fixture { store, clock, dir: _dir, .. } = fixture();
    let jobs = Jobs::of_length(store, clock, 5);
    let mut ran = tell(&jobs, "a", async || Ok(()));
    jobs.start().unwrap();
    for _ in 0..50 {
        while jobs.enqueue(job("a")).await.is_err() {}
    }
    for _ in 0..50 {
        ran.recv().await.expect("it works");
    }
    jobs.close().await;
}

/// Registers a handler that tells of every run before it goes on as it is told to.
fn tell<F>(jobs: &Jobs, name: &str, then: impl Fn() -> F + Send + Sync + 'static) -> mpsc::UnboundedReceiver<Json>
where
    F: Future<Output = Result<()>> + 'static,
{
    let (sender, receiver) = mpsc::unbounded_channel();
    jobs.register(name, move |run| {
        sender.send(run.payload).expect("somebody listens");
        then()
    });
    receiver
}

#[tokio::test]
async fn jobs_run_once_each_and_are_gone() {
    let fixture = fixture();
    let mut ran = tell(&fixture.jobs, "a", async || Ok(()));
    fixture.jobs.start().unwrap();
    let jobs: Vec<NewJob> = (0..500).map(|n| NewJob::new("a", n.into())).collect();
    fixture.jobs.enqueue_all(&jobs).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 500 {
        seen.push(ran.recv().await.expect("it works").as_i64().unwrap());
    }
    fixture.jobs.close().await;
    seen.sort_unstable();
    assert_eq!(seen, (0..500).collect::<Vec<i64>>());
    assert!(ran.recv().await.is_none());
    assert_eq!(fixture.list().await, []);
}

#[tokio::test]
async fn failures_wait_or_die_and_hide_their_cause() {
    let fixture = fixture();
    let mut fails = tell(&fixture.jobs, "fails", async || Err(Error::invalid("no luck").with_cause("SELECT secret")));
    let mut panics = tell(&fixture.jobs, "panics", async || panic!("on purpose"));
    fixture.jobs.enqueue(job("fails")).await.unwrap();
    for name in ["fails", "panics", "unknown"] {
        fixture.jobs.enqueue(NewJob { max_attempts: 1, run_at_ms: Some(START_MS), ..job(name) }).await.unwrap();
    }
    fixture.jobs.start().unwrap();
    for _ in 0..2 {
        fails.recv().await.expect("it works");
    }
    panics.recv().await.expect("it works");
    fixture.jobs.close().await;
    let mut found: Vec<(String, State, String)> =
        fixture.list().await.into_iter().map(|job| (job.name, job.state, job.error)).collect();
    found.sort_by(|a, b| (&a.0, a.1 as u8).cmp(&(&b.0, b.1 as u8)));
    let expected = [
        ("fails", State::Waiting, "no luck"),
        ("fails", State::Dead, "no luck"),
        ("panics", State::Dead, "the job panicked"),
        ("unknown", State::Dead, "nothing here does jobs of this name"),
    ];
    assert_eq!(found, expected.map(|(name, state, error)| (name.to_owned(), state, error.to_owned())));
}

#[tokio::test]
async fn a_crash_in_the_middle_runs_the_job_again_after_its_lease() {
    let Fixture { jobs, store, dir, clock } = fixture();
    let mut ran = tell(&jobs, "a", pending);
    jobs.enqueue(NewJob { max_attempts: 2, ..job("a") }).await.unwrap();
    jobs.start().unwrap();
    ran.recv().await.expect("it works");
    drop((jobs, store));

    let reopen = || {
        let store = open_store(&dir);
        Fixture {
            jobs: Jobs::new(store.clone(), clock.clone()),
            store,
            clock: clock.clone(),
            dir: tempfile::tempdir().unwrap(),
        }
    };
    let again = reopen();
    assert_eq!(again.list().await[0].state, State::Running);
    assert_eq!(again.take(START_MS + 29_999, 5).await, [], "the lease outlives the process");
    clock.set_ms(START_MS + 30_000);
    let mut ran = tell(&again.jobs, "a", pending);
    again.jobs.start().unwrap();
    ran.recv().await.expect("it works");
    drop(again);

    // A job that takes the process with it is not tried for ever.
    clock.set_ms(START_MS + 60_000);
    let last = reopen();
    let mut ran = tell(&last.jobs, "a", pending);
    let mut after = tell(&last.jobs, "after", async || Ok(()));
    last.jobs.start().unwrap();
    last.jobs.enqueue(job("after")).await.unwrap();
    after.recv().await.expect("it works");
    last.jobs.close().await;
    assert!(ran.try_recv().is_err());
    assert_eq!(last.list().await[0].state, State::Dead);
}

#[tokio::test]
async fn closing_waits_for_what_runs() {
    let fixture = fixture();
    let release = Arc::new(Notify::new());
    let gate = release.clone();
    let mut ran = tell(&fixture.jobs, "a", move || {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok(())
        }
    });
    fixture.jobs.enqueue(job("a")).await.unwrap();
    fixture.jobs.start().unwrap();
    ran.recv().await.expect("it works");
    let (jobs, closed) = (fixture.jobs.clone(), Arc::new(AtomicBool::new(false)));
    let told = closed.clone();
    let closing = tokio::spawn(async move {
        jobs.close().await;
        told.store(true, Ordering::Release);
    });
    tokio::task::yield_now().await;
    assert!(!closed.load(Ordering::Acquire));
    release.notify_one();
    closing.await.unwrap();
    assert_eq!(fixture.list().await, []);
}

#[tokio::test]
async fn of_two_servers_one_runs_a_slot() {
    let fixture = fixture();
    let other = Jobs::new(fixture.store.clone(), fixture.clock.clone());
    for jobs in [&fixture.jobs, &other] {
        jobs.schedule("tick", "*/5 * * * *", async || Ok(())).unwrap();
    }
    let mut tickers = [&fixture.jobs, &other].map(|jobs| Ticker::new(jobs.0.shared.clone()));
    for ticker in &mut tickers {
        ticker.tick().await.unwrap();
    }
    assert_eq!(fixture.list().await, [], "a new schedule starts with its next slot");
    for round in 1..=5 {
        fixture.clock.set_ms(START_MS + round * 300_000);
        let [first, second] = &mut tickers;
        let (first, second) = tokio::join!(first.tick(), second.tick());
        first.unwrap();
        second.unwrap();
        let taken = fixture.take(START_MS + round * 300_000, 5).await;
        assert_eq!(taken.len(), 1, "round {round}");
        let lease = Lease { id: &taken[0].id, attempt: taken[0].attempt };
        fixture.write(queue::complete(lease, START_MS + round * 300_000)).await;
    }
}

#[tokio::test]
async fn missed_slots_are_made_up_for_once() {
    let fixture = fixture();
    fixture.jobs.schedule("tick", "0 * * * *", async || Ok(())).unwrap();
    Ticker::new(fixture.jobs.0.shared.clone()).tick().await.unwrap();
    fixture.clock.set_ms(START_MS + 7 * 3_600_000);
    let mut restarted = Ticker::new(fixture.jobs.0.shared.clone());
    for _ in 0..2 {
        restarted.tick().await.unwrap();
    }
    Ticker::new(fixture.jobs.0.shared.clone()).tick().await.unwrap();
    let listed = fixture.list().await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.as_str(), listed[0].priority), ("tick", Priority::Low));
}

#[tokio::test]
async fn the_sweep_keeps_what_is_young_and_the_last_slot() {
    let fixture = fixture();
    let day = 86_400_000;
    let insert = |id: i64, days_ago: i64| {
        let sql = "INSERT INTO _jobs (id, name, payload, priority, state, due, max_attempts, created)
            VALUES (?1, 'a', 'null', 1, 2, ?2, 1, 0)";
        Statement::new(sql, vec![id.to_string().into(), (START_MS - days_ago * day).into()])
    };
    let slot = |cron: &str, days_ago: i64| {
        let sql = "INSERT INTO _job_runs (cron, slot) VALUES (?1, ?2)";
        Statement::new(sql, vec![cron.into(), (START_MS - days_ago * day).into()])
    };
    for statement in [insert(1, 31), insert(2, 29), slot("a", 9), slot("a", 8), slot("b", 9), slot("b", 1)] {
        fixture.write(statement).await;
    }
    fixture.jobs.0.shared.sweep().await.unwrap();
    let left: Vec<String> = fixture.list().await.into_iter().map(|job| job.id).collect();
    assert_eq!(left, ["2"]);
    let sql = "SELECT cron, slot FROM _job_runs ORDER BY cron";
    let slots = fixture.store.reader().rows(Statement::new(sql, vec![])).await.unwrap();
    assert_eq!(
        slots,
        [Row(vec!["a".into(), (START_MS - 8 * day).into()]), Row(vec!["b".into(), (START_MS - day).into()])]
    );
}

#[test]
fn a_wrong_expression_is_refused() {
    let fixture = fixture();
    let error = fixture.jobs.schedule("a", "61 * * * *", async || Ok(())).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
}
