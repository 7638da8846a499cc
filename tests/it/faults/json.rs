//! The JSON border with generated values: what comes in is refused by a client error, or stored and given back.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};

use super::hostile::tells_nothing;
use crate::app::TestApp;

const CASES: u32 = 250;

/// Any JSON, with the numbers and texts that tend to break things more often than chance would.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)),
        ".{0,20}".prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        prop::sample::select(vec![
            "",
            " ",
            "\0",
            "null",
            "true",
            "[1",
            "{\"a\":",
            "1e999",
            "'; DROP TABLE notes; --",
            "2026-02-30",
            "\u{feff}",
            "aaaaaaaaaaaaaaa",
            "../../etc/passwd",
            "<script>",
            "%00",
            "\u{202e}",
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((".{0,8}", inner), 0..6)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn body() -> impl Strategy<Value = Json> {
    let key = prop::sample::select(vec![
        "id",
        "title",
        "n",
        "n+",
        "n-",
        "b",
        "e",
        "u",
        "d",
        "s",
        "s+",
        "+s",
        "s-",
        "m",
        "r",
        "r+",
        "j",
        "g",
        "p",
        "x",
        "title:autogenerate",
        "created",
        "collectionId",
        "expand",
        "@rev",
        "rowid",
        "title\"",
        "",
    ]);
    prop::collection::vec((key, value()), 0..8)
        .prop_map(|pairs| Json::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

#[tokio::test]
async fn any_value_is_refused_or_kept() {
    let app = TestApp::start().await;
    let fields = json!([
        { "name": "n", "type": "number" }, { "name": "b", "type": "bool" }, { "name": "e", "type": "email" },
        { "name": "u", "type": "url" }, { "name": "d", "type": "date" }, { "name": "j", "type": "json" },
        { "name": "s", "type": "select", "values": ["a", "b"], "maxSelect": 2 }, { "name": "g", "type": "geoPoint" },
        { "name": "m", "type": "editor" }, { "name": "p", "type": "password" },
        { "name": "r", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 3 },
        { "name": "created", "type": "autodate", "onCreate": true },
    ]);
    app.open_collection("notes", fields).await;
    let path = "/api/collections/notes/records";
    let guest = app.guest();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let mut kept = 0;
    for _ in 0..CASES {
        let mut body = body().new_tree(&mut runner).expect("a strategy without filters").current();
        // A bare number of a json field is one of SQLite's: exact within 64 bits, else rounded.
        if body["j"].is_number() && !body["j"].is_i64() {
            body["j"] = json!([body["j"]]);
        }
        let created = guest.post(path, body.clone()).await;
        tells_nothing(&created);
        if created.status != 200 {
            continue;
        }
        kept += 1;
        let created = created.json();
        let one = format!("{path}/{}", created["id"].as_str().expect("an id"));
        let viewed = guest.get(&one).await;
        assert_eq!(viewed.json(), created, "{body}");
        let changed = guest.patch(&one, body.clone()).await;
        tells_nothing(&changed);
        tells_nothing(&guest.patch(&one, json!({ "j": body })).await);
    }
    assert!(kept > 10, "{kept} of {CASES} kept");
    let list = guest.get(&format!("{path}?perPage=1000")).await.ok();
    assert_eq!(list["totalItems"], kept);
}

/// Bytes near to JSON: cut, doubled, with other bytes in them.
#[tokio::test]
async fn damaged_json_is_a_client_error() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "j", "type": "json" }])).await;
    let strategy = (value(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..3), any::<bool>());
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..CASES {
        let (value, at, noise, cut) = strategy.new_tree(&mut runner).expect("a strategy without filters").current();
        let mut bytes = json!({ "title": "a", "j": value }).to_string().into_bytes();
        let at = at.index(bytes.len());
        match cut {
            true => bytes.truncate(at),
            false => drop(bytes.splice(at..at, noise)),
        }
        tells_nothing(&app.guest().post_raw("/api/collections/notes/records", "application/json", bytes).await);
    }
    for depth in [100, 200, 100_000] {
        let body = format!("{{\"j\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let reply = app.guest().post_raw("/api/collections/notes/records", "application/json", body).await;
        assert_eq!(reply.status, if depth <= 100 { 200 } else { 400 }, "{depth}");
        tells_nothing(&reply);
        // As text inside a text it is parsed no deeper.
        let text = json!({ "j": format!("{}{}", "[".repeat(depth), "]".repeat(depth)) });
        let reply = app.guest().post("/api/collections/notes/records", text).await;
        tells_nothing(&reply);
        if reply.status == 200 {
            let one = format!("/api/collections/notes/records/{}", reply.json()["id"].as_str().expect("an id"));
            app.guest().get(&one).await.ok();
            app.guest().get(&format!("{one}?fields=j")).await.ok();
        }
    }
}
