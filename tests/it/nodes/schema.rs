//! What superusers change on one node holds on all.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{two, within};

#[tokio::test]
async fn a_rule_that_was_changed_is_applied_nowhere_any_more() {
    let Some((first, second)) = two().await else { return };
    first.open_collection("posts", json!([])).await;
    let guest = second.guest();
    for round in 0..20 {
        let (rule, expected) = if round % 2 == 0 { (json!(null), 403) } else { (json!(""), 200) };
        // By turns on either node.
        let admin = if round % 4 < 2 { &first } else { &second };
        admin.superuser().patch("/api/collections/posts", json!({ "listRule": rule })).await.ok();
        assert_eq!(guest.get("/api/collections/posts/records").await.status, expected, "round {round}");
        assert_eq!(first.guest().get("/api/collections/posts/records").await.status, expected, "round {round}");
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn changes_on_both_nodes_at_once_are_all_kept() {
    let Some((first, second)) = two().await else { return };
    let create = async |app: &crate::app::TestApp, side: &str| {
        for number in 0..6 {
            app.open_collection(&format!("{side}{number}"), json!([])).await;
        }
    };
    tokio::join!(create(&first, "left"), create(&second, "right"));
    for app in [&first, &second] {
        for number in 0..6 {
            for side in ["left", "right"] {
                let path = format!("/api/collections/{side}{number}/records");
                app.guest().post(&path, json!({ "title": "x" })).await.ok();
            }
        }
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_node_that_went_silent_is_waited_for_until_it_can_decide_nothing() {
    let Some((first, second)) = two().await else { return };
    first.open_collection("posts", json!([])).await;
    // A node that beat just now and never will again.
    let silent = "INSERT INTO _nodes (id, version, schema_version, migration) VALUES ('silent', '0', 1, 1000)";
    first.database().run(silent).await;
    let started = Instant::now();
    first.superuser().patch("/api/collections/posts", json!({ "listRule": null })).await.ok();
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(2), "its right to decide had not ended: {waited:?}");
    assert!(waited < Duration::from_secs(10), "it is not waited for for ever: {waited:?}");
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn settings_are_those_of_all_nodes() {
    let Some((first, second)) = two().await else { return };
    first.superuser().patch("/api/settings", json!({ "meta": { "appName": "Shared" } })).await.ok();
    let known = async || second.superuser().get("/api/settings").await.ok()["meta"]["appName"] == "Shared";
    within(Duration::from_secs(1), "the settings", known).await;
    second.stop().await;
    first.stop().await;
}
