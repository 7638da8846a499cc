//! The tail under writers that overlap: nothing is missing, nothing comes twice, each record's changes are in order.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;

use super::super::super::Store;
use super::super::super::tests::Fixture;
use super::super::super::tests::order::{Changed, check_order, write_all};
use super::super::tail;
use super::open;

const TAILERS: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_miss_nothing_read_nothing_twice_and_keep_the_order_of_each_record() {
    let Some(opened) = open().await else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let fixture = Fixture::new(Store::Postgres(opened.engine.clone()), dir).await;
    let (done, _) = watch::channel(false);
    let mut tailers = Vec::new();
    for seed in 0..TAILERS {
        let tailer = Tailer::start(&opened.url).await;
        tailers.push(tokio::spawn(tailer.follow(seed, done.subscribe())));
    }
    let committed = write_all(&fixture.store, &fixture.posts).await;
    done.send_replace(true);
    for tailer in tailers {
        check_order(&tailer.await.expect("no panic"), &committed);
    }
    opened.close().await;
}

/// Looks with pauses, now and then over a new connection.
struct Tailer {
    url: String,
    connection: PgConnection,
    position: super::super::position::Snapshot,
}

impl Tailer {
    async fn start(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.expect("the server answers");
        let position = tail::position(&mut connection).await.expect("a position");
        Self { url: url.to_owned(), connection, position }
    }

    async fn follow(mut self, seed: u64, done: watch::Receiver<bool>) -> Vec<Changed> {
        let mut random = StdRng::seed_from_u64(1000 + seed);
        let mut seen = Vec::new();
        loop {
            let last = *done.borrow();
            let (position, entries) = tail::since(&mut self.connection, &self.position).await.expect("the feed");
            self.position = position;
            seen.extend(entries.into_iter().map(|entry| (entry.record, entry.rev)));
            if last {
                return seen;
            }
            if random.random_range(0..10) == 0 {
                self.connection = PgConnection::connect(&self.url).await.expect("the server answers");
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(0..15))).await;
        }
    }
}
