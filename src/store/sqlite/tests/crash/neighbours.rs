//! Jobs that fail in every way beside jobs that must not notice (D3).

use futures_util::future::{LocalBoxFuture, join_all};
use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rusqlite::ffi;

use super::super::super::super::Tx;
use super::super::{Expect, StoreError, check, execute};
use super::disk::{Call, Fault};
use super::workload::{Bench, Draft};
use super::{Durability, Random, judge, random, rounds, vfs};

const JOBS: usize = 80;

/// What the triggers of [`prepare`] wait for in the column `n`.
const SLOW: i64 = 2;
const DEADLY: i64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Good,
    /// Several rows and a check that holds.
    GoodSet,
    GoodTransaction,
    NotUnique,
    CheckFails,
    /// SQLite rolls back the whole transaction.
    RollsBack,
    Panics,
    NeverEnds,
    /// Only one a round, as its time must pass.
    TimesOut,
}

const USUAL: [Job; 8] = [
    Job::Good,
    Job::GoodSet,
    Job::GoodTransaction,
    Job::NotUnique,
    Job::CheckFails,
    Job::RollsBack,
    Job::Panics,
    Job::NeverEnds,
];

#[tokio::test]
async fn what_fails_fails_alone() {
    rounds(4, round).await;
}

async fn round(seed: u64) {
    let mut random = random(seed);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (vfs, disk) = vfs::register();
    let bench = Bench::open(dir.path(), &vfs, disk, Durability::Normal).await;
    prepare(&bench).await;
    let fault = random.random_bool(0.6).then(|| fault(&mut random));
    disk.set_fault(fault);

    let mut jobs: Vec<Job> = (1..JOBS).map(|_| *USUAL.choose(&mut random).expect("not empty")).collect();
    jobs.push(Job::TimesOut);
    jobs.shuffle(&mut random);
    let running = jobs.iter().enumerate().map(|(number, job)| run(&bench, *job, number));
    let results = join_all(running).await;
    disk.set_fault(None);

    let context = format!("seed {seed}, {fault:?}");
    let mut broken = 0;
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Err(StoreError::Disk(_)) => broken += 1,
            result => assert!(fits(*job, &result), "{context}: {job:?} gave {result:?}"),
        }
    }
    // A group that meets a fault is done again one by one: each fault costs one job.
    assert!(broken <= disk.tripped(), "{context}: {broken} jobs failed for {} faults", disk.tripped());
    judge(&bench, &context).await;
    bench.store.close().await;
    disk.take_events();
}

fn fault(random: &mut Random) -> Fault {
    let code = if random.random_bool(0.5) { ffi::SQLITE_FULL } else { ffi::SQLITE_IOERR_WRITE };
    Fault { call: Call::Write, code, skip: random.random_range(0..150), times: random.random_range(1..4) }
}

fn fits(job: Job, result: &Result<(), StoreError>) -> bool {
    match job {
        Job::Good | Job::GoodSet | Job::GoodTransaction => result.is_ok(),
        Job::NotUnique => matches!(result, Err(StoreError::Unique { .. })),
        Job::CheckFails => matches!(result, Err(StoreError::Check { tag: 9 })),
        Job::TimesOut => matches!(result, Err(StoreError::Timeout)),
        Job::RollsBack => result.is_err(),
        Job::Panics | Job::NeverEnds => matches!(result, Err(StoreError::Other(_))),
    }
}

async fn prepare(bench: &Bench) {
    for sql in [
        format!(
            "CREATE TRIGGER slow AFTER INSERT ON posts WHEN new.n = {SLOW} BEGIN
               UPDATE posts SET n = (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000)
                                     SELECT sum(x) FROM c) WHERE id = new.id; END"
        ),
        format!(
            "CREATE TRIGGER deadly BEFORE INSERT ON posts WHEN new.n = {DEADLY} BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
        ),
    ] {
        execute(&bench.store, &sql).await;
    }
    bench.probe("taken").await.expect("the disk works");
}

fn run(bench: &Bench, job: Job, number: usize) -> LocalBoxFuture<'_, Result<(), StoreError>> {
    let id = format!("job{number}");
    let mut draft = Draft::default();
    match job {
        Job::Good | Job::GoodTransaction | Job::CheckFails | Job::Panics | Job::NeverEnds => {
            draft.insert(bench, &id, 1)
        }
        Job::GoodSet => {
            draft.insert(bench, &id, 1);
            draft.insert(bench, &format!("{id}-more"), 1);
            draft.update(bench, &id);
        }
        Job::NotUnique => {
            draft.insert(bench, &id, 1);
            draft.insert(bench, "taken", 1);
        }
        Job::RollsBack => draft.insert(bench, &id, DEADLY),
        Job::TimesOut => draft.insert(bench, &id, SLOW),
    }
    let (changes, mut set) = bench.set(draft);
    match job {
        Job::GoodSet => set.after = vec![check("SELECT 1 FROM posts", Expect::Row, 8)],
        Job::CheckFails => set.after = vec![check("SELECT 1 WHERE 0", Expect::Row, 9)],
        _ => {}
    }
    Box::pin(async move {
        let result = match job {
            Job::GoodTransaction | Job::Panics | Job::NeverEnds => {
                let work = async move |tx: Tx| {
                    let committed = tx.apply(&set).await?;
                    match job {
                        Job::Panics => std::panic::panic_any("on purpose"),
                        Job::NeverEnds => std::future::pending().await,
                        _ => Ok::<_, StoreError>(committed.revs),
                    }
                };
                bench.store.transaction(work).await
            }
            _ => bench.store.write(set).await.map(|committed| committed.revs),
        };
        bench.note(changes, result)
    })
}
