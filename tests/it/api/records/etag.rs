//! `ETag`, `If-None-Match` and `If-Match`.

use futures_util::future::join_all;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::TestApp;
use crate::client::{Client, Reply};

const NOTES: &str = "/api/collections/notes/records";

async fn with(client: &Client, method: Method, path: &str, header: (&str, &str), body: Json) -> Reply {
    client.send(client.request(method, path).header(header.0, header.1).json(&body)).await
}

async fn get(client: &Client, path: &str, known: &str) -> Reply {
    client.send(client.request(Method::GET, path).header("If-None-Match", known)).await
}

async fn patch(client: &Client, path: &str, tag: &str, body: Json) -> Reply {
    with(client, Method::PATCH, path, ("If-Match", tag), body).await
}

async fn delete(client: &Client, path: &str, tag: &str) -> Reply {
    client.send(client.request(Method::DELETE, path).header("If-Match", tag)).await
}

fn id_of(record: &Json) -> String {
    record["id"].as_str().unwrap_or_default().to_owned()
}

/// A record of an open collection: its address and its tag.
async fn note(app: &TestApp, body: Json) -> (String, String) {
    let created = app.guest().post(NOTES, body).await;
    (format!("{NOTES}/{}", id_of(&created.ok())), created.header("etag").to_owned())
}

#[tokio::test]
async fn the_tag_of_a_write_is_that_of_the_next_view() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let (one, first) = note(&app, json!({ "title": "a" })).await;
    let viewed = guest.get(&one).await;
    assert_eq!(viewed.header("etag"), first);
    assert_eq!(viewed.header("cache-control"), "private, no-cache");
    let vary: Vec<_> = viewed.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["Authorization", "Origin"]);
    let updated = guest.patch(&one, json!({ "title": "b" })).await;
    assert_ne!(updated.header("etag"), first);
    assert_eq!(guest.get(&one).await.header("etag"), updated.header("etag"));
    assert_ne!(guest.get(&format!("{one}?fields=id")).await.header("etag"), updated.header("etag"));
}

#[tokio::test]
async fn who_has_the_answer_gets_304() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let (one, tag) = note(&app, json!({ "title": "a" })).await;
    let weak = format!("\"x\", W/{tag}");
    for known in [tag.as_str(), weak.as_str(), "*"] {
        let unchanged = get(&guest, &one, known).await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""), "{known}");
        assert_eq!(unchanged.header("etag"), tag);
        assert_eq!(unchanged.header("cache-control"), "private, no-cache");
    }
    let other_shape = format!("{one}?fields=title");
    assert_eq!(get(&guest, &other_shape, &tag).await.status, 200);
    assert_eq!(get(&guest, &one, "garbage").await.status, 200);
    guest.patch(&one, json!({ "title": "b" })).await.ok();
    assert_eq!(get(&guest, &one, &tag).await.ok()["title"], "b");
    guest.delete(&one).await.ok();
    get(&guest, &one, "*").await.error(404);
}

#[tokio::test]
async fn who_asks_again_gets_304_without_the_database() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let (one, first) = note(&app, json!({ "title": "a" })).await;
    for _ in 0..3 {
        assert_eq!(get(&guest, &one, &first).await.status, 304);
    }
    let tag = guest.patch(&one, json!({ "title": "b" })).await.header("etag").to_owned();
    assert_eq!(get(&guest, &one, &first).await.ok()["title"], "b");
    for _ in 0..3 {
        assert_eq!(get(&guest, &one, &tag).await.status, 304);
    }
    app.superuser().patch("/api/collections/notes", json!({ "viewRule": "title = 'a'" })).await.ok();
    get(&guest, &one, &tag).await.error(404);
    app.superuser().patch("/api/collections/notes", json!({ "viewRule": "" })).await.ok();
    for _ in 0..3 {
        assert_eq!(get(&guest, &one, &tag).await.status, 304);
    }
    app.app.store.close().await;
    assert_eq!(get(&guest, &one, &tag).await.header("etag"), tag);
    assert!(get(&guest, &one, &first).await.status >= 500);
}

