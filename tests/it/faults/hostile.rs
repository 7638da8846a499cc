//! Parameters that mean harm: the contract's status, and nothing of the inside in an answer.

use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;
use crate::client::Reply;

const PATH: &str = "/api/collections/notes/records";

/// Words that only come from inside of the server.
const INSIDE: [&str; 13] = [
    "select ",
    "sqlite",
    "syntax error",
    "no such column",
    "no such table",
    "near \"",
    "src/",
    ".rs:",
    "panicked",
    "/tmp",
    "data.db",
    "_feed",
    "constraint failed",
];

/// Nothing of the inside, and the wire's form where it is an error.
#[track_caller]
pub fn tells_nothing(reply: &Reply) {
    assert!(reply.status < 500, "{}", reply.text);
    if reply.status >= 400 {
        reply.error(reply.status);
        let text = reply.text.to_lowercase();
        assert!(!INSIDE.iter().any(|word| text.contains(word)), "{text}");
    }
}

async fn notes() -> TestApp {
    let app = TestApp::start().await;
    let fields = json!([{ "name": "n", "type": "number" }, { "name": "j", "type": "json" }]);
    app.open_collection("notes", fields).await;
    app.guest().post(PATH, json!({ "id": "aaaaaaaaaaaaaaa", "title": "a", "n": 1, "j": { "a": 1 } })).await.ok();
    app
}

#[tokio::test]
async fn hostile_filters() {
    let app = notes().await;
    let any = |parts: usize| vec!["n=1"; parts].join("||");
    for (filter, status) in [
        ("(".repeat(3000), 400),
        (format!("{}n=1{}", "(".repeat(200), ")".repeat(200)), 200),
        (format!("{}n=1{}", "(".repeat(1700), ")".repeat(1700)), 400),
        (any(200), 200),
        (any(201), 400),
        (format!("title='{}'", "a".repeat(3600)), 400),
        (format!("title~'{}'", "%a".repeat(1500)), 200),
        (format!("n={}", "9".repeat(3000)), 200),
        (format!("strftime('{}')=1", "%J".repeat(500)), 200),
        ("title='\0'".into(), 400),
        ("title=\"a\\\"' OR 1=1 --\"".into(), 200),
        ("title='a' OR 1=1 --".into(), 400),
        ("title='a'; DROP TABLE notes".into(), 400),
        ("title='a' UNION SELECT id FROM users".into(), 400),
        ("title IN (SELECT tokenKey FROM users)".into(), 400),
        ("load_extension('x')='y'".into(), 400),
        ("\"@rev\" > 0".into(), 200),
        ("@rev > 0".into(), 400),
        ("@rowid > 0".into(), 400),
        ("rowid > 0".into(), 400),
        ("notes.title = 'a'".into(), 400),
        ("j.a\"]) = 1".into(), 400),
        ("j.99999999999999999999 = 1".into(), 200),
        ("title ?= ?".into(), 400),
        ("title = ?1".into(), 400),
        ("title = :x".into(), 400),
        ("@collection.users.tokenKey ?= title".into(), 403),
        ("@request.auth.tokenKey != ''".into(), 403),
        ("-- x".into(), 400),
        ("/* x */ n=1".into(), 400),
        ("n=1 // x".into(), 200),
    ] {
        let reply = app.guest().send(app.guest().request(Method::GET, PATH).query(&[("filter", &filter)])).await;
        assert_eq!(reply.status, status, "{}: {}", &filter[..filter.len().min(80)], reply.text);
        tells_nothing(&reply);
    }
    let left = app.guest().get(PATH).await.ok();
    assert_eq!(left["totalItems"], 1, "nothing was dropped");
}

