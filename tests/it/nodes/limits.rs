//! Limits of all nodes together where there is no Redis: told through the database, or counted in it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{two, within};
use crate::app::{PASSWORD, TestApp};

const LISTS: &str = "/api/collections/posts/records";

#[tokio::test]
async fn what_one_node_counted_the_others_know_soon() {
    let Some((first, second)) = two().await else { return };
    first.open_collection("posts", json!([])).await;
    let rules = json!([{ "label": "*:list", "maxRequests": 10, "duration": 3600 },
        { "label": "/api/health", "maxRequests": 1, "duration": 1 }]);
    first.superuser().patch("/api/settings", json!({ "rateLimits": { "enabled": true, "rules": rules } })).await.ok();
    let known =
        async || second.superuser().get("/api/settings").await.ok()["rateLimits"]["enabled"].as_bool() == Some(true);
    within(Duration::from_secs(5), "the settings", known).await;
    for _ in 0..7 {
        first.guest().get(LISTS).await.ok();
    }
    // The second one hears of those when it tells of its own.
    let started = Instant::now();
    let mut there = 0;
    while second.guest().get(LISTS).await.status == 200 {
        there += 1;
        let told = async || {
            first.database().number("SELECT coalesce(sum(count), 0)::bigint FROM _counters").await >= 7 + there
        };
        within(Duration::from_secs(5), "what was counted", told).await;
    }
    assert!((3..=4).contains(&there), "one may pass before it heard: {there}");
    // So does the first one.
    within(Duration::from_secs(5), "the end", async || first.guest().get(LISTS).await.status == 429).await;
    let refused = first.guest().get(LISTS).await;
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (3500..=3600).contains(&seconds)));
    assert!(started.elapsed() < Duration::from_secs(60), "within one window");
    // A short window ends everywhere.
    first.guest().get("/api/health").await;
    let ended = async |app: &TestApp| app.guest().get("/api/health").await.status == 200;
    within(Duration::from_secs(5), "the end of a window", async || ended(&second).await).await;
    within(Duration::from_secs(5), "the end of a window", async || ended(&first).await).await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_code_is_guessed_at_five_times_on_all_nodes_together() {
    let Some((first, second)) = two().await else { return };
    first
        .superuser()
        .patch("/api/collections/users", json!({ "otp": { "enabled": true, "duration": 600 } }))
        .await
        .ok();
    let body = json!({ "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD });
    let user = first.superuser().post("/api/collections/users/records", body).await.ok();
    let otp = json!({ "collectionRef": "_pb_users_auth_", "recordRef": user["id"], "password": "12345678" });
    let otp = first.superuser().post("/api/collections/_otps/records", otp).await.ok();
    let guess = async |app: &TestApp, password: &str| {
        let form = json!({ "otpId": otp["id"], "password": password });
        app.guest().post("/api/collections/users/auth-with-otp", form).await.status
    };
    let replies = futures_util::future::join_all(
        (0..10).map(async |number| guess(if number % 2 == 0 { &first } else { &second }, "00000000").await),
    )
    .await;
    assert_eq!(replies.iter().filter(|status| **status == 400).count(), 5, "{replies:?}");
    assert_eq!(replies.iter().filter(|status| **status == 429).count(), 5, "{replies:?}");
    assert_eq!([guess(&first, "12345678").await, guess(&second, "12345678").await], [429, 429]);
    // Odd ids are counted like others.
    let form = json!({ "otpId": "\u{0}'", "password": "x" });
    first.guest().post("/api/collections/users/auth-with-otp", form).await.error(400);
    second.stop().await;
    first.stop().await;
}
