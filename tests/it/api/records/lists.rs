//! Tags of lists, and lists that are answered from memory: what is kept, and everything that must end it.

use std::time::Duration;

use basalt::clock::Clock;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, TestApp};
use crate::client::{Client, Reply};

const NOTES: &str = "/api/collections/notes/records";
const USERS: &str = "/api/collections/users/records";

async fn get(client: &Client, path: &str, known: &str) -> Reply {
    client.send(client.request(Method::GET, path).header("If-None-Match", known)).await
}

/// Asks until the answer is kept, if it is to be.
async fn prime(client: &Client, path: &str) -> Reply {
    for _ in 0..2 {
        client.get(path).await.ok();
    }
    client.get(path).await
}

async fn rules(app: &TestApp, collection: &str, rules: Json) {
    app.superuser().patch(&format!("/api/collections/{collection}"), rules).await.ok();
}

/// A user of the default collection with this name, signed in.
async fn user(app: &TestApp, name: &str) -> (String, Client) {
    let (email, id) = (format!("{name}@example.com"), format!("{name:0<15}"));
    let body = json!({ "id": id, "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, "name": name });
    app.superuser().post(USERS, body).await.ok();
    let form = json!({ "identity": email, "password": PASSWORD });
    let signed_in = app.guest().post("/api/collections/users/auth-with-password", form).await.ok();
    (id, app.guest().with_token(signed_in["token"].as_str().unwrap_or_default()))
}

fn titles(reply: &Reply) -> Vec<String> {
    let page = reply.ok();
    let items = page["items"].as_array().into_iter().flatten();
    items.map(|item| item["title"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn who_has_the_list_gets_304() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let note = guest.post(NOTES, json!({ "title": "a" })).await.ok();
    app.hear().await;
    let first = guest.get(NOTES).await;
    let tag = first.header("etag");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert!(first.headers.get_all("vary").iter().any(|value| value == "Authorization"));
    for known in [tag, &format!("\"x\", W/{tag}"), "*"] {
        let unchanged = get(&guest, NOTES, known).await;
        assert_eq!((unchanged.status, unchanged.text.as_str(), unchanged.header("etag")), (304, "", tag), "{known}");
        assert_eq!(unchanged.header("cache-control"), "private, no-cache");
    }
    let head = guest.send(guest.request(Method::HEAD, NOTES)).await;
    assert_eq!((head.status, head.header("etag")), (200, tag));
    for other in ["?perPage=5", "?page=2", "?skipTotal=1", "?filter=id!=''", "?sort=id", "?fields=id", "?expand=x"] {
        let reply = get(&guest, &format!("{NOTES}{other}"), tag).await;
        assert_eq!(reply.status, 200, "{other}");
        assert_ne!(reply.header("etag"), tag, "{other}");
    }
    let one = format!("{NOTES}/{}", note["id"].as_str().unwrap_or_default());
    for write in 0..3 {
        let before = guest.get(NOTES).await.header("etag").to_owned();
        let reply = match write {
            0 => guest.post(NOTES, json!({ "title": "b" })).await,
            1 => guest.patch(&one, json!({ "title": "c" })).await,
            _ => guest.delete(&format!("{NOTES}?filter=title='b'")).await,
        };
        assert!(reply.status < 300, "{}", reply.text);
        assert_eq!(get(&guest, NOTES, &before).await.status, 200, "{write}");
    }
    rules(&app, "notes", json!({ "listRule": null })).await;
    get(&guest, NOTES, "*").await.error(403);
}

/// Without its database a server can still give what it has in memory: this shows what is kept, and for whom.
#[tokio::test]
async fn what_is_asked_for_again_needs_no_database() {
    let app = TestApp::start().await;
    let notes = app.open_collection("notes", json!([{ "name": "owner", "type": "text" }])).await;
    let link = json!([{ "name": "note", "type": "relation", "collectionId": notes["id"], "maxSelect": 1 }]);
    app.open_collection("links", link).await;
    app.open_collection("own", json!([{ "name": "owner", "type": "text" }])).await;
    app.open_collection("members", json!([])).await;
    rules(&app, "own", json!({ "listRule": "owner = @request.auth.id" })).await;
    rules(&app, "members", json!({ "listRule": "@request.auth.id != ''" })).await;
    let ((_, ada), (_, bob), guest) = (user(&app, "ada").await, user(&app, "bob").await, app.guest());
    let note = guest.post(NOTES, json!({ "title": "a" })).await.ok();
    guest.post("/api/collections/links/records", json!({ "title": "l", "note": note["id"] })).await.ok();
    let list = |rest: &str| format!("/api/collections/{rest}");
    let shared = [
        list("notes/records?sort=-title&perPage=1"),
        list("notes/records?filter=title~'a'&fields=title"),
        list("links/records?expand=note&filter=note.title='a'"),
        list("notes/records?expand=links_via_note&skipTotal=1"),
    ];
    app.hear().await;
    let mut primed = Vec::new();
    for path in &shared {
        primed.push(prime(&guest, path).await);
        // For another caller it is known, too, once it is known that nothing of the caller matters.
        ada.get(path).await.ok();
        ada.get(path).await.ok();
    }
    let (own, members) = (list("own/records"), list("members/records"));
    for client in [&ada, &guest] {
        prime(client, &own).await.ok();
        prime(client, &members).await.ok();
    }
    bob.get(&own).await.ok();
    let volatile = list("notes/records?filter=title<@now");
    assert_eq!(prime(&guest, &volatile).await.header("etag"), "");
    let random = list("notes/records?sort=@random");
    assert_eq!(prime(&guest, &random).await.header("etag"), "");
    let cursor = list("notes/records?cursor=");
    assert_eq!(prime(&guest, &cursor).await.header("etag"), "");

    app.app.store.close().await;
    for (path, before) in shared.iter().zip(&primed) {
        for client in [&guest, &ada] {
            let kept = client.get(path).await;
            assert_eq!((kept.status, &kept.text), (200, &before.text), "{path}");
            assert_eq!(kept.header("etag"), before.header("etag"), "{path}");
        }
        assert_eq!(get(&guest, path, before.header("etag")).await.status, 304);
    }
    assert_eq!(ada.get(&own).await.status, 200);
    assert_eq!(guest.get(&own).await.status, 200);
    assert_eq!(bob.get(&members).await.status, 200, "the rule asks for somebody, not for whom");
    for (client, path) in [(&bob, &own), (&guest, &volatile), (&guest, &random), (&guest, &cursor)] {
        assert!(client.get(path).await.status >= 500, "{path}");
    }
}

#[tokio::test]
async fn a_304_needs_no_body_that_is_kept() {
    let app = TestApp::start_configured(|config| config.cache.size_mib = 0).await;
    app.open_collection("notes", json!([])).await;
    app.hear().await;
    let first = prime(&app.guest(), NOTES).await;
    app.app.store.close().await;
    assert_eq!(get(&app.guest(), NOTES, first.header("etag")).await.status, 304);
    assert!(app.guest().get(NOTES).await.status >= 500);
}

#[tokio::test]
async fn tags_end_with_the_process() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let tag = app.guest().get(NOTES).await.header("etag").to_owned();
    let app = app.restart().await;
    assert_eq!(get(&app.guest(), NOTES, &tag).await.status, 200, "numbers of writes start anew");
}

#[tokio::test]
async fn a_caller_that_is_gone_sees_what_a_guest_sees() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    app.guest().post(NOTES, json!({ "title": "a" })).await.ok();
    rules(&app, "notes", json!({ "listRule": "@request.auth.id != ''" })).await;
    let ((ada_id, ada), (bob_id, bob)) = (user(&app, "ada").await, user(&app, "bob").await);
    for client in [&ada, &bob] {
        assert_eq!(titles(&prime(client, NOTES).await), ["a"]);
    }
    assert_eq!(titles(&prime(&app.guest(), NOTES).await), [""; 0]);
    let tag = ada.get(NOTES).await.header("etag").to_owned();
    let password = json!({ "password": "another password", "passwordConfirm": "another password" });
    app.superuser().patch(&format!("{USERS}/{ada_id}"), password).await.ok();
    assert_eq!(titles(&ada.get(NOTES).await), [""; 0], "the token ended");
    assert_eq!(get(&ada, NOTES, &tag).await.status, 200);
    app.superuser().delete(&format!("{USERS}/{bob_id}")).await;
    assert_eq!(titles(&bob.get(NOTES).await), [""; 0]);
}

#[tokio::test]
async fn a_changed_caller_is_another_one() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    app.guest().post(NOTES, json!({ "title": "eve" })).await.ok();
    rules(&app, "notes", json!({ "listRule": "title = @request.auth.name" })).await;
    let (ada_id, ada) = user(&app, "ada").await;
    assert_eq!(titles(&prime(&ada, NOTES).await), [""; 0]);
    app.superuser().patch(&format!("{USERS}/{ada_id}"), json!({ "name": "eve" })).await.ok();
    assert_eq!(titles(&prime(&ada, NOTES).await), ["eve"]);
}

#[tokio::test]
async fn rules_are_those_of_the_moment() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "secret", "type": "text" }])).await;
    let guest = app.guest();
    for title in ["a", "b"] {
        guest.post(NOTES, json!({ "title": title, "secret": "s" })).await.ok();
    }
    assert_eq!(titles(&prime(&guest, NOTES).await), ["a", "b"]);
    rules(&app, "notes", json!({ "listRule": "title = 'b'" })).await;
    assert_eq!(titles(&prime(&guest, NOTES).await), ["b"]);
    rules(&app, "notes", json!({ "listRule": null })).await;
    guest.get(NOTES).await.error(403);
    assert_eq!(titles(&prime(app.superuser(), NOTES).await), ["a", "b"]);
    rules(&app, "notes", json!({ "listRule": "" })).await;
    assert_eq!(prime(&guest, NOTES).await.ok()["items"][0]["secret"], "s");
    let fields = json!([{ "name": "title", "type": "text" }, { "name": "secret", "type": "text", "hidden": true }]);
    rules(&app, "notes", json!({ "fields": fields })).await;
    let mine = prime(app.superuser(), NOTES).await.ok();
    assert_ne!(mine["items"][0]["secret"], Json::Null);
    assert_eq!(guest.get(NOTES).await.ok()["items"][0]["secret"], Json::Null, "hidden now");
}

