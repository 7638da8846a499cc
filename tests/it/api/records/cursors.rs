//! Lists that go on by `cursor`.

use std::collections::BTreeSet;

use basalt::app::App;
use basalt::clock::Clock;
use basalt::config::Config;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, TestRunner};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::TestApp;
use crate::client::{Client, Reply};

const NOTES: &str = "/api/collections/notes/records";

/// Notes with equal, empty and missing values, and with ids that are not in the order of their creation.
async fn notes() -> TestApp {
    let app = TestApp::start().await;
    let topics = app.open_collection("topics", json!([])).await;
    for (id, title) in [("topic0000000001", "red"), ("topic0000000002", "")] {
        app.superuser().post("/api/collections/topics/records", json!({ "id": id, "title": title })).await.ok();
    }
    let fields = json!([
        { "name": "n", "type": "number" },
        { "name": "meta", "type": "json" },
        { "name": "topic", "type": "relation", "collectionId": topics["id"], "maxSelect": 1 },
        { "name": "secret", "type": "text", "hidden": true },
        { "name": "long", "type": "text", "max": 10_000 },
    ]);
    app.open_collection("notes", fields).await;
    for number in 0..11 {
        let meta = [json!(null), json!({ "a": 1 }), json!({ "a": "1" }), json!({ "a": null })][number % 4].clone();
        let note = json!({
            "id": format!("note{:011}", number * 7 % 11),
            "title": (["b", "a", "", "b"][number % 4]), "n": ([1.5, 0.0, -2.0][number % 3]), "meta": meta,
            "topic": (["", "topic0000000001", "topic0000000002"][number % 3]),
        });
        app.superuser().post(NOTES, note).await.ok();
    }
    app
}

async fn get(client: &Client, path: &str, params: &[(&str, &str)]) -> Reply {
    client.send(client.request(Method::GET, path).query(params)).await
}

fn ids(page: &Json) -> Vec<String> {
    let id = |item: &Json| item["id"].as_str().expect("an id").to_owned();
    page["items"].as_array().expect("items").iter().map(id).collect()
}

/// All pages by cursor.
async fn walk(client: &Client, path: &str, params: &[(&str, &str)]) -> Vec<Json> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    while pages.len() < 100 {
        let params = [&[("cursor", cursor.as_str())], params].concat();
        let page = get(client, path, &params).await.ok();
        cursor = page["nextCursor"].as_str().expect("a cursor").to_owned();
        pages.push(page);
        if cursor.is_empty() {
            return pages;
        }
    }
    panic!("{params:?} goes on for ever");
}