#[tokio::test]
async fn hostile_sorts_pages_and_shapes() {
    let app = notes().await;
    for (query, status) in [
        ("sort=title;DROP", 400),
        ("sort=title%20DESC", 400),
        ("sort=(select%201)", 400),
        ("sort=title,title,title,title,title,title,title,title,title", 400),
        ("sort=%00", 400),
        ("sort=j.a%22", 400),
        ("page=9223372036854775807&perPage=1000", 200),
        ("page=9223372036854775808", 400),
        ("page=-1&perPage=-5", 200),
        ("page=1e3", 400),
        ("page=%00", 400),
        ("skipTotal=maybe", 400),
        ("fields=title:excerpt(-1)", 400),
        ("fields=title:excerpt(", 400),
        ("fields=*,j.*.*.*.*.*", 200),
        ("expand=notes_via_;,%00,....,a.b.c.d.e.f.g.h", 200),
        ("filter=%ff%fe", 400),
    ] {
        let reply = app.guest().get(&format!("{PATH}?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text);
        tells_nothing(&reply);
    }
    let long = ["expand", "fields"].map(|name| format!("{PATH}?{name}={}", "a.".repeat(20_000)));
    for path in long {
        assert_eq!(app.guest().get(&path).await.status, 200);
    }
}

#[tokio::test]
async fn hostile_names_in_the_path() {
    let app = notes().await;
    for (path, status) in [
        ("/api/collections/notes'--/records", 404),
        ("/api/collections/notes%22/records", 404),
        ("/api/collections/%00/records", 404),
        ("/api/collections/_feed/records", 404),
        ("/api/collections/_params/records", 404),
        ("/api/collections/sqlite_schema/records", 404),
        ("/api/collections/@draft/records", 404),
        ("/api/collections/notes/records/'%20OR%201=1", 404),
        ("/api/collections/notes/records/%00", 404),
        ("/api/collections/notes/records/%ff", 404),
        ("/api/collections/_superusers/records", 403),
    ] {
        let reply = app.guest().get(path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
        tells_nothing(&reply);
    }
}

/// What a rule does with values that a client sends: no value makes it fail, and none makes it hold.
#[tokio::test]
async fn hostile_values_in_rules() {
    let app = TestApp::start().await;
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let values = [
        json!("a".repeat(60_000)),
        json!("%a".repeat(30_000)),
        json!("a\0b"),
        json!(1e308),
        json!(9_007_199_254_740_993_u64),
        json!(vec!["a"; 1000]),
        json!({ "y": { "z": 1 } }),
        deep,
        json!(null),
        json!("%Y%J%"),
    ];
    for (number, rule) in [
        "title = 'never' && title ~ @request.body.x",
        "title = 'never' && strftime('%Y', @request.body.x) = ''",
        "title = 'never' && geoDistance(@request.body.x, n, n, n) > 0",
        "title = 'never' && @request.body.x.y.z = j.a",
        "title = 'never' && @request.body.x > n",
        "title = 'never' && @request.body.rel.name != title",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("rules{number}");
        let model = json!({ "name": name, "type": "base", "createRule": rule, "fields": [
            { "name": "title", "type": "text" }, { "name": "n", "type": "number" }, { "name": "j", "type": "json" },
            { "name": "rel", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
        ]});
        app.superuser().post("/api/collections", model).await.ok();
        for value in &values {
            let body = json!({ "title": "a", "x": value, "y": value, "n": value, "j": value, "rel": value });
            let reply = app.guest().post(&format!("/api/collections/{name}/records"), body).await;
            assert_eq!(reply.status, 400, "{rule}: {}", reply.text);
            tells_nothing(&reply);
        }
    }
}

#[tokio::test]
async fn an_index_that_can_not_bear_a_value_is_a_client_error() {
    let app = TestApp::start().await;
    let model = json!({
        "name": "indexed", "type": "base", "createRule": "", "updateRule": "", "viewRule": "",
        "fields": [{ "name": "title", "type": "text" }],
        "indexes": ["CREATE INDEX idx_part ON indexed (json_extract(title, '$.a'))"],
    });
    app.superuser().post("/api/collections", model).await.ok();
    let path = "/api/collections/indexed/records";
    app.guest().post(path, json!({ "id": "aaaaaaaaaaaaaaa", "title": "{}" })).await.ok();
    tells_nothing(&app.guest().post(path, json!({ "title": "no JSON" })).await);
    tells_nothing(&app.guest().patch(&format!("{path}/aaaaaaaaaaaaaaa"), json!({ "title": "no JSON" })).await);
}

/// One answer on all engines, as not all of them can store it.
#[tokio::test]
async fn the_null_character_is_refused_by_name() {
    let app = notes().await;
    for (field, value) in [
        ("title", json!("a\0b")),
        ("j", json!("\0")),
        ("j", json!({ "deep": ["\0"] })),
        ("j", json!({ "\0": 1 })),
        ("j", json!("\\\0")),
    ] {
        let reply = app.guest().post(PATH, json!({ field: value })).await;
        assert_eq!(reply.code(400, field), "validation_null_character", "{value}");
    }
    // A backslash before the word is no such character.
    app.guest().post(PATH, json!({ "title": "\\u0000", "j": "\\u0000" })).await.ok();
    let found = app.guest().get(&format!("{PATH}?filter=title='%5C%5Cu0000'")).await.ok();
    assert_eq!(found["totalItems"], 1);
}