#[tokio::test]
async fn addresses_are_for_those_who_may_see_them_now() {
    let app = TestApp::start().await;
    let manage = json!({ "listRule": "", "manageRule": "@request.auth.name = 'boss'" });
    rules(&app, "users", manage).await;
    let ((ada_id, ada), (bob_id, bob), guest) = (user(&app, "ada").await, user(&app, "bob").await, app.guest());
    let path = format!("{USERS}?sort=name");
    let seen = async |client: &Client| -> Vec<bool> {
        let page = prime(client, &path).await.ok();
        page["items"].as_array().into_iter().flatten().map(|user| user["email"].is_string()).collect()
    };
    assert_eq!(seen(&guest).await, [false, false]);
    assert_eq!(seen(&ada).await, [true, false]);
    assert_eq!(seen(&bob).await, [false, true]);
    app.superuser().patch(&format!("{USERS}/{ada_id}"), json!({ "emailVisibility": true })).await.ok();
    assert_eq!(seen(&guest).await, [true, false]);
    assert_eq!(seen(&bob).await, [true, true]);
    app.superuser().patch(&format!("{USERS}/{ada_id}"), json!({ "emailVisibility": false })).await.ok();
    assert_eq!(seen(&guest).await, [false, false]);
    app.superuser().patch(&format!("{USERS}/{bob_id}"), json!({ "name": "boss" })).await.ok();
    assert_eq!(seen(&bob).await, [true, true], "bob manages the others now");
    app.superuser().patch(&format!("{USERS}/{bob_id}"), json!({ "name": "bob" })).await.ok();
    assert_eq!(seen(&bob).await, [false, true]);
    assert_eq!(seen(app.superuser()).await, [true, true]);
    app.open_collection("flags", json!([])).await;
    rules(&app, "users", json!({ "manageRule": "@collection.flags.title ?= 'all'" })).await;
    assert_eq!(seen(&guest).await, [false, false]);
    guest.post("/api/collections/flags/records", json!({ "title": "all" })).await.ok();
    assert_eq!(seen(&guest).await, [true, true], "the rule reads another collection");
}

