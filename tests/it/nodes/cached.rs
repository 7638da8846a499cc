//! Lists from memory beside writes on two nodes (C4): none is older than what its reader may know of, and who is told
//! that nothing changed has what would be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::json;

use super::{two, within};
use crate::client::{Client, Reply};

const LIST: &str = "/api/collections/posts/records?perPage=500&sort=id";
const RECORDS: &str = "/api/collections/posts/records";
const NODES: usize = 2;
const BURSTS: usize = 12;
const BURST: usize = 4;
/// Reads of all readers between two bursts, so that there is something to be kept.
const READS: u64 = 12;
const PATIENCE: Duration = Duration::from_secs(20);
/// What one node wrote, the other one knows by then.
const KNOWN_AFTER: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Facts {
    /// Writes that were acknowledged, by node.
    acknowledged: [AtomicU64; NODES],
    /// When they were, on any.
    times: Mutex<Vec<Instant>>,
    reads: AtomicU64,
    unchanged: AtomicU64,
    ended: AtomicBool,
}

impl Facts {
    /// How many records a list of this node must have if it is asked for now.
    fn least(&self, node: usize) -> u64 {
        let now = Instant::now();
        let known = |at: &&Instant| now.duration_since(**at) > KNOWN_AFTER;
        let old = self.times.lock().iter().filter(known).count() as u64;
        self.acknowledged[node].load(Ordering::Acquire).max(old)
    }
}

#[tokio::test]
async fn a_list_from_memory_is_never_older_than_what_its_reader_may_know() {
    let Some((first, second)) = two().await else { return };
    first.open_collection("posts", json!([])).await;
    let guests = [first.guest(), second.guest()];
    let facts = Arc::new(Facts::default());
    let mut readers = Vec::new();
    for (node, guest) in guests.iter().enumerate() {
        for _ in 0..2 {
            readers.push(tokio::spawn(read(facts.clone(), guest.clone(), node)));
        }
    }
    let writers: Vec<_> = guests
        .iter()
        .enumerate()
        .map(|(node, guest)| tokio::spawn(write(facts.clone(), guest.clone(), node)))
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    facts.ended.store(true, Ordering::Release);
    for reader in readers {
        reader.await.expect("no panic");
    }
    assert!(facts.unchanged.load(Ordering::Acquire) > 0, "nothing was ever answered from memory");
    let all = (NODES * BURSTS * BURST) as u64;
    for guest in &guests {
        let whole = async || guest.get(LIST).await.ok()["totalItems"] == all;
        within(KNOWN_AFTER, "the last write", whole).await;
    }
    let bodies = [at_rest(&guests[0]).await, at_rest(&guests[1]).await];
    assert_eq!(bodies[0], bodies[1]);
    second.stop().await;
    first.stop().await;
}

/// The list when nobody writes: whoever is told that nothing changed has what is sent to others.
async fn at_rest(guest: &Client) -> String {
    let kept = guest.get(LIST).await;
    let asked = guest.request(reqwest::Method::GET, LIST).header("if-none-match", kept.header("etag"));
    assert_eq!(guest.send(asked).await.status, 304);
    let again = guest.get(LIST).await;
    assert_eq!((again.header("etag"), &again.text), (kept.header("etag"), &kept.text), "one tag, one body");
    kept.text
}

async fn write(facts: Arc<Facts>, guest: Client, node: usize) {
    for burst in 0..BURSTS {
        for number in 0..BURST {
            guest.post(RECORDS, json!({ "title": format!("{node}.{burst}.{number}") })).await.ok();
            facts.acknowledged[node].fetch_add(1, Ordering::AcqRel);
            facts.times.lock().push(Instant::now());
        }
        let seen = facts.reads.load(Ordering::Acquire);
        let started = Instant::now();
        while facts.reads.load(Ordering::Acquire) <= seen + READS {
            assert!(started.elapsed() < PATIENCE, "the readers stand still");
            tokio::task::yield_now().await;
        }
    }
}

async fn read(facts: Arc<Facts>, guest: Client, node: usize) {
    let mut kept: Option<Reply> = None;
    while !facts.ended.load(Ordering::Acquire) {
        let least = facts.least(node);
        let mut request = guest.request(reqwest::Method::GET, LIST);
        if let Some(kept) = &kept {
            request = request.header("if-none-match", kept.header("etag"));
        }
        let reply = guest.send(request).await;
        let fresh = match (reply.status, kept.take()) {
            (304, Some(kept)) => {
                facts.unchanged.fetch_add(1, Ordering::AcqRel);
                kept
            }
            _ => reply,
        };
        let list = fresh.ok();
        let total = list["totalItems"].as_u64().expect("a number");
        assert!(total >= least, "{total} records where {least} may be known");
        let items = list["items"].as_array().map_or(0, Vec::len) as u64;
        assert!(items >= least, "{items} items where {least} may be known");
        kept = Some(fresh);
        facts.reads.fetch_add(1, Ordering::AcqRel);
    }
}