#[tokio::test]
async fn what_is_expanded_into_a_record_changes_its_tag() {
    let app = TestApp::start().await;
    let target = app.open_collection("targets", json!([])).await;
    let relation = json!([{ "name": "to", "type": "relation", "collectionId": target["id"], "maxSelect": 1 }]);
    app.open_collection("notes", relation).await;
    let guest = app.guest();
    let target = guest.post("/api/collections/targets/records", json!({ "title": "a" })).await.ok();
    let (one, _) = note(&app, json!({ "to": target["id"] })).await;
    let expanded = format!("{one}?expand=to");
    let tag = guest.get(&expanded).await.header("etag").to_owned();
    assert_eq!(get(&guest, &expanded, &tag).await.status, 304);
    let path = format!("/api/collections/targets/records/{}", id_of(&target));
    guest.patch(&path, json!({ "title": "b" })).await.ok();
    assert_eq!(get(&guest, &expanded, &tag).await.ok()["expand"]["to"]["title"], "b");
    // The record itself is the one that was read.
    assert_eq!(patch(&guest, &one, &tag, json!({ "title": "c" })).await.status, 200);
}

#[tokio::test]
async fn rows_of_a_view_are_tagged_by_what_they_say() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let view = json!({ "name": "titles", "type": "view", "viewRule": "", "viewQuery": "SELECT id, title FROM notes" });
    app.superuser().post("/api/collections", view).await.ok();
    let guest = app.guest();
    let (one, _) = note(&app, json!({ "title": "a" })).await;
    let row = one.replace("notes", "titles");
    let tag = guest.get(&row).await.header("etag").to_owned();
    assert_eq!(get(&guest, &row, &tag).await.status, 304);
    guest.patch(&one, json!({ "title": "b" })).await.ok();
    assert_eq!(get(&guest, &row, &tag).await.status, 200);
    guest.patch(&one, json!({ "title": "a" })).await.ok();
    assert_eq!(get(&guest, &row, &tag).await.status, 304, "it says the same again");
}

#[tokio::test]
async fn a_write_over_another_revision_is_refused() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let (one, first) = note(&app, json!({ "title": "a" })).await;
    let second = patch(&guest, &one, &first, json!({ "title": "b" })).await;
    assert_eq!(second.status, 200);
    patch(&guest, &one, &first, json!({ "title": "lost" })).await.error(412);
    delete(&guest, &one, &first).await.error(412);
    let weak = format!("W/{}", second.header("etag"));
    patch(&guest, &one, &weak, json!({ "title": "lost" })).await.error(412);
    for garbage in ["garbage", "\"open", "\"a\" \"b\""] {
        patch(&guest, &one, garbage, json!({ "title": "lost" })).await.error(400);
    }
    assert_eq!(guest.get(&one).await.ok()["title"], "b");
    assert_eq!(patch(&guest, &one, "*", json!({ "title": "c" })).await.status, 200);
    // Read in another shape, it is the same revision.
    let picked = guest.get(&format!("{one}?fields=title")).await.header("etag").to_owned();
    let several = format!("{first}, {picked}");
    assert_eq!(delete(&guest, &one, &several).await.status, 204);
    delete(&guest, &one, "*").await.error(404);
    patch(&guest, &one, "*", json!({})).await.error(404);
}

/// The tag of a record that a caller may not write tells nothing: the rule is asked first.
#[tokio::test]
async fn rules_come_before_preconditions() {
    let app = TestApp::start().await;
    let mut model = app.open_collection("notes", json!([{ "name": "open", "type": "bool" }])).await;
    for rule in ["viewRule", "updateRule", "deleteRule"] {
        model[rule] = json!("open = true");
    }
    app.superuser().patch("/api/collections/notes", model).await.ok();
    let (one, tag) = note(&app, json!({ "title": "a" })).await;
    let guest = app.guest();
    for tag in [tag.as_str(), "*", "\"0.0-0\""] {
        get(&guest, &one, tag).await.error(404);
        patch(&guest, &one, tag, json!({ "title": "b" })).await.error(404);
        delete(&guest, &one, tag).await.error(404);
    }
}