#[tokio::test]
async fn what_lies_behind_a_relation_counts() {
    let app = TestApp::start().await;
    let teams = app.open_collection("teams", json!([])).await;
    let team = json!({ "name": "team", "type": "relation", "collectionId": teams["id"], "maxSelect": 1 });
    let relation = json!([team, { "name": "to", "type": "relation", "collectionId": teams["id"], "maxSelect": 1 }]);
    app.open_collection("notes", relation).await;
    rules(&app, "notes", json!({ "listRule": "team.title = 'open'" })).await;
    let flags = app.open_collection("flags", json!([])).await;
    assert_eq!(flags["name"], "flags");
    rules(&app, "teams", json!({ "viewRule": "@collection.flags.title ?= title" })).await;
    let guest = app.guest();
    let (records, teams) = ("/api/collections/teams/records", "/api/collections/flags/records");
    let team = guest.post(records, json!({ "title": "open" })).await.ok();
    let team = format!("{records}/{}", team["id"].as_str().unwrap_or_default());
    guest
        .post(NOTES, json!({ "title": "a", "team": team.rsplit('/').next(), "to": team.rsplit('/').next() }))
        .await
        .ok();
    assert_eq!(titles(&prime(&guest, NOTES).await), ["a"]);
    guest.patch(&team, json!({ "title": "closed" })).await.ok();
    assert_eq!(titles(&prime(&guest, NOTES).await), [""; 0]);
    guest.patch(&team, json!({ "title": "open" })).await.ok();
    let expanded = format!("{NOTES}?expand=to");
    assert_eq!(prime(&guest, &expanded).await.ok()["items"][0]["expand"]["to"], Json::Null);
    guest.post(teams, json!({ "title": "open" })).await.ok();
    assert_eq!(prime(&guest, &expanded).await.ok()["items"][0]["expand"]["to"]["title"], "open");
    app.superuser().delete("/api/collections/flags/truncate").await;
    assert_eq!(guest.get(&expanded).await.ok()["items"][0]["expand"]["to"], Json::Null);
    guest.patch(&team, json!({ "title": "closed" })).await.ok();
    assert_eq!(titles(&guest.get(&expanded).await), [""; 0]);
}

