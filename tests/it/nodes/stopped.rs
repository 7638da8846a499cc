//! A node that is stopped while a rule changes (C2).

use std::time::{Duration, Instant};

use serde_json::json;

use super::{one, within};
use crate::app::TestApp;
use crate::cli::process::Place;
use crate::client::Client;

const RECORDS: &str = "/api/collections/posts/records";
/// Requests that wait for the node to go on.
const WAITING: usize = 24;
const ROUNDS: usize = 2;

#[tokio::test]
async fn a_node_that_slept_through_a_change_of_a_rule_serves_nothing_under_the_old_one() {
    let Some(first) = one().await else { return };
    first.open_collection("posts", json!([])).await;
    let place = Place::new();
    let second = place.serve_with(|command| {
        command.env("BASALT_DATABASE__URL", first.database().url());
    });
    let address = second.url.trim_start_matches("http://").parse().expect("an address");
    let guest = Client::new(address, None);
    for round in 0..ROUNDS {
        set_rule(&first, json!("")).await;
        let open = async || guest.get(RECORDS).await.status == 200;
        within(Duration::from_secs(5), "the open rule", open).await;

        second.signal("STOP");
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let guest = guest.clone();
                tokio::spawn(async move { guest.get(RECORDS).await.status })
            })
            .collect();
        let started = Instant::now();
        set_rule(&first, json!(null)).await;
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(1), "its right to decide had not ended: {waited:?}");
        assert!(waited < Duration::from_secs(10), "it is not waited for for ever: {waited:?}");
        second.signal("CONT");

        for answer in waiting {
            let status = answer.await.expect("no panic");
            assert!([403, 503].contains(&status), "round {round}: {status} under a rule that is over");
        }
        let closed = async || guest.get(RECORDS).await.status == 403;
        within(Duration::from_secs(5), "the way back", closed).await;
    }
    drop(second);
    first.stop().await;
}

async fn set_rule(app: &TestApp, rule: serde_json::Value) {
    app.superuser().patch("/api/collections/posts", json!({ "listRule": rule })).await.ok();
}
