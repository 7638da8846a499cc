//! Reads on a standby: served where it has enough, and never less than what the client has seen (C3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::load::POSTS;
use super::pair::{Pair, Replication};
use super::within;
use crate::app::TestApp;
use crate::client::{Client, Reply};
use crate::database::refusal;

const SOON: Duration = Duration::from_secs(10);
const TOKEN: &str = "basalt-token";
/// How often the standby stops replaying, and what clients do meanwhile.
const PAUSES: usize = 2;
const STEPS: u64 = 20;

/// A client that sends the token of the last answer.
struct Echo {
    guest: Client,
    token: String,
}

impl Echo {
    fn new(node: &TestApp) -> Self {
        Self { guest: node.guest(), token: String::new() }
    }

    /// The same client, at another node.
    fn at(&self, node: &TestApp) -> Self {
        Self { guest: node.guest(), token: self.token.clone() }
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Json>) -> Reply {
        let mut request = self.guest.request(method, path);
        if !self.token.is_empty() {
            request = request.header(TOKEN, &self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let reply = self.guest.send(request).await;
        if (200..300).contains(&reply.status) {
            assert!(!reply.header(TOKEN).is_empty(), "an answer without a token");
            reply.header(TOKEN).clone_into(&mut self.token);
        }
        reply
    }

    async fn get(&mut self, path: &str) -> Json {
        self.send(Method::GET, path, None).await.ok()
    }
}

/// Two nodes that read on the standby, with a collection that everybody may use.
async fn two(pair: &Pair) -> [TestApp; 2] {
    let replica = pair.standby.url();
    let configure = |config: &mut basalt::config::Config| config.database.replica_urls = vec![replica.clone()];
    let first = TestApp::over(&pair.primary.url(), None, configure).await;
    first.open_collection("posts", json!([{ "name": "n", "type": "number" }])).await;
    let second = TestApp::over(&pair.primary.url(), Some(&first), configure).await;
    [first, second]
}

/// Whether the table of records was read on the standby; it counts that about once a second.
async fn was_asked(pair: &Pair) -> bool {
    let sql = "SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) > 0 FROM pg_stat_user_tables WHERE relname = 'posts'";
    pair.standby.ask(sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_answers_who_says_how_much_it_must_have() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let told = refusal(pair.standby.url()).await;
    assert!(told.contains("it is a standby that takes no writes"), "{told}");
    let [node, other] = two(&pair).await;
    let guest = node.guest();
    let reply = guest.post(POSTS, json!({ "title": "first" })).await;
    let path = format!("{POSTS}/{}", reply.ok()["id"].as_str().expect("an id"));
    let token = reply.header(TOKEN).to_owned();
    assert!(!token.is_empty());
    let reply = guest.get(POSTS).await;
    assert_eq!(reply.ok()["totalItems"], 1);
    assert_eq!(reply.header(TOKEN), "", "nobody asked for it");
    assert!(!was_asked(&pair).await, "the primary answers who does not say how much it must have");
    let mut client = Echo { guest: other.guest(), token };
    let served = async || {
        let mut client = client.at(&other);
        assert_eq!(client.get(POSTS).await["totalItems"], 1);
        assert_eq!(client.get(&path).await["title"], "first");
        let groups = client.get("/api/collections/posts/aggregate?select=count()").await;
        assert_eq!(groups["items"][0]["count()"], 1, "{groups}");
        was_asked(&pair).await
    };
    within(SOON, "a read on the replica", served).await;

    // Whatever the token is, it is no reason to fail.
    for token in ["", "x", &"y".repeat(5000), &client.token[1..]] {
        let reply = guest.send(guest.request(Method::GET, POSTS).header(TOKEN, token)).await;
        assert_eq!(reply.ok()["totalItems"], 1);
        assert!(!reply.header(TOKEN).is_empty());
    }
    let origin = guest.request(Method::GET, POSTS).header("origin", "https://example.com");
    let exposed = guest.send(origin).await.header("access-control-expose-headers").to_owned();
    assert!(exposed.contains("Basalt-Token"), "{exposed}");

    // A replica that says nothing, or is gone, costs nobody an answer.
    pair.standby.pause();
    let started = Instant::now();
    assert_eq!(client.get(POSTS).await["totalItems"], 1);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    pair.standby.kill();
    for number in 0..20 {
        let title = format!("then {number}");
        client.send(Method::POST, POSTS, Some(json!({ "title": title }))).await.ok();
        assert_eq!(client.get(POSTS).await["totalItems"], number + 2);
    }
    node.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_sees_its_writes_and_never_less_than_before() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let nodes = Arc::new(two(&pair).await);
    let (ended, steps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let shared = nodes[0].guest().post(POSTS, json!({ "title": "shared" })).await.ok();
    let shared = format!("{POSTS}/{}", shared["id"].as_str().expect("an id"));
    let mut clients = Vec::new();
    for number in 0..3_usize {
        let (nodes, ended, steps, shared) = (nodes.clone(), ended.clone(), steps.clone(), shared.clone());
        clients.push(tokio::spawn(async move {
            let mut client = Echo::new(&nodes[number % 2]);
            let body = json!({ "title": format!("own {number}"), "n": 0 });
            let own = client.send(Method::POST, POSTS, Some(body)).await.ok();
            let id = own["id"].as_str().expect("an id").to_owned();
            let (own, mut seen) = (format!("{POSTS}/{id}"), 0.0);
            for step in 1_u64.. {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                client = client.at(&nodes[usize::from(step % 3 == 0)]);
                client.send(Method::PATCH, &own, Some(json!({ "n": step }))).await.ok();
                assert_eq!(client.get(&own).await["n"], step, "its own write");
                let list = client.get(&format!("{POSTS}?filter=id='{id}'%26%26n={step}")).await;
                assert_eq!(list["totalItems"], 1, "its own write in a list");
                // What others write rises, in the eyes of everybody.
                nodes[0].guest().patch(&shared, json!({ "n+": 1 })).await.ok();
                for _ in 0..3 {
                    let now = client.get(&shared).await["n"].as_f64().expect("a number");
                    assert!(now >= seen, "{now} after {seen}");
                    seen = now;
                }
                steps.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let go_on = async || {
        let enough = steps.load(Ordering::Relaxed) + STEPS;
        let done =
            async || steps.load(Ordering::Relaxed) >= enough || clients.iter().any(|client| client.is_finished());
        within(SOON * 3, "steps", done).await;
    };
    for _ in 0..PAUSES {
        go_on().await;
        pair.standby.run("SELECT pg_wal_replay_pause()").await;
        go_on().await;
        pair.standby.run("SELECT pg_wal_replay_resume()").await;
    }
    within(SOON * 2, "a read on the replica", async || was_asked(&pair).await).await;
    ended.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no panic");
    }
    for node in Arc::into_inner(nodes).expect("no other owner") {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_without_the_present_schema_is_not_asked() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let [node, other] = two(&pair).await;
    let mut client = Echo::new(&node);
    client.send(Method::POST, POSTS, Some(json!({ "title": "old" }))).await.ok();
    for round in 0..3 {
        let served = async || {
            client.at(&other).get(POSTS).await;
            was_asked(&pair).await
        };
        within(SOON, "a read on the replica", served).await;
        pair.standby.run("SELECT pg_wal_replay_pause()").await;
        let name = format!("added{round}");
        let fields = node.superuser().get("/api/collections/posts").await.ok()["fields"].clone();
        let mut fields = fields.as_array().expect("fields").clone();
        fields.push(json!({ "name": name, "type": "text" }));
        node.superuser().patch("/api/collections/posts", json!({ "fields": fields })).await.ok();
        for node in [&node, &other] {
            // By the token of before the change.
            let list = client.at(node).get(POSTS).await;
            assert_eq!(list["items"][0][&name], "", "{list}");
        }
        pair.standby.run("SELECT pg_wal_replay_resume()").await;
        pair.catch_up().await;
        let list = client.at(&other).get(POSTS).await;
        assert_eq!(list["items"][0][&name], "", "{list}");
    }
    // Nobody may list it any more, whatever is replayed where.
    pair.standby.run("SELECT pg_wal_replay_pause()").await;
    node.superuser().patch("/api/collections/posts", json!({ "listRule": null })).await.ok();
    for node in [&node, &other] {
        client.at(node).send(Method::GET, POSTS, None).await.error(403);
    }
    pair.standby.run("SELECT pg_wal_replay_resume()").await;
    node.stop().await;
    other.stop().await;
}
