//! Clients that write and read all the time, and remember what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;

use super::failover::revision;
use super::within;
use crate::app::TestApp;
use crate::client::{Client, Reply};

pub const POSTS: &str = "/api/collections/posts/records";

/// Of each kind on each node.
const CLIENTS: usize = 2;
const ASK_AGAIN: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Load {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<Told>>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    acknowledged: AtomicU64,
}

/// What clients were told, and what they were not.
#[derive(Default)]
pub struct Told {
    /// By the id of a record: the titles that it may have, `None` where it may not be there.
    records: BTreeMap<String, Vec<Option<String>>>,
    /// Epoch and revision of each acknowledged write.
    tags: Vec<(String, u64)>,
    pub increments: u64,
    pub maybe_increments: u64,
}

/// Asks until the server says that it is ready.
pub async fn until_ready(guest: &Client) {
    let started = Instant::now();
    while guest.get("/api/ready").await.status != 200 {
        assert!(started.elapsed() < PATIENCE, "the way back took longer than {PATIENCE:?}");
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

impl Load {
    pub async fn start(nodes: &[TestApp]) -> Self {
        let shared = Arc::new(Shared::default());
        let counter = nodes[0].guest().post(POSTS, json!({ "title": "counter" })).await.ok();
        let counter = format!("{POSTS}/{}", counter["id"].as_str().expect("an id"));
        let clients = || nodes.iter().flat_map(|node| (0..CLIENTS).map(|_| node.guest()));
        let write = |(number, guest): (usize, Client)| {
            let writer = Writer { guest, shared: shared.clone(), told: Told::default() };
            tokio::spawn(writer.run(number, counter.clone()))
        };
        let writers = clients().enumerate().map(write).collect();
        let readers = clients().map(|guest| tokio::spawn(read(guest, shared.clone()))).collect();
        Self { shared, writers, readers }
    }

    /// Waits until so many more writes were acknowledged.
    pub async fn writes(&self, count: u64) {
        let acknowledged = || self.shared.acknowledged.load(Ordering::Relaxed);
        let enough = acknowledged() + count;
        within(PATIENCE, "writes", async || {
            acknowledged() >= enough || self.writers.iter().any(JoinHandle::is_finished)
        })
        .await;
    }

    pub async fn stop(self) -> Told {
        self.shared.ended.store(true, Ordering::Relaxed);
        let mut all = Told::default();
        for writer in self.writers {
            let told = writer.await.expect("no panic");
            all.records.extend(told.records);
            all.tags.extend(told.tags);
            all.increments += told.increments;
            all.maybe_increments += told.maybe_increments;
        }
        for reader in self.readers {
            reader.await.expect("no panic");
        }
        all
    }
}

async fn read(guest: Client, shared: Arc<Shared>) {
    while !shared.ended.load(Ordering::Relaxed) {
        for query in ["", "?filter=title!='x'&perPage=3", "?sort=-n&skipTotal=1"] {
            let reply = guest.get(&format!("{POSTS}{query}")).await;
            // The test closes the list for a while.
            assert!([200, 403, 503].contains(&reply.status), "{} {}", reply.status, reply.text);
        }
    }
}

struct Writer {
    guest: Client,
    shared: Arc<Shared>,
    told: Told,
}

impl Writer {
    async fn run(mut self, writer: usize, counter: String) -> Told {
        for number in 0_u64.. {
            if self.shared.ended.load(Ordering::Relaxed) {
                break;
            }
            self.life(format!("w{writer:02}n{number:011}"), number.is_multiple_of(3)).await;
            let reply = self.guest.patch(&counter, json!({ "n+": 1 })).await;
            match self.is_done(&reply).await {
                true => self.told.increments += 1,
                false => self.told.maybe_increments += 1,
            }
        }
        self.told
    }

    /// A record is made, changed, and maybe deleted; it is left alone as soon as its state is not known.
    async fn life(&mut self, id: String, ends: bool) {
        let path = format!("{POSTS}/{id}");
        let (first, second) = (format!("{id} first"), format!("{id} second"));
        let mut states = vec![None];
        let body = json!({ "id": id, "title": first });
        let mut known = {
            let reply = self.guest.post(POSTS, body).await;
            self.took(&reply, &mut states, Some(first)).await
        };
        if known {
            let reply = self.guest.patch(&path, json!({ "title": second })).await;
            known = self.took(&reply, &mut states, Some(second)).await;
        }
        if known && ends {
            let reply = self.guest.delete(&path).await;
            self.took(&reply, &mut states, None).await;
        }
        self.told.records.insert(id, states);
    }

    /// Notes the state that a write leads to, or may lead to; whether it is sure.
    async fn took(&mut self, reply: &Reply, states: &mut Vec<Option<String>>, state: Option<String>) -> bool {
        let done = self.is_done(reply).await;
        if done {
            states.clear();
        }
        states.push(state);
        done
    }

    async fn is_done(&mut self, reply: &Reply) -> bool {
        assert!([200, 204, 503].contains(&reply.status), "{} {}", reply.status, reply.text);
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), "1");
            until_ready(&self.guest).await;
            return false;
        }
        self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        if reply.status == 200 {
            self.told.tags.push(revision(reply.header("etag")));
        }
        true
    }
}

impl Told {
    /// Each record is in a state that its writer was told of, or could not be told of.
    pub fn check(&self, rows: &[(String, String)]) {
        let rows: BTreeMap<&str, &str> = rows.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
        for (id, states) in &self.records {
            let state = rows.get(id.as_str()).copied();
            let possible = states.iter().any(|possible| possible.as_deref() == state);
            assert!(possible, "{id} is {state:?}, not one of {states:?}");
        }
    }

    /// The revisions of acknowledged writes, each once, of the epoch before and of the one after.
    pub fn revisions(&self) -> (Vec<u64>, Vec<u64>) {
        let mut epochs: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (epoch, revision) in &self.tags {
            epochs.entry(epoch).or_default().push(*revision);
        }
        let mut both: Vec<Vec<u64>> = epochs.into_values().collect();
        for revisions in &mut both {
            revisions.sort_unstable();
            assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "a revision was given twice");
        }
        both.sort_by_key(|revisions| revisions.first().copied());
        let [before, after]: [Vec<u64>; 2] = both.try_into().expect("two epochs");
        (before, after)
    }
}
