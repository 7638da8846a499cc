//! The feed under writers that overlap: nothing is missing, nothing comes twice, each record's changes are in order,
//! whatever pages it is read in and on whatever node (F2).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;

use super::*;
use crate::crypto::Sealer;
use crate::store::{FeedLimits, FeedRead, Position, Tx};

const WRITERS: u64 = 16;
const READERS: u64 = 3;
const ROUNDS: usize = 30;
const RECORDS: usize = 12;
const BOUND: &[&str] = &["reader"];

/// A record and the revision that a committed change gave it.
pub(in crate::store) type Changed = (String, i64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_the_embedded_engine_miss_nothing_and_see_nothing_twice() {
    let fixture = sqlite_fixture().await;
    follow_writers(&fixture, vec![fixture.store.clone()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_two_nodes_miss_nothing_and_see_nothing_twice() {
    let Some(opened) = postgres::tests::open().await else { return };
    let fixture = Fixture::new(Store::Postgres(opened.engine.clone()), tempfile::tempdir().expect("a directory")).await;
    let (beside, _dir) = opened.beside().await;
    follow_writers(&fixture, vec![fixture.store.clone(), Store::Postgres(beside.clone())]).await;
    beside.close().await;
    opened.close().await;
}

async fn follow_writers(fixture: &Fixture, nodes: Vec<Store>) {
    let (done, _) = watch::channel(false);
    let mut readers = Vec::new();
    for seed in 0..READERS {
        let reader = Reader::start(nodes.clone()).await;
        readers.push(tokio::spawn(reader.follow(seed, done.subscribe())));
    }
    let committed = write_all(&fixture.store, &fixture.posts).await;
    done.send_replace(true);
    for reader in readers {
        check_order(&reader.await.expect("no panic"), &committed);
    }
}

/// What many writers at once committed.
pub(in crate::store) async fn write_all(store: &Store, posts: &Arc<Table>) -> HashSet<Changed> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|seed| tokio::spawn(write(store.clone(), posts.clone(), StdRng::seed_from_u64(seed))))
        .collect();
    let mut committed = HashSet::new();
    for writer in writers {
        committed.extend(writer.await.expect("no panic"));
    }
    assert!(committed.len() > 500, "the writers were in each other's way: {}", committed.len());
    committed
}

pub(in crate::store) fn check_order(seen: &[Changed], committed: &HashSet<Changed>) {
    let as_set: HashSet<Changed> = seen.iter().cloned().collect();
    assert_eq!(as_set.len(), seen.len(), "nothing comes twice");
    assert_eq!(&as_set, committed, "what comes is what was committed");
    let mut last = HashMap::new();
    for (record, rev) in seen {
        let before = last.insert(record, rev);
        assert!(before.is_none_or(|before| before < rev), "{record} went back from {before:?}");
    }
}

/// Transactions of a few changes of few records, where others write meanwhile with pauses in between; one in ten is taken
/// back.
async fn write(store: Store, posts: Arc<Table>, mut random: StdRng) -> Vec<Changed> {
    let mut committed = Vec::new();
    for _ in 0..ROUNDS {
        let (version, waits) = (store.schema_version(), store.is_shared());
        let mut steps: Vec<(usize, u64, u64)> = (0..random.random_range(1..5))
            .map(|_| (random.random_range(0..RECORDS), random.random_range(0..10), random.random_range(0..3)))
            .collect();
        // They wait for each other's records, but never in a circle.
        steps.sort_unstable();
        let taken_back = random.random_range(0..10) == 0;
        let posts = posts.clone();
        let work = async move |tx: Tx| {
            let mut changed = Vec::new();
            for (record, kind, pause) in steps {
                let id = format!("r{record}");
                // Who finds the record in another state than expected goes on with the next.
                if let Ok(rev) = change(&tx, &posts, version, &id, kind).await {
                    changed.push((id, rev));
                }
                if waits {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
            if taken_back { Err(StoreError::Other("taken back on purpose".into())) } else { Ok(changed) }
        };
        if let Ok(changed) = store.transaction(work).await {
            committed.extend(changed);
        }
    }
    committed
}

async fn change(tx: &Tx, posts: &Arc<Table>, version: u64, id: &str, kind: u64) -> Result<i64> {
    let (table, id) = (posts.clone(), id.to_owned());
    let op = match kind {
        0 => Op::Delete { table, id, expect_rev: None, old: Vec::new() },
        1..4 => {
            let values = vec![id.clone().into(), id.into(), Value::Int(1)];
            Op::Insert { table, values, image: b"{}".to_vec() }
        }
        _ => Op::Update {
            table,
            id,
            expect_rev: None,
            set: vec![(2, Value::Int(2))],
            image: b"{}".to_vec(),
            old: b"{}".to_vec(),
        },
    };
    let set = WriteSet { schema_version: version, ops: vec![op], ..WriteSet::default() };
    Ok(tx.apply(&set).await?.revs[0])
}

/// Reads with pauses and in small pages; each page is read by whichever node gets the token.
struct Reader {
    nodes: Vec<Store>,
    sealer: Sealer,
    token: String,
}

impl Reader {
    async fn start(nodes: Vec<Store>) -> Self {
        let sealer = Sealer::new(&[1; crate::crypto::SEAL_KEY_BYTES]);
        let position = nodes[0].position().await.expect("a position");
        let token = position.seal(&sealer, BOUND).expect("a token");
        Self { nodes, sealer, token }
    }

    async fn follow(mut self, seed: u64, done: watch::Receiver<bool>) -> Vec<Changed> {
        let mut random = StdRng::seed_from_u64(1000 + seed);
        let mut seen = Vec::new();
        loop {
            let last = *done.borrow();
            while self.page(&mut random, &mut seen).await {}
            if last {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(0..15))).await;
        }
    }

    /// Whether there is more at once.
    async fn page(&mut self, random: &mut StdRng, seen: &mut Vec<Changed>) -> bool {
        let node = &self.nodes[random.random_range(0..self.nodes.len())];
        let position = Position::open(&self.sealer, BOUND, &self.token).expect("it was sealed so");
        let limits = FeedLimits { entries: random.random_range(1..7), bytes: random.random_range(0..20) };
        let page = match node.feed(&position, limits).await.expect("the feed") {
            FeedRead::Page(page) => page,
            FeedRead::Reset => panic!("all of it is kept"),
        };
        self.token = page.next.seal(&self.sealer, BOUND).expect("a token");
        seen.extend(page.entries.into_iter().map(|entry| (entry.record, entry.rev)));
        page.more
    }
}