#[tokio::test]
async fn entries_of_a_batch_have_tags_and_conditions() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true } })).await.ok();
    let guest = app.guest();
    let (one, first) = note(&app, json!({ "title": "a" })).await;
    let id = one.trim_start_matches(NOTES).trim_start_matches('/');
    let update = |title: &str, tag: &str| json!({ "method": "PATCH", "url": one, "headers": { "If-Match": tag }, "body": { "title": title } });
    let upsert = |id: &str, tag: &str| json!({ "method": "PUT", "url": NOTES, "headers": { "if-match": tag }, "body": { "id": id, "title": "u" } });
    let batch = async |requests: Json| guest.post("/api/batch?headers=1", json!({ "requests": requests })).await;
    let answers = batch(json!([update("b", &first)])).await.ok();
    let second = answers[0]["headers"]["ETag"].as_str().unwrap_or_default().to_owned();
    assert_eq!(guest.get(&one).await.header("etag"), second);
    for requests in [
        json!([{ "method": "POST", "url": NOTES, "body": {} }, update("lost", &first)]),
        json!([update("kept back", &second), update("lost", &second)]),
        json!([{ "method": "POST", "url": NOTES, "body": {} }, upsert(id, &first)]),
        json!([{ "method": "POST", "url": NOTES, "body": {} }, upsert("aaaaaaaaaaaaaaa", "*")]),
    ] {
        let error = batch(requests).await.error(400);
        assert_eq!(error["data"]["requests"]["1"]["response"]["status"], 412, "{error}");
    }
    assert_eq!(batch(json!([upsert(id, &second)])).await.ok()[0]["status"], 200);
    let page = guest.get(NOTES).await.ok();
    assert_eq!((&page["totalItems"], &page["items"][0]["title"]), (&json!(1), &json!("u")));
}

#[tokio::test]
async fn one_of_many_writers_over_a_revision_wins() {
    let app = TestApp::start().await;
    let target = app.open_collection("notes", json!([])).await;
    // Somebody may point at a note, so that its delete takes the way through a transaction.
    let relation = json!([{ "name": "to", "type": "relation", "collectionId": target["id"], "maxSelect": 1 }]);
    app.open_collection("links", relation).await;
    let guest = app.guest();
    for _ in 0..5 {
        let (one, tag) = note(&app, json!({})).await;
        let updates = join_all((0..10).map(|n| patch(&guest, &one, &tag, json!({ "title": n.to_string() }))));
        let deletes = join_all((0..3).map(|_| delete(&guest, &one, &tag)));
        let (updates, deletes) = tokio::join!(updates, deletes);
        let statuses: Vec<u16> = updates.iter().chain(&deletes).map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status < 300).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 204 | 404 | 412)), "{statuses:?}");
    }
}

/// Callers that add to a number by reading and writing it lose nothing, however their steps interleave: who reads an
/// old value is refused, and reads again.
#[tokio::test]
async fn no_update_is_lost_in_any_interleaving() {
    const CALLERS: usize = 3;
    const CASES: usize = 24;
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number" }])).await;
    let config = Config { failure_persistence: None, rng_seed: RngSeed::Fixed(12), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let steps = proptest::collection::vec((0..CALLERS, proptest::bool::ANY, proptest::bool::ANY), 1..40);
    for _ in 0..CASES {
        let steps = steps.new_tree(&mut runner).expect("a case").current();
        let (one, first) = note(&app, json!({ "n": 0 })).await;
        let mut read = vec![(first, 0); CALLERS];
        let mut expected = 0;
        for (caller, reads, together) in steps {
            let guest = app.guest();
            if reads {
                let viewed = guest.get(&one).await;
                read[caller] = (viewed.header("etag").to_owned(), viewed.ok()["n"].as_i64().unwrap_or(-1));
                continue;
            }
            // Alone, or at the same time as the next caller.
            let writers: Vec<usize> = if together { vec![caller, (caller + 1) % CALLERS] } else { vec![caller] };
            let write = |caller: usize| patch(&guest, &one, &read[caller].0, json!({ "n": read[caller].1 + 1 }));
            let replies = join_all(writers.iter().map(|caller| write(*caller))).await;
            for (caller, reply) in writers.into_iter().zip(replies) {
                if reply.status == 200 {
                    expected += 1;
                    read[caller] = (reply.header("etag").to_owned(), expected);
                } else {
                    reply.error(412);
                }
            }
        }
        assert_eq!(app.guest().get(&one).await.ok()["n"], expected);
    }
}

#[tokio::test]
async fn scripts_of_other_origins_may_use_it() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let wanted = "authorization,if-match,if-none-match,idempotency-key";
    let preflight = guest.request(Method::OPTIONS, NOTES).header("Origin", "https://a.example");
    let preflight = preflight.header("Access-Control-Request-Method", "PATCH");
    let preflight = guest.send(preflight.header("Access-Control-Request-Headers", wanted)).await;
    assert_eq!(preflight.header("access-control-allow-headers"), wanted);
    let (one, _) = note(&app, json!({})).await;
    let viewed = guest.send(guest.request(Method::GET, &one).header("Origin", "https://a.example")).await;
    let exposed = viewed.header("access-control-expose-headers");
    assert!(exposed.contains("ETag") && exposed.contains("Idempotency-Replayed"), "{exposed}");
}
