//! The disk fails on command: nothing acknowledged is lost, what failed is answered with an error, and the engine goes
//! on when the disk does. After a failed sync it does not, before it was opened again.

use rand::RngExt as _;
use rusqlite::ffi;

use super::super::StoreError;
use super::disk::{Call, Fault};
use super::history::Promise;
use super::workload::Bench;
use super::{Durability, Random, judge, look, random, rounds, vfs};

const WRITERS: u64 = 4;
const OPERATIONS: usize = 8;
const MOMENTS: usize = 12;

/// Calls that may fail, and how.
const FAULTS: [(Call, i32); 6] = [
    (Call::Write, ffi::SQLITE_FULL),
    (Call::Write, ffi::SQLITE_IOERR_WRITE),
    (Call::Read, ffi::SQLITE_IOERR_READ),
    (Call::Truncate, ffi::SQLITE_IOERR_TRUNCATE),
    (Call::Sync, ffi::SQLITE_IOERR_FSYNC),
    (Call::Sync, ffi::SQLITE_IOERR_FSYNC),
];

#[tokio::test]
async fn a_failing_disk_loses_nothing_acknowledged() {
    rounds(6, round).await;
}

/// A group whose sets all failed has written nothing: it is no sign that the disk works again.
#[tokio::test]
async fn a_commit_without_changes_says_nothing_about_the_disk() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (vfs, disk) = vfs::register();
    let mut bench = Bench::open(dir.path(), &vfs, disk, Durability::Normal).await;
    bench.probe("first").await.unwrap();
    bench.reopen(Durability::Normal).await;
    disk.set_fault(Some(Fault { call: Call::Read, code: ffi::SQLITE_IOERR_READ, skip: 0, times: 1_000 }));
    let answer = bench.probe("second").await;
    assert!(matches!(answer, Err(StoreError::Disk(_))), "{answer:?}");
    assert!(!bench.store.ready());
    disk.set_fault(None);
    goes_on(&bench, "the disk works again").await;
}

async fn round(seed: u64) {
    let mut random = random(seed);
    let fault = fault(&mut random);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (vfs, disk) = vfs::register();
    let mut bench = Bench::open(dir.path(), &vfs, disk, Durability::Full).await;
    disk.set_fault(Some(fault));
    bench.run("a", seed, WRITERS, OPERATIONS).await;
    disk.set_fault(None);
    let context = format!("seed {seed}, {fault:?}, {} times", disk.tripped());

    if fault.call == Call::Sync && disk.tripped() > 0 {
        refuses(&bench, &context).await;
    } else {
        goes_on(&bench, &context).await;
    }
    bench.reopen(Durability::Full).await;
    goes_on(&bench, &context).await;
    bench.run("b", seed, WRITERS, OPERATIONS / 2).await;
    judge(&bench, &context).await;
    bench.store.close().await;

    let history = std::mem::take(&mut *bench.history.lock());
    let events = disk.take_events();
    for _ in 0..MOMENTS {
        let moment = random.random_range(0..=events.len());
        if let Err(wrong) = look(&events, &history, moment, Promise::Full, &mut random).await {
            panic!("{context}: {wrong}");
        }
    }
}

fn fault(random: &mut Random) -> Fault {
    let (call, code) = FAULTS[random.random_range(0..FAULTS.len())];
    let skip = random.random_range(0..if call == Call::Write { 200 } else { 30 });
    Fault { call, code, skip, times: random.random_range(1..4) }
}

/// A sync failed: no write is acknowledged although the disk seems to work again.
async fn refuses(bench: &Bench, context: &str) {
    let answer = bench.probe("refused").await;
    assert!(matches!(answer, Err(StoreError::Unsynced(_))), "{context}: {answer:?}");
    assert!(!bench.store.ready(), "{context}");
}

async fn goes_on(bench: &Bench, context: &str) {
    let id = format!("probe-{}", bench.history.lock().written.len());
    let answer = bench.probe(&id).await;
    assert!(answer.is_ok(), "{context}: the disk works and the engine says {answer:?}");
    assert!(bench.store.ready(), "{context}");
    judge(bench, context).await;
}
