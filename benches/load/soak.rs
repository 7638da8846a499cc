//! `--soak`: all scenarios in turn for long, on Basalt alone, and what becomes of its memory.
//!
//! The first third fills the caches, which are bounded. Some would be filled later, as the rows grow more: those of the
//! writer by the crons, those of the pool by lists that read everything. So both are asked for. After that memory may
//! grow only as much as noise does.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::client::request;
use crate::scenarios::{SCENARIOS, Scenario};
use crate::server::{Kind, Server};
use crate::{data, load};

const CONNECTIONS: usize = 16;
/// How long one scenario runs before the next has its turn.
const TURN: Duration = Duration::from_secs(2);
/// The caches of a small machine are full after a third of this.
const SHORTEST: Duration = Duration::from_secs(240);
/// What is allowed from the middle third to the last one, for each minute between their middles.
const MAX_MIB_PER_MINUTE: f64 = 2.0;
/// Below this, growth is noise however short the run.
const NOISE_MIB: f64 = 4.0;

/// A list that reads every row.
static SCAN: Scenario = Scenario {
    name: "scan",
    operations: 1,
    share: 0.0,
    make: |data, _| {
        let path = "/api/collections/posts/records?filter=body%20~%20'nothing'";
        request("GET", path, &data.user_token, None)
    },
};

pub async fn run(binary: PathBuf, dir: PathBuf, time: Duration) {
    assert!(time >= SHORTEST, "a soak of {time:?} says nothing: {SHORTEST:?} at least");
    std::fs::create_dir_all(&dir).expect("a temporary directory");
    let mut server = Server::new(Kind::Basalt, binary, dir);
    server.prepare_and_start().await;
    let data = Rc::new(data::prepare(&server).await);
    let start = Instant::now();
    let mut samples_mib: Vec<f64> = Vec::new();
    let mut requests = 0;
    let mut warm = false;
    for (turn, scenario) in SCENARIOS.iter().cycle().enumerate() {
        if start.elapsed() >= time {
            break;
        }
        if !warm && start.elapsed() >= time / 4 {
            data::maintain(&server).await;
            load(server.port, &data, &SCAN, CONNECTIONS, TURN, 0).await;
            warm = true;
        }
        requests += load(server.port, &data, scenario, CONNECTIONS, TURN, turn as u64).await.len();
        samples_mib.push(server.memory_mib("RssAnon"));
    }
    let third = samples_mib.len() / 3;
    let [middle, last] = [third..2 * third, 2 * third..3 * third].map(|range| median(&samples_mib[range]));
    let minutes = start.elapsed().as_secs_f64() / 3.0 / 60.0;
    let growth = last - middle;
    println!(
        "{requests} requests in {:.0} s; memory {middle:.1} MiB, then {last:.1} MiB: {:+.2} MiB a minute",
        start.elapsed().as_secs_f64(),
        growth / minutes
    );
    assert!(growth <= (MAX_MIB_PER_MINUTE * minutes).max(NOISE_MIB), "memory grows: {samples_mib:.1?}");
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
