//! Contract 1.7: how often clients may ask. Which rule applies is compared with PocketBase in `tests/compat`.

use basalt::clock::Clock;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::TestApp;
use crate::client::Reply;

const START_MS: i64 = 1_800_000_000_000;
const POSTS: &str = "/api/collections/posts/records";

/// A server whose clock stands still, with an open collection and these rules.
async fn limited(rules: Json) -> (TestApp, Clock) {
    let clock = Clock::fixed(START_MS);
    let app = TestApp::start_at(&clock).await;
    app.open_collection("posts", json!([])).await;
    limit(&app, rules).await;
    (app, clock)
}

async fn limit(app: &TestApp, rules: Json) {
    let limits = json!({ "rateLimits": { "enabled": true, "rules": rules } });
    app.superuser().patch("/api/settings", limits).await.ok();
}

fn rule(label: &str, max: u32, seconds: u32) -> Json {
    json!({ "label": label, "maxRequests": max, "duration": seconds })
}

#[tokio::test]
async fn a_window_is_used_up_and_a_new_one_begins() {
    let (app, clock) = limited(json!([rule("posts:list", 2, 10)])).await;
    if app.is_postgres() {
        eprintln!("skipped: windows end by the clock of the database, see nodes::limits");
        return;
    }
    let guest = app.guest();
    guest.get(POSTS).await.ok();
    clock.set_ms(START_MS + 4_000);
    guest.get(POSTS).await.ok();
    let refused = guest.get(POSTS).await;
    refused.error(429);
    assert_eq!(refused.header("retry-after"), "6");
    assert_eq!(refused.header("access-control-allow-origin"), "", "as without an origin");
    clock.set_ms(START_MS + 9_999);
    assert_eq!(guest.get(POSTS).await.header("retry-after"), "1");
    clock.set_ms(START_MS + 10_000);
    guest.get(POSTS).await.ok();
    guest.get(POSTS).await.ok();
    guest.get(POSTS).await.error(429);
    for _ in 0..5 {
        app.superuser().get(POSTS).await.ok();
    }
}

#[tokio::test]
async fn no_more_get_through_at_once_than_one_after_the_other() {
    let (app, _clock) = limited(json!([rule("*:list", 20, 10)])).await;
    let guest = app.guest();
    let replies: Vec<Reply> = join_all((0..100).map(|_| guest.get(POSTS))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 20);
    assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 80);
}

#[tokio::test]
async fn a_path_that_is_written_otherwise_is_the_same() {
    let (app, _clock) = limited(json!([rule("*:auth", 1, 10), rule("/api/", 100, 10)])).await;
    let form = json!({ "identity": "nobody@example.com", "password": "wrong horse" });
    let path = "/api/collections/users/auth-with-password";
    app.guest().post(path, form.clone()).await.error(400);
    let id = app.superuser().get("/api/collections/users").await.ok()["id"].as_str().expect("an id").to_owned();
    for path in [
        path.to_owned(),
        format!("{path}?x"),
        path.replace("auth-with", "auth%2Dwith").replace("users", "%75sers"),
        path.replace("users", &id),
        path.replace("users", "USERS"),
    ] {
        let reply = app.guest().post(&path, form.clone()).await;
        assert!([404, 429].contains(&reply.status), "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn clients_are_told_apart_by_their_addresses() {
    let (app, _clock) = limited(json!([rule("/api/health", 1, 10)])).await;
    let from = async |address: &str| {
        let request = app.guest().request(Method::GET, "/api/health").header("x-real-ip", address);
        app.guest().send(request).await.status
    };
    assert_eq!([from("1.1.1.1").await, from("2.2.2.2").await], [200, 429], "the header is anybody's");
    let proxy =
        json!({ "trustedProxy": { "headers": ["X-Real-IP"] }, "rateLimits": { "excludedIPs": ["10.0.0.0/8"] } });
    app.superuser().patch("/api/settings", proxy).await.ok();
    assert_eq!([from("1.1.1.1").await, from("1.1.1.1").await, from("2.2.2.2").await], [200, 429, 200]);
    assert_eq!([from("::1").await, from("0:0::1").await, from("::2").await], [200, 429, 200]);
    assert_eq!([from("10.1.1.1").await, from("10.1.1.1").await], [200, 200]);
    assert_eq!([from("nonsense").await, from("").await], [429, 429], "the address of the connection");
}

#[tokio::test]
async fn a_rule_that_is_changed_begins_anew_and_none_is_none() {
    let (app, _clock) = limited(json!([rule("/", 1, 10)])).await;
    let status = async |path: &str| app.guest().get(path).await.status;
    assert_eq!([status("/api/health").await, status("/nowhere").await], [200, 429], "the whole server");
    assert_eq!([status("/api/ready").await, status("/api/ready").await], [200, 200], "but for its balancer");
    limit(&app, json!([rule("/", 2, 10)])).await;
    assert_eq!([status("/api/health").await, status("/nowhere").await, status("/_/").await], [200, 404, 429]);
    app.superuser().patch("/api/settings", json!({ "rateLimits": { "enabled": false } })).await.ok();
    assert_eq!(status("/api/health").await, 200);
}

#[tokio::test]
async fn rules_follow_a_collection_that_is_imported_under_another_name() {
    let (app, _clock) = limited(json!([rule("posts:list", 1, 10), rule("*:list", 5, 10)])).await;
    let mut model = app.superuser().get("/api/collections/posts").await.ok();
    model["name"] = "notes".into();
    app.superuser().put("/api/collections/import", json!({ "collections": [model] })).await.ok();
    let settings = app.superuser().get("/api/settings").await.ok();
    assert_eq!(settings["rateLimits"]["rules"][0]["label"], "notes:list");
    app.guest().get("/api/collections/notes/records").await.ok();
    app.guest().get("/api/collections/notes/records").await.error(429);
}
