//! `Idempotency-Key`: a write is done once, however often it is asked for.

use basalt::clock::Clock;
use basalt::query::Request;
use basalt::records::{Once, Shape, Terms};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, TestApp};
use crate::client::{Client, Reply};

const NOTES: &str = "/api/collections/notes/records";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn send(client: &Client, method: Method, path: &str, key: &str, body: Json) -> Reply {
    client.send(client.request(method, path).header("Idempotency-Key", key).json(&body)).await
}

async fn create(client: &Client, key: &str, body: Json) -> Reply {
    send(client, Method::POST, NOTES, key, body).await
}

fn is_replay(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == "true"
}

fn one(record: &Json) -> String {
    format!("{NOTES}/{}", record["id"].as_str().unwrap_or_default())
}

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number", "max": 10 }])).await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true } })).await.ok();
    app
}

async fn count(app: &TestApp) -> Json {
    app.superuser().get(NOTES).await.ok()["totalItems"].clone()
}

/// What is kept of a body can not be used to try passwords: they are no part of it.
#[tokio::test]
async fn passwords_are_not_remembered() {
    let app = app().await;
    let sign_up = async |name: &str, password: &str| {
        let account =
            json!({ "email": "eve@example.com", "name": name, "password": password, "passwordConfirm": password });
        send(&app.guest(), Method::POST, "/api/collections/users/records", "k", account).await
    };
    sign_up("Eve", PASSWORD).await.ok();
    assert!(is_replay(&sign_up("Eve", "another-password").await));
    assert_eq!(sign_up("Mallory", PASSWORD).await.status, 422);
    let form = json!({ "identity": "eve@example.com", "password": PASSWORD });
    app.guest().post("/api/collections/users/auth-with-password", form).await.ok();
}

#[tokio::test]
async fn a_repeat_is_answered_and_not_done() {
    let app = app().await;
    let guest = app.guest();
    let first = create(&guest, "k", json!({ "title": "a", "n": 1 })).await;
    assert!(!is_replay(&first));
    let again = create(&guest, "k", json!({ "n": 1, "title": "a" })).await;
    assert!(is_replay(&again));
    assert_eq!((first.ok(), first.header("etag")), (again.ok(), again.header("etag")));
    assert_eq!(count(&app).await, 1);

    let record = one(&first.ok());
    for expected in [false, true, true] {
        let updated = send(&guest, Method::PATCH, &record, "k", json!({ "n+": 1 })).await;
        assert_eq!((is_replay(&updated), &updated.ok()["n"]), (expected, &json!(2)));
    }
    // What changed since shows: the answer is made anew.
    guest.patch(&record, json!({ "title": "b" })).await.ok();
    let updated = send(&guest, Method::PATCH, &record, "k", json!({ "n+": 1 })).await;
    assert_eq!((&updated.ok()["n"], &updated.ok()["title"]), (&json!(2), &json!("b")));

    for expected in [false, true] {
        let deleted = guest.send(guest.request(Method::DELETE, &record).header("Idempotency-Key", "k")).await;
        assert_eq!((deleted.status, deleted.text.as_str(), is_replay(&deleted)), (204, "", expected));
    }
    let gone = create(&guest, "k", json!({ "title": "a", "n": 1 })).await;
    gone.error(404);
    assert!(is_replay(&gone), "it says that the write itself was done");
}