#[tokio::test]
async fn a_walk_is_the_list() {
    let app = notes().await;
    for sort in ["", "title", "-title,n", "-n,-title", "meta.a,-title", "topic.title", "-topic.title,id", "-@rowid"] {
        for (filter, total) in [("", 11), ("n >= 0", 8), ("title = 'nothing'", 0)] {
            let tie = if sort.starts_with('-') && !sort.contains(',') { "-@rowid" } else { "@rowid" };
            let whole = match sort {
                "" => tie.to_owned(),
                "-n,-title" | "meta.a,-title" => format!("{sort},-@rowid"),
                sort => format!("{sort},{tie}"),
            };
            let expected = get(&app.guest(), NOTES, &[("sort", &whole), ("filter", filter)]).await.ok();
            for expand in ["", "topic"] {
                let params = [("sort", sort), ("filter", filter), ("perPage", "3"), ("expand", expand)];
                let pages = walk(&app.guest(), NOTES, &params).await;
                let found: Vec<String> = pages.iter().flat_map(ids).collect();
                assert_eq!(found, ids(&expected), "{sort:?} {filter:?}");
                assert_eq!(pages.len(), found.len().div_ceil(3).max(1), "{sort:?} {filter:?}");
                assert!(pages.iter().all(|page| page["totalItems"] == total), "{sort:?} {filter:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_wrapper_of_a_page() {
    let app = notes().await;
    let page = get(&app.guest(), NOTES, &[("cursor", ""), ("perPage", "10"), ("fields", "n")]).await.ok();
    let keys: Vec<&String> = page.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["items", "page", "perPage", "totalItems", "totalPages", "nextCursor"]);
    assert_eq!((&page["page"], &page["totalItems"], &page["totalPages"]), (&json!(1), &json!(11), &json!(2)));
    assert_eq!(page["items"][0], json!({ "n": 1.5 }));
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    let params = [("cursor", cursor), ("skipTotal", "1"), ("page", "1"), ("perPage", "1")];
    let page = get(&app.guest(), NOTES, &params).await.ok();
    assert_eq!((&page["totalItems"], &page["totalPages"], &page["nextCursor"]), (&json!(-1), &json!(-1), &json!("")));
    let plain = get(&app.guest(), NOTES, &[]).await.ok();
    assert!(plain.get("nextCursor").is_none(), "{plain}");
}

#[tokio::test]
async fn records_that_come_and_go_move_no_other() {
    let app = notes().await;
    for sort in ["", "title", "-n", "-meta.a,title"] {
        let all = walk(&app.guest(), NOTES, &[("sort", sort)]).await;
        let mut stays: Vec<String> = all.iter().flat_map(ids).collect();
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..100 {
            let params = [("sort", sort), ("perPage", "3"), ("cursor", &cursor)];
            let page = get(&app.guest(), NOTES, &params).await.ok();
            let found = ids(&page);
            cursor = page["nextCursor"].as_str().expect("a cursor").to_owned();
            // The very record that the cursor stands on goes, and another one comes.
            let last = found.last().cloned().unwrap_or_default();
            app.guest().delete(&format!("{NOTES}/{last}")).await;
            app.guest().post(NOTES, json!({ "title": "a", "n": 0, "meta": { "a": 0 } })).await.ok();
            stays.retain(|id| *id != last);
            seen.extend(found);
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(cursor, "", "by {sort:?} it goes on for ever");
        assert!(stays.len() > 3, "{stays:?}");
        for id in &stays {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id} by {sort:?}: {seen:?}");
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "by {sort:?}: {seen:?}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_question_only() {
    let app = notes().await;
    app.open_collection("others", json!([{ "name": "n", "type": "number" }])).await;
    let (guest, ada) = (app.guest(), app.ada().await);
    let asked = [("sort", "title"), ("filter", "n >= 0"), ("perPage", "2")];
    let page = get(&ada, NOTES, &[&asked[..], &[("cursor", "")]].concat()).await.ok();
    let cursor = page["nextCursor"].as_str().expect("a cursor").to_owned();
    let mut changed = cursor.clone().into_bytes();
    changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("ASCII");
    let longer = cursor.repeat(200);
    let others = "/api/collections/others/records";
    let mut bodies = Vec::new();
    for (what, client, path, sort, filter, cursor) in [
        ("a guest", &guest, NOTES, "title", "n >= 0", &cursor),
        ("a superuser", app.superuser(), NOTES, "title", "n >= 0", &cursor),
        ("another sort", &ada, NOTES, "-title", "n >= 0", &cursor),
        ("another filter", &ada, NOTES, "title", "n >= 1", &cursor),
        ("no filter", &ada, NOTES, "title", "", &cursor),
        ("another collection", &ada, others, "title", "n >= 0", &cursor),
        ("a changed byte", &ada, NOTES, "title", "n >= 0", &changed),
        ("half of it", &ada, NOTES, "title", "n >= 0", &cursor[..40].to_owned()),
        ("too much of it", &ada, NOTES, "title", "n >= 0", &longer),
    ] {
        let reply = get(client, path, &[("sort", sort), ("filter", filter), ("cursor", cursor)]).await;
        assert_eq!(reply.code(400, "cursor"), "validation_invalid_cursor", "{what}");
        bodies.push(reply.text);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // The same question: by the other name of the collection, with pages of another size.
    let id = app.superuser().get("/api/collections/notes").await.ok()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/collections/{id}/records");
    get(&ada, &path, &[("sort", "title"), ("filter", "n >= 0"), ("perPage", "5"), ("cursor", &cursor)]).await.ok();
}

#[tokio::test]
async fn what_a_cursor_can_not_go_on_with() {
    let app = notes().await;
    let long = json!({ "title": "x".repeat(3000), "long": "y".repeat(9000) });
    for _ in 0..2 {
        app.guest().post(NOTES, long.clone()).await.ok();
    }
    for (params, field, code) in [
        (&[("sort", "@random"), ("cursor", "")][..], "sort", "validation_unstable_sort"),
        (&[("sort", "n,-@random"), ("cursor", "")], "sort", "validation_unstable_sort"),
        (&[("sort", "-long"), ("cursor", ""), ("perPage", "1")], "sort", "validation_sort_too_long"),
        (&[("page", "2"), ("cursor", "")], "page", "validation_page_with_cursor"),
    ] {
        assert_eq!(get(&app.guest(), NOTES, params).await.code(400, field), code, "{params:?}");
    }
    walk(&app.guest(), NOTES, &[("sort", "-title"), ("perPage", "1")]).await;
    get(&app.guest(), NOTES, &[("sort", "secret"), ("cursor", "")]).await.error(400);
}

#[tokio::test]
async fn a_sort_field_that_is_gone() {
    let app = notes().await;
    let page = get(&app.guest(), NOTES, &[("sort", "n"), ("perPage", "2"), ("cursor", "")]).await.ok();
    let model = app.superuser().get("/api/collections/notes").await.ok();
    let mut fields = model["fields"].as_array().cloned().expect("fields");
    fields.retain(|field| field["name"] != "n");
    app.superuser().patch("/api/collections/notes", json!({ "fields": fields })).await.ok();
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    get(&app.guest(), NOTES, &[("sort", "n"), ("perPage", "2"), ("cursor", cursor)]).await.error(400);
}

#[tokio::test]
async fn views_and_rules_hold_for_every_page() {
    let app = notes().await;
    let view = json!({
        "name": "shown", "type": "view", "listRule": "title != 'a'",
        "viewQuery": "SELECT id, title, n FROM notes",
    });
    app.superuser().post("/api/collections", view).await.ok();
    let path = "/api/collections/shown/records";
    for sort in ["", "-title", "n,-title"] {
        let pages = walk(&app.guest(), path, &[("sort", sort), ("perPage", "2")]).await;
        let found: Vec<String> = pages.iter().flat_map(ids).collect();
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (8, 8), "{sort:?}");
    }
    let page = get(&app.guest(), NOTES, &[("cursor", ""), ("perPage", "2")]).await.ok();
    app.superuser().patch("/api/collections/notes", json!({ "listRule": null })).await.ok();
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    get(&app.guest(), NOTES, &[("cursor", cursor), ("perPage", "2")]).await.error(403);
}

#[tokio::test]
async fn garbage_cursors_are_client_errors() {
    let app = notes().await;
    let page = get(&app.guest(), NOTES, &[("cursor", ""), ("perPage", "2")]).await.ok();
    let good = page["nextCursor"].as_str().expect("a cursor").to_owned();
    let near = (any::<prop::sample::Index>(), "[A-Za-z0-9_=-]{0,3}").prop_map(move |(at, piece)| {
        let at = at.index(good.len());
        format!("{}{piece}{}", &good[..at], &good[at..])
    });
    let strategy = prop_oneof!["\\PC{1,60}", "[A-Za-z0-9_-]{1,120}", near];
    let mut runner = TestRunner::new(Cases { failure_persistence: None, ..Cases::default() });
    for _ in 0..300 {
        let cursor = strategy.new_tree(&mut runner).expect("a strategy without filters").current();
        let reply = get(&app.guest(), NOTES, &[("cursor", &cursor), ("perPage", "2")]).await;
        match cursor.len() == page["nextCursor"].as_str().map_or(0, str::len) && reply.status == 200 {
            true => assert_eq!(cursor, page["nextCursor"], "only the cursor itself opens"),
            false => assert_eq!(reply.code(400, "cursor"), "validation_invalid_cursor", "{cursor:?}"),
        }
    }
}

#[tokio::test]
async fn the_key_outlives_the_process() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = Config { dir: dir.path().join("data"), ..Config::default() };
    let mut keys = Vec::new();
    for _ in 0..2 {
        let app = App::open(config.clone(), Clock::system()).await.expect("the app opens");
        keys.push(app.store.instance_key().await.expect("a key"));
        app.close().await;
    }
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], [0; 32]);
}
