//! `kill -9` under load, over and over.

use std::time::{Duration, Instant};

use super::load::{Writers, place, verify};

/// How long the killing goes on.
const LOOP: Duration = Duration::from_secs(10);
const WRITERS: usize = 8;
/// Acknowledged writes before the kill; the rounds differ, so that it hits other moments.
const WRITES: [usize; 5] = [1, 40, 700, 150, 2000];

#[tokio::test]
async fn a_killed_server_keeps_every_acknowledged_write() {
    let place = place();
    let mut promises = Vec::new();
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < WRITES.len() || start.elapsed() < LOOP {
        let server = place.serve();
        let writers = Writers::start(&server, WRITERS, WRITES[rounds % WRITES.len()]);
        writers.enough().await;
        server.signal("KILL");
        promises.extend(writers.promises().await);
        verify(&place.path().join("data"), &promises);
        rounds += 1;
    }
    assert!(promises.len() > 500, "{} writes in {rounds} rounds", promises.len());
    place.ok(&["doctor"]);
}
