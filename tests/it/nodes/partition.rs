//! A node whose line to the database is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::namespace::{Cut, Namespace};
use super::{one, within};
use crate::cli::process::Place;
use crate::client::Client;

const POSTS: &str = "/api/collections/posts/records";

/// Longer than any request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// When requests were sent, and how they were answered.
type Answers = Vec<(Instant, u16)>;

/// Asks the same without pause.
async fn ask_on(client: Client, end: Arc<AtomicBool>) -> Answers {
    let mut answers = Answers::new();
    while !end.load(Ordering::Acquire) {
        let sent = Instant::now();
        answers.push((sent, client.get(POSTS).await.status));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_the_database_serves_nothing_old() {
    let Some(first) = one().await else { return };
    let Some(host) = Namespace::create() else { return };
    let place = Place::new();
    let second = host.serve(&place, &first.database().url()).await;
    let address = second.url.trim_start_matches("http://").parse().expect("an address");
    let guest = Client::new(address, None);
    first.open_collection("posts", json!([])).await;
    let set_rule =
        async |rule| first.superuser().patch("/api/collections/posts", json!({ "listRule": rule })).await.ok();
    for (cut, rule, expected) in [(Cut::Database, json!(null), 403), (Cut::All, json!(""), 200)] {
        within(PATIENCE, "the start", async || guest.get("/api/ready").await.status == 200).await;
        let before = guest.get(POSTS).await.status;
        assert_ne!(before, expected);
        let end = Arc::<AtomicBool>::default();
        // Without a line there is nobody to ask.
        let asking = (cut == Cut::Database).then(|| tokio::spawn(ask_on(guest.clone(), end.clone())));
        host.cut(cut);
        let started = Instant::now();
        set_rule(rule).await;
        let changed = Instant::now();
        let waited = changed - started;
        assert!(waited > Duration::from_secs(1), "the other node could still decide: {waited:?}");
        assert!(waited < Duration::from_secs(10), "a node out of reach holds nobody up for ever: {waited:?}");
        // The one that is in touch goes on.
        assert_eq!(first.guest().get(POSTS).await.status, expected);
        first.guest().post(POSTS, json!({ "title": "meanwhile" })).await.ok();
        if asking.is_some() {
            assert_eq!(guest.get(POSTS).await.status, 503, "it can't know the rule");
        }
        host.heal(cut);
        within(PATIENCE, "the way back", async || guest.get("/api/ready").await.status == 200).await;
        assert_eq!(guest.get(POSTS).await.status, expected);
        end.store(true, Ordering::Release);
        if let Some(asking) = asking {
            let late = asking.await.expect("no panic").into_iter().filter(|(sent, _)| *sent > changed);
            let answers: Vec<u16> = late.map(|(_, status)| status).collect();
            assert!(answers.iter().all(|status| [503, expected].contains(status)), "by the old rule: {answers:?}");
        }
    }
    let listed = guest.get(POSTS).await.ok();
    assert_eq!(listed["totalItems"], 2, "{listed}");
    first.stop().await;
}
