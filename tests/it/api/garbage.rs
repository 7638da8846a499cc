//! Whatever a client sends as a body, the answer is never a 5xx, and has the wire's form.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::app::TestApp;

/// Bodies near to valid ones: pieces of JSON, forms and multipart put together at random.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"title\"",
            "\"n\"",
            "\"id\"",
            "\"\\ud800\"",
            "null",
            "1e999",
            "-0",
            "true",
            "\"\\u0000\"",
            "title=",
            "&",
            "%",
            "%zz",
            "n+=1",
            "--X",
            "\r\n",
            "--X--",
            "Content-Disposition: form-data; name=\"title\"",
            "; filename=\"a\"",
            "@jsonPayload",
            "\"requests\"",
            "\"method\"",
            "\"POST\"",
            "\"url\"",
            "\"title+\"",
            "\"+title\"",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn request() -> impl Strategy<Value = (&'static str, &'static str, Vec<u8>)> {
    let paths = vec![
        "/api/collections/notes/records",
        "/api/collections/users/records",
        "/api/collections/users/auth-with-password",
        "/api/batch",
        "/api/collections/notes/records?expand=%00,,a.b&fields=:excerpt(&filter=((((",
    ];
    let types = vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=X",
        "multipart/form-data; boundary=",
        "",
        "text/xml",
    ];
    (prop::sample::select(paths), prop::sample::select(types), body())
}

#[tokio::test]
async fn garbage_bodies_are_client_errors() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number" }])).await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true } })).await.ok();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..400 {
        let tree = request().new_tree(&mut runner).expect("a strategy without filters");
        let (path, content_type, body) = tree.current();
        let reply = app.guest().post_raw(path, content_type, body.clone()).await;
        assert!(reply.status < 500, "{path} {content_type} {:?}: {}", String::from_utf8_lossy(&body), reply.text);
        if reply.status >= 400 {
            reply.error(reply.status);
        }
    }
}

#[tokio::test]
async fn garbage_queries_are_client_errors() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number" }])).await;
    app.guest().post("/api/collections/notes/records", json!({ "title": "a" })).await.ok();
    let piece = prop::sample::select(vec![
        "title",
        "n",
        "=",
        "!=",
        "?~",
        "'a'",
        "\"",
        "(",
        ")",
        "&&",
        "||",
        "@request.",
        "@collection.notes.",
        "auth.id",
        ":lower",
        ":each",
        "geoDistance(",
        "strftime(",
        ",",
        "1",
        "-",
        ".",
        "//",
        "\0",
        "é",
        "null",
        "@now",
        "notes_via_title",
        "SELECT",
        ";",
        "%",
    ]);
    let strategy =
        (prop::sample::select(vec!["filter", "sort", "expand", "fields", "page"]), prop::collection::vec(piece, 0..12));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..400 {
        let (name, pieces) = strategy.new_tree(&mut runner).expect("a strategy without filters").current();
        let query = [(name, pieces.concat())];
        for client in [&app.guest(), app.superuser()] {
            let request = client.request(reqwest::Method::GET, "/api/collections/notes/records").query(&query);
            let reply = client.send(request).await;
            assert!(reply.status < 500, "{query:?}: {}", reply.text);
        }
    }
}
