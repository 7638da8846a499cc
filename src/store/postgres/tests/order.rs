//! The feed under writers that overlap: nothing is missing, nothing comes twice, each record's changes are in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;

use super::super::super::{Op, Result, StoreError, Table, Value, WriteSet};
use super::super::tail::{self, Entry};
use super::super::{Engine, Tx};
use super::fixture;

const WRITERS: u64 = 16;
const TAILERS: u64 = 3;
const ROUNDS: usize = 30;
const RECORDS: usize = 12;

/// A record and the revision that a committed change gave it.
type Changed = (String, i64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_read_nothing_twice_and_keep_the_order_of_each_record() {
    let Some(fixture) = fixture().await else { return };
    let (done, _) = watch::channel(false);
    let mut tailers = Vec::new();
    for seed in 0..TAILERS {
        let tailer = Tailer::start(&fixture.url).await;
        tailers.push(tokio::spawn(tailer.follow(seed, done.subscribe())));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|seed| tokio::spawn(write(fixture.engine.clone(), fixture.posts.clone(), StdRng::seed_from_u64(seed))))
        .collect();
    let mut committed = HashSet::new();
    for writer in writers {
        committed.extend(writer.await.expect("no panic"));
    }
    done.send_replace(true);
    assert!(committed.len() > 500, "the writers were in each other's way: {}", committed.len());
    for tailer in tailers {
        let seen = tailer.await.expect("no panic");
        check(&seen, &committed);
    }
    fixture.close().await;
}

fn check(seen: &[Entry], committed: &HashSet<Changed>) {
    let as_set: HashSet<Changed> = seen.iter().map(|entry| (entry.record.clone(), entry.rev)).collect();
    assert_eq!(as_set.len(), seen.len(), "nothing comes twice");
    assert_eq!(&as_set, committed, "what comes is what was committed");
    let mut last = HashMap::new();
    for entry in seen {
        let before = last.insert(&entry.record, entry.rev);
        assert!(before.is_none_or(|before| before < entry.rev), "{} went back from {before:?}", entry.record);
    }
}

/// Transactions of a few changes of few records, with pauses in between; one in ten is taken back.
async fn write(engine: Engine, posts: Arc<Table>, mut random: StdRng) -> Vec<Changed> {
    let mut committed = Vec::new();
    for _ in 0..ROUNDS {
        let version = engine.schema_version();
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
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            if taken_back { Err(StoreError::Other("taken back on purpose".into())) } else { Ok(changed) }
        };
        if let Ok(changed) = engine.transaction(work).await {
            committed.extend(changed);
        }
    }
    committed
}

async fn change(tx: &Tx, posts: &Arc<Table>, version: u64, id: &str, kind: u64) -> Result<i64> {
    let (table, id) = (posts.clone(), id.to_owned());
    let op = match kind {
        0 => Op::Delete { table, id, expect_rev: None, old: Vec::new() },
        1..4 => Op::Insert { table, values: vec![id.into(), Value::Int(1)], image: b"{}".to_vec() },
        _ => Op::Update {
            table,
            id,
            expect_rev: None,
            set: vec![(1, Value::Int(2))],
            image: b"{}".to_vec(),
            old: b"{}".to_vec(),
        },
    };
    let set = WriteSet { schema_version: version, ops: vec![op], ..WriteSet::default() };
    Ok(tx.apply(&set).await?.revs[0])
}

/// Reads the feed with pauses, now and then over a new connection, as another node would from its token.
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

    async fn follow(mut self, seed: u64, done: watch::Receiver<bool>) -> Vec<Entry> {
        let mut random = StdRng::seed_from_u64(1000 + seed);
        let mut seen = Vec::new();
        loop {
            let last = *done.borrow();
            let (position, entries) = tail::since(&mut self.connection, &self.position).await.expect("the feed");
            self.position = position;
            seen.extend(entries);
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
