//! The power goes at any moment: `full` loses nothing that was acknowledged, `normal` stays consistent.

use rand::RngExt as _;

use super::history::{History, Outcome, Promise};
use super::workload::{Bench, Draft};
use super::{Durability, Event, Random, look, random, rounds, vfs};

const WRITERS: u64 = 5;
const OPERATIONS: usize = 12;
/// Moments looked at in each run.
const MOMENTS: usize = 24;

#[tokio::test]
async fn full_durability_keeps_what_was_acknowledged() {
    rounds(7, async |seed| survives(seed, Durability::Full, Promise::Full).await).await;
}

#[tokio::test]
async fn normal_durability_stays_consistent() {
    rounds(3, async |seed| survives(seed, Durability::Normal, Promise::Prefix).await).await;
}

/// A test that can not fail proves nothing: disks and settings that lose writes must be found out.
#[tokio::test]
async fn losses_are_found() {
    let (events, history) = run(1, Durability::Normal, false).await;
    let loss = first_loss(&events, &history, &mut random(1)).await.expect("`normal` is not `full`");
    assert!(loss.contains("lost") || loss.contains("another database"), "{loss}");
    let (events, history) = run(2, Durability::Full, true).await;
    first_loss(&events, &history, &mut random(2)).await.expect("a disk that does not sync loses writes");
}

#[tokio::test]
async fn relaxed_writes_cost_no_sync_and_take_nothing_along() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (vfs, disk) = vfs::register();
    let bench = Bench::open(dir.path(), &vfs, disk, Durability::Full).await;
    bench.probe("kept").await.unwrap();
    let before = (disk.syncs(), disk.moment());
    for number in 0..20 {
        let mut draft = Draft::default();
        draft.relaxed = true;
        draft.insert(&bench, &format!("relaxed-{number}"), 1);
        bench.commit(draft).await.unwrap();
    }
    let relaxed = (disk.syncs(), disk.moment());
    assert_eq!(relaxed.0, before.0);
    bench.probe("kept too").await.unwrap();
    let after = (disk.syncs(), disk.moment());
    assert!(after.0 > relaxed.0);
    bench.store.close().await;

    let mut history = std::mem::take(&mut *bench.history.lock());
    let events = disk.take_events();
    let mut random = random(3);
    for moment in (before.1..=after.1).step_by(7).chain([after.1; 20]) {
        look(&events, &history, moment, Promise::Full, &mut random).await.unwrap();
    }
    // Taken for full ones they are found missing.
    for written in &mut history.written {
        if let Outcome::Acknowledged { moment, .. } = &mut written.outcome {
            *moment = (*moment).min(relaxed.1);
        }
    }
    for _ in 0..100 {
        if look(&events, &history, relaxed.1, Promise::Full, &mut random).await.is_err() {
            return;
        }
    }
    panic!("a relaxed write was never lost");
}

async fn survives(seed: u64, durability: Durability, promise: Promise) {
    let (events, history) = run(seed, durability, false).await;
    let mut random = random(seed);
    for _ in 0..MOMENTS {
        let moment = random.random_range(0..=events.len());
        if let Err(wrong) = look(&events, &history, moment, promise, &mut random).await {
            panic!("seed {seed}: {wrong}");
        }
    }
}

async fn first_loss(events: &[Event], history: &History, random: &mut Random) -> Option<String> {
    for _ in 0..100 {
        let moment = random.random_range(0..=events.len());
        if let Err(wrong) = look(events, history, moment, Promise::Full, random).await {
            return Some(wrong);
        }
    }
    None
}

/// Works, restarts in between, and gives everything that happened on the disk.
async fn run(seed: u64, durability: Durability, lies: bool) -> (Vec<Event>, History) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (vfs, disk) = vfs::register();
    if lies {
        disk.lie();
    }
    let mut bench = Bench::open(dir.path(), &vfs, disk, durability).await;
    bench.run("a", seed, WRITERS, OPERATIONS).await;
    bench.reopen(durability).await;
    bench.run("b", seed, WRITERS, OPERATIONS / 2).await;
    bench.store.close().await;
    let history = std::mem::take(&mut *bench.history.lock());
    (disk.take_events(), history)
}