#[tokio::test]
async fn another_body_or_a_bad_key_is_refused() {
    let app = app().await;
    let guest = app.guest();
    create(&guest, "k", json!({ "title": "a" })).await.ok();
    create(&guest, "k", json!({ "title": "b" })).await.error(422);
    create(&guest, "k", json!({})).await.error(422);
    for key in ["", "a b", &"k".repeat(256)] {
        create(&guest, key, json!({})).await.error(400);
    }
    let twice = guest.request(Method::POST, NOTES).header("Idempotency-Key", "x").header("Idempotency-Key", "y");
    guest.send(twice.json(&json!({}))).await.error(400);
    let binary = guest.request(Method::POST, NOTES).header("Idempotency-Key", &b"\xff\xfe"[..]);
    guest.send(binary.json(&json!({}))).await.error(400);
    assert_eq!(count(&app).await, 1);
    // Another target or method is another scope.
    assert!(!is_replay(&send(&guest, Method::POST, &format!("{NOTES}?fields=id"), "k", json!({ "title": "a" })).await));
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn failures_may_be_tried_again() {
    let app = app().await;
    let guest = app.guest();
    create(&guest, "k", json!({ "n": 11 })).await.error(400);
    assert!(!is_replay(&create(&guest, "k", json!({ "n": 9 })).await));
    let record = one(&guest.get(NOTES).await.ok()["items"][0]);
    send(&guest, Method::PATCH, &record, "k", json!({ "n+": 5 })).await.error(400);
    guest.patch(&record, json!({ "n": 1 })).await.ok();
    assert_eq!(send(&guest, Method::PATCH, &record, "k", json!({ "n+": 5 })).await.ok()["n"], 6);
    let stale = guest.request(Method::DELETE, &record).header("Idempotency-Key", "d").header("If-Match", "\"x-0\"");
    guest.send(stale).await.error(412);
    let deleted = guest.send(guest.request(Method::DELETE, &record).header("Idempotency-Key", "d")).await;
    assert_eq!((deleted.status, is_replay(&deleted)), (204, false));
}

/// An update that changes nothing is done once, too: its repeat must not undo what came in between.
#[tokio::test]
async fn a_repeat_of_an_update_that_changed_nothing_changes_nothing() {
    let app = app().await;
    let guest = app.guest();
    let record = one(&guest.post(NOTES, json!({ "title": "a" })).await.ok());
    let first = send(&guest, Method::PATCH, &record, "k", json!({ "title": "a" })).await;
    assert_eq!(first.header("etag"), guest.get(&record).await.header("etag"));
    guest.patch(&record, json!({ "title": "b" })).await.ok();
    let again = send(&guest, Method::PATCH, &record, "k", json!({ "title": "a" })).await;
    assert_eq!((is_replay(&again), &again.ok()["title"]), (true, &json!("b")));
}

#[tokio::test]
async fn sixteen_at_once_make_one_record() {
    let app = app().await;
    let guest = app.guest();
    for round in 0..5 {
        let key = format!("race-{round}");
        let replies = join_all((0..16).map(|_| create(&guest, &key, json!({ "title": key.as_str() })))).await;
        let mut ids = Vec::new();
        for reply in &replies {
            match reply.status {
                200 => ids.push(reply.ok()["id"].clone()),
                _ => {
                    reply.error(409);
                    assert_eq!(reply.header("retry-after"), "1");
                }
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(replies.iter().filter(|reply| reply.status == 200 && !is_replay(reply)).count(), 1);
        assert!(is_replay(&create(&guest, &key, json!({ "title": key.as_str() })).await), "nobody runs any more");
        assert_eq!(count(&app).await, round + 1);
    }
}

/// A request that ends while its write is on the way, as at a timeout, and comes again at once.
#[tokio::test]
async fn a_request_that_was_given_up_is_not_done_twice() {
    let app = app().await;
    // What the first one wrote stands in the way of a second: the repeat must not hear of that.
    let unique = json!({ "indexes": ["CREATE UNIQUE INDEX `idx_title` ON `notes` (`title`)"] });
    app.superuser().patch("/api/collections/notes", unique).await.ok();
    let records = &app.app.records;
    let mut given_up = 0;
    for round in 0..40 {
        let title = format!("round {round}");
        let note = json!({ "title": title });
        let request = Request { body: note.as_object().cloned().unwrap_or_default(), ..Request::default() };
        let once = Once::new(&format!("k{round}"), &request, NOTES, &request.body, &app.app.registry.load())
            .expect("a valid key");
        let terms = Terms { once: Some(once), ..Terms::default() };
        let shape = Shape::default();
        let create = || records.create(request.clone(), "notes", &shape, &terms);
        // Now and then the commit is faster than the look at it.
        given_up += usize::from(create().now_or_never().is_none());
        let second = create().await.expect("done, by the first");
        // With a server in between it may have been given up before anything was written.
        assert!(second.replayed || app.is_postgres());
        assert_eq!(count(&app).await, round + 1);
    }
    assert!(given_up > 0);
}

#[tokio::test]
async fn a_batch_is_done_once() {
    let app = app().await;
    let guest = app.guest();
    let kept = one(&guest.post(NOTES, json!({ "title": "kept" })).await.ok());
    let doomed = one(&guest.post(NOTES, json!({ "title": "doomed" })).await.ok());
    let requests = json!({ "requests": [
        { "method": "POST", "url": format!("{NOTES}?fields=title"), "body": { "title": "new" } },
        { "method": "PATCH", "url": format!("{kept}?fields=id,n"), "body": { "n+": 1 } },
        { "method": "DELETE", "url": doomed },
    ]});
    let batch = async |body: &Json| send(&guest, Method::POST, "/api/batch", "k", body.clone()).await;
    let (first, again) = (batch(&requests).await, batch(&requests).await);
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_eq!(first.ok(), again.ok());
    assert_eq!(first.ok()[0]["body"], json!({ "title": "new" }));
    assert_eq!(count(&app).await, 2);
    let mut other = requests.clone();
    other["requests"][0]["body"]["title"] = json!("other");
    batch(&other).await.error(422);

    guest.delete(&kept).await.ok();
    let again = batch(&requests).await.ok();
    let statuses: Vec<&Json> = again.as_array().into_iter().flatten().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [200, 404, 204]);
    assert_eq!(again[1]["body"]["status"], 404);
}

#[tokio::test]
async fn a_batch_that_was_rolled_back_leaves_no_key() {
    let app = app().await;
    let guest = app.guest();
    let record = one(&guest.post(NOTES, json!({ "n": 9 })).await.ok());
    let requests = json!({ "requests": [
        { "method": "POST", "url": NOTES, "body": {} },
        { "method": "PATCH", "url": record, "body": { "n+": 5 } },
    ]});
    send(&guest, Method::POST, "/api/batch", "k", requests.clone()).await.error(400);
    assert_eq!(count(&app).await, 1);
    guest.patch(&record, json!({ "n": 1 })).await.ok();
    let retried = send(&guest, Method::POST, "/api/batch", "k", requests).await;
    assert_eq!((is_replay(&retried), &retried.ok()[1]["body"]["n"]), (false, &json!(6)));
}

/// A delete with cascades is several sets in one transaction.
#[tokio::test]
async fn a_delete_with_cascades_is_done_once() {
    let app = app().await;
    let target = app.superuser().get("/api/collections/notes").await.ok();
    let relation = json!([{
        "name": "to", "type": "relation", "collectionId": target["id"], "maxSelect": 1, "cascadeDelete": true,
    }]);
    app.open_collection("links", relation).await;
    let guest = app.guest();
    let note = guest.post(NOTES, json!({ "id": "aaaaaaaaaaaaaaa" })).await.ok();
    guest.post("/api/collections/links/records", json!({ "to": note["id"] })).await.ok();
    let delete = async || guest.send(guest.request(Method::DELETE, &one(&note)).header("Idempotency-Key", "k")).await;
    assert_eq!((delete().await.status, is_replay(&delete().await)), (204, true));
    assert_eq!(guest.get("/api/collections/links/records").await.ok()["totalItems"], 0);
    // A new record under the old id is not deleted by a late repeat.
    guest.post(NOTES, json!({ "id": "aaaaaaaaaaaaaaa" })).await.ok();
    assert!(is_replay(&delete().await));
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn a_restart_keeps_the_keys() {
    let app = app().await;
    create(&app.guest(), "k", json!({ "title": "a" })).await.ok();
    let app = app.restart().await;
    assert!(is_replay(&create(&app.guest(), "k", json!({ "title": "a" })).await));
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn a_key_lives_for_a_day() {
    let start_ms = 1_700_000_000_000;
    let clock = Clock::fixed(start_ms);
    let app = TestApp::start_at(&clock).await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    create(&guest, "k", json!({})).await.ok();
    clock.set_ms(start_ms + DAY_MS - 1);
    assert!(is_replay(&create(&guest, "k", json!({})).await));
    assert_eq!(app.app.records.sweep_idempotency().await.expect("a sweep"), 0);
    clock.set_ms(start_ms + DAY_MS);
    let anew = create(&guest, "k", json!({ "title": "another body" })).await;
    assert!(!is_replay(&anew), "expired, although nothing was swept yet");
    create(&guest, "other", json!({})).await.ok();
    clock.set_ms(start_ms + 2 * DAY_MS);
    assert_eq!(app.app.records.sweep_idempotency().await.expect("a sweep"), 2);
    assert_eq!(app.app.records.sweep_idempotency().await.expect("a sweep"), 0);
}

/// Keys of different callers never meet; a repeat shows what its caller may view now, not what the first answer held.
#[tokio::test]
async fn a_repeat_shows_no_more_than_a_view() {
    let app = app().await;
    let (guest, ada) = (app.guest(), app.ada().await);
    let body = json!({ "title": "a" });
    let of_ada = create(&ada, "k", body.clone()).await.ok();
    let of_guest = create(&guest, "k", body.clone()).await;
    assert!(!is_replay(&of_guest));
    assert_ne!(of_guest.ok()["id"], of_ada["id"]);
    assert!(!is_replay(&create(app.superuser(), "k", body.clone()).await));
    for rule in [json!("@request.auth.id != ''"), Json::Null] {
        app.superuser().patch("/api/collections/notes", json!({ "viewRule": rule })).await.ok();
        let hidden = create(&guest, "k", body.clone()).await;
        assert_eq!(hidden.error(404)["data"], json!({}));
        assert!(is_replay(&hidden));
    }
}

#[tokio::test]
async fn the_key_is_nothing_to_other_routes() {
    let app = app().await;
    app.ada().await;
    let form = json!({ "identity": crate::app::ADA_EMAIL, "password": PASSWORD });
    let path = "/api/collections/users/auth-with-password";
    for key in ["k", "k", "not a key"] {
        let signed_in = send(&app.guest(), Method::POST, path, key, form.clone()).await;
        assert!(signed_in.ok()["token"].is_string() && !is_replay(&signed_in));
    }
    send(&app.guest(), Method::POST, path, "k", json!({ "identity": "x", "password": "y" })).await.error(400);
}
