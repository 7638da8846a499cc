//! What one node writes, the others read.

use std::time::Duration;

use serde_json::json;

use super::{two, within};
use crate::app::{ADA_EMAIL, PASSWORD};

#[tokio::test]
async fn answers_from_memory_are_given_up_when_another_node_writes() {
    let Some((first, second)) = two().await else { return };
    first.open_collection("posts", json!([])).await;
    let guest = second.guest();
    for number in 1..=5 {
        // Asked often enough to be kept.
        for _ in 0..3 {
            assert_eq!(guest.get("/api/collections/posts/records").await.ok()["totalItems"], number - 1);
        }
        first.guest().post("/api/collections/posts/records", json!({ "title": "x" })).await.ok();
        let known = async || guest.get("/api/collections/posts/records").await.ok()["totalItems"] == number;
        within(Duration::from_secs(1), "a record", known).await;
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_token_ends_on_all_nodes() {
    let Some((first, second)) = two().await else { return };
    let ada = first.ada().await;
    let there = second.guest().with(ada.token.clone());
    let path = "/api/collections/users/auth-refresh";
    assert_eq!(there.post(path, json!({})).await.status, 200);
    let users = first.superuser().get("/api/collections/users/records").await.ok();
    let id = users["items"][0]["id"].as_str().expect("an id").to_owned();
    let body = json!({ "password": "another horse", "passwordConfirm": "another horse", "oldPassword": PASSWORD });
    ada.patch(&format!("/api/collections/users/records/{id}"), body).await.ok();
    assert_eq!(ada.post(path, json!({})).await.status, 401, "at once where it was done");
    let ended = async || there.post(path, json!({})).await.status == 401;
    within(Duration::from_secs(1), "the end of the token", ended).await;
    let form = json!({ "identity": ADA_EMAIL, "password": "another horse" });
    second.guest().post("/api/collections/users/auth-with-password", form).await.ok();
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn unique_values_and_counters_hold_across_nodes() {
    let Some((first, second)) = two().await else { return };
    let unique = json!({ "indexes": ["CREATE UNIQUE INDEX one_title ON posts (title)"] });
    first.open_collection("posts", json!([{ "name": "n", "type": "number" }])).await;
    first.superuser().patch("/api/collections/posts", unique).await.ok();
    let path = "/api/collections/posts/records";
    let record = first.guest().post(path, json!({ "title": "counter" })).await.ok();
    let counter = format!("{path}/{}", record["id"].as_str().expect("an id"));
    let work = async |app: &crate::app::TestApp| {
        let mut created = 0;
        for number in 0..20 {
            app.guest().patch(&counter, json!({ "n+": 1 })).await.ok();
            let reply = app.guest().post(path, json!({ "title": format!("t{number}") })).await;
            assert!([200, 400].contains(&reply.status), "{}", reply.text);
            created += usize::from(reply.status == 200);
        }
        created
    };
    let (left, right) = tokio::join!(work(&first), work(&second));
    assert_eq!(left + right, 20, "each title once");
    assert_eq!(first.guest().get(&counter).await.ok()["n"], 40);
    second.stop().await;
    first.stop().await;
}
