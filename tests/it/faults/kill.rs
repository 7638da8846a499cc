//! `kill -9` under load, over and over on one directory (D1).

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::history::rounds;
use super::load::{Writers, place, verify};

const SECONDS: u64 = 10;
const WRITERS: usize = 8;
/// Acknowledged writes before the kill are below 2 to the power of this, small numbers as often as large ones.
const WRITES_BITS: f64 = 11.0;

#[tokio::test]
async fn a_killed_server_keeps_every_acknowledged_write() {
    let place = place();
    let mut promises = Vec::new();
    rounds(SECONDS, async |seed| {
        let writes = StdRng::seed_from_u64(seed).random_range(0.0..WRITES_BITS).exp2() as usize;
        let server = place.serve();
        let writers = Writers::start(&server, WRITERS, writes);
        writers.enough().await;
        server.signal("KILL");
        promises.extend(writers.promises().await);
        verify(&place.path().join("data"), &promises);
    })
    .await;
    assert!(!promises.is_empty());
    place.ok(&["doctor"]);
}
