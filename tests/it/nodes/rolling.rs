//! Nodes are replaced one by one, in order and by force, while clients write.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use reqwest::header::HeaderName;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{one, within};
use crate::cli::process::{Place, Server};

const NOTES: &str = "/api/collections/notes/records";
const WRITERS: usize = 6;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A write must come through somewhere within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the nodes are now.
type Nodes = Arc<RwLock<Vec<String>>>;

fn start(place: &Place, database_url: &str) -> Server {
    place.serve_with(|command| {
        command.env("BASALT_DATABASE__URL", database_url);
    })
}

/// Creates one record after the other, each under a key, and asks the next node where one does not answer. Returns what
/// was acknowledged.
async fn write(nodes: Nodes, writer: usize, end: Arc<AtomicBool>) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
    let mut titles = Vec::new();
    let mut node = writer;
    for count in 0_usize.. {
        if end.load(Ordering::Acquire) {
            break;
        }
        let title = format!("{writer}-{count}");
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "no node takes {title}");
            let url = {
                let nodes = nodes.read();
                format!("{}{NOTES}", nodes[node % nodes.len()])
            };
            let request = client.post(url).header(IDEMPOTENCY_KEY, &title).json(&json!({ "title": title }));
            match request.send().await.map(|answer| answer.status().as_u16()) {
                Ok(200) => break,
                // Before it stops, or because the other one is still at this very write.
                Ok(503 | 409) | Err(_) => node += 1,
                Ok(status) => panic!("{title}: {status}"),
            }
        }
        titles.push(title);
    }
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_lost_or_made_twice() {
    let Some(watcher) = one().await else { return };
    watcher.open_collection("notes", json!([])).await;
    let url = watcher.database().url();
    let places = [Place::new(), Place::new()];
    let mut servers = places.each_ref().map(|place| start(place, &url));
    let nodes: Nodes = Arc::new(RwLock::new(servers.iter().map(|server| server.url.clone()).collect()));
    let end = Arc::<AtomicBool>::default();
    let spawn = |writer| tokio::spawn(write(nodes.clone(), writer, end.clone()));
    let writers: Vec<JoinHandle<Vec<String>>> = (0..WRITERS).map(spawn).collect();
    let count = async || {
        let listed = watcher.guest().get(&format!("{NOTES}?perPage=1")).await.ok();
        listed["totalItems"].as_u64().expect("a number")
    };
    for signal in ["TERM", "KILL"] {
        for (number, server) in servers.iter_mut().enumerate() {
            let before = count().await;
            within(PATIENCE, "some writes", async || count().await > before + 100).await;
            server.signal(signal);
            let ended = tokio::task::block_in_place(|| server.child.wait()).expect("it ends");
            assert_eq!(ended.success(), signal == "TERM", "{ended}");
            let before = count().await;
            within(PATIENCE, "writes on the other node", async || count().await > before + 50).await;
            *server = start(&places[number], &url);
            nodes.write()[number].clone_from(&server.url);
        }
    }
    end.store(true, Ordering::Release);
    let mut acknowledged = HashSet::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("no panic"));
    }
    let mut found = HashSet::new();
    for page in 1.. {
        let listed = watcher.guest().get(&format!("{NOTES}?perPage=500&page={page}")).await.ok();
        let items = listed["items"].as_array().expect("a list");
        if items.is_empty() {
            break;
        }
        for item in items {
            let title = item["title"].as_str().expect("a text").to_owned();
            assert!(found.insert(title.clone()), "{title} was made twice");
        }
    }
    assert_eq!(found, acknowledged);
    watcher.stop().await;
}