#[tokio::test]
async fn what_a_rule_reads_of_the_request_counts() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    app.guest().post(NOTES, json!({ "title": "a" })).await.ok();
    let rule = "title = @request.query.t || title = @request.headers.x_t || @request.method = 'HEAD'";
    rules(&app, "notes", json!({ "listRule": rule })).await;
    let guest = app.guest();
    assert_eq!(titles(&prime(&guest, NOTES).await), [""; 0]);
    assert_eq!(titles(&prime(&guest, &format!("{NOTES}?t=a")).await), ["a"]);
    assert_eq!(titles(&prime(&guest, &format!("{NOTES}?t=b")).await), [""; 0]);
    assert_eq!(titles(&guest.send(guest.request(Method::GET, NOTES).header("X-T", "a")).await), ["a"]);
    assert_eq!(titles(&guest.get(NOTES).await), [""; 0]);
    // What no rule reads makes no other answer.
    app.hear().await;
    let tag = guest.get(NOTES).await.header("etag").to_owned();
    assert_eq!(get(&guest, &format!("{NOTES}?cache=1234"), &tag).await.status, 304);
    let head = guest.send(guest.request(Method::HEAD, NOTES)).await;
    assert_ne!(head.header("etag"), tag);
}

#[tokio::test]
async fn times_go_on() {
    let clock = Clock::fixed(1_700_000_000_000);
    let app = TestApp::start_at(&clock).await;
    app.open_collection("notes", json!([{ "name": "due", "type": "date" }])).await;
    let guest = app.guest();
    guest.post(NOTES, json!({ "title": "a", "due": "2023-11-14 22:13:30.000Z" })).await.ok();
    rules(&app, "notes", json!({ "listRule": "due < @now" })).await;
    assert_eq!(titles(&prime(&guest, NOTES).await), [""; 0]);
    clock.set_ms(1_700_000_000_000 + i64::try_from(Duration::from_secs(60).as_millis()).unwrap_or_default());
    assert_eq!(titles(&guest.get(NOTES).await), ["a"]);
}

#[tokio::test]
async fn a_view_follows_what_it_reads() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let view = json!({ "name": "heads", "type": "view", "listRule": "", "viewQuery": "SELECT id, title FROM notes" });
    app.superuser().post("/api/collections", view).await.ok();
    let timed = "SELECT id, title, date('now') AS today FROM notes";
    let view = json!({ "name": "timed", "type": "view", "listRule": "", "viewQuery": timed });
    app.superuser().post("/api/collections", view).await.ok();
    let view = json!({ "name": "outer", "type": "view", "listRule": "", "viewQuery": "SELECT id, title FROM heads" });
    app.superuser().post("/api/collections", view).await.ok();
    let (guest, heads, outer) = (app.guest(), "/api/collections/heads/records", "/api/collections/outer/records");
    let note = guest.post(NOTES, json!({ "title": "a" })).await.ok();
    assert_eq!(titles(&prime(&guest, heads).await), ["a"]);
    assert_eq!(titles(&prime(&guest, outer).await), ["a"]);
    guest.patch(&format!("{NOTES}/{}", note["id"].as_str().unwrap_or_default()), json!({ "title": "b" })).await.ok();
    assert_eq!(titles(&prime(&guest, heads).await), ["b"]);
    assert_eq!(titles(&prime(&guest, outer).await), ["b"]);
    assert_eq!(prime(&guest, "/api/collections/timed/records").await.header("etag"), "");
    rules(&app, "heads", json!({ "viewQuery": "SELECT id, 'c' AS title FROM notes" })).await;
    assert_eq!(titles(&prime(&guest, heads).await), ["c"]);
    assert_eq!(titles(&prime(&guest, outer).await), ["c"]);
    let app = app.restart().await;
    let guest = app.guest();
    prime(&guest, heads).await.ok();
    app.app.store.close().await;
    assert_eq!(titles(&guest.get(heads).await), ["c"], "sources are known after a restart, too");
}
