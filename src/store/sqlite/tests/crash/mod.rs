//! Power loss, broken disks (D2) and failing neighbours (D3): the engine over a disk that remembers and fails on command.
//!
//! `vfs.rs` is the shim, `disk.rs` its memory, `workload.rs` what runs over it and `history.rs` the judge. A failure
//! prints its seed; `CRASH_SEED` runs that one alone, `CRASH_SECONDS` looks for longer.

mod broken;
mod disk;
mod history;
mod neighbours;
mod power;
mod vfs;
mod workload;

use std::time::{Duration, Instant};

use rand::SeedableRng as _;

use super::super::{Durability, Options};
use disk::Event;
use history::{History, Promise};
use workload::Bench;

type Random = rand::rngs::StdRng;

/// Runs rounds with seeds of their own until the time is up; one round alone where a seed is given.
async fn rounds(default_seconds: u64, mut round: impl AsyncFnMut(u64)) {
    if let Some(seed) = number("CRASH_SEED") {
        return round(seed).await;
    }
    let time = Duration::from_secs(number("CRASH_SECONDS").unwrap_or(default_seconds));
    let start = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || start.elapsed() < time {
        let seed = rand::random();
        // Shown when the test fails.
        println!("CRASH_SEED={seed}");
        round(seed).await;
        rounds += 1;
    }
    println!("{rounds} rounds");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Opens what a power loss at this moment could leave.
async fn look(
    events: &[Event],
    history: &History,
    moment: usize,
    promise: Promise,
    random: &mut Random,
) -> Result<(), String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in disk::image(&events[..moment], random) {
        std::fs::write(dir.path().join(name), content).expect("a file");
    }
    history::verify(dir.path(), history, moment, promise).await.map_err(|wrong| {
        let kept = dir.keep();
        format!("power lost at {moment} of {}: {wrong} (left in {})", events.len(), kept.display())
    })
}

/// What readers see of the running engine.
async fn judge(bench: &Bench, context: &str) {
    let history = std::mem::take(&mut *bench.history.lock());
    let result = history::compare(&bench.store, &history, usize::MAX, Promise::Full).await;
    *bench.history.lock() = history;
    if let Err(wrong) = result {
        panic!("{context}: {wrong}");
    }
}

fn random(seed: u64) -> Random {
    Random::seed_from_u64(seed)
}
