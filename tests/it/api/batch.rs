//! Contract 2.9.

use serde_json::{Value as Json, json};

use crate::app::TestApp;

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number", "max": 10 }])).await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true, "maxRequests": 5 } })).await.ok();
    app
}

fn create(body: Json) -> Json {
    json!({ "method": "POST", "url": "/api/collections/notes/records?fields=title", "body": body })
}

#[tokio::test]
async fn off_by_default() {
    let app = TestApp::start().await;
    app.superuser().post("/api/batch", json!({ "requests": [] })).await.error(403);
}

#[tokio::test]
async fn all_in_order() {
    let app = app().await;
    let one = "/api/collections/notes/records/aaaaaaaaaaaaaaa?fields=title";
    let requests = json!([
        create(json!({ "id": "aaaaaaaaaaaaaaa", "title": "a" })),
        { "method": "PATCH", "url": one, "body": { "title": "b" } },
        { "method": "PUT", "url": "/api/collections/notes/records?fields=id,title", "body": { "id": "aaaaaaaaaaaaaaa", "title": "c" } },
        { "method": "PUT", "url": "/api/collections/notes/records?fields=id,title", "body": { "id": "bbbbbbbbbbbbbbb", "title": "d" } },
        { "method": "DELETE", "url": one },
    ]);
    let body = app.guest().post("/api/batch", json!({ "requests": requests })).await.ok();
    let expected = json!([
        { "status": 200, "body": { "title": "a" } },
        { "status": 200, "body": { "title": "b" } },
        { "status": 200, "body": { "id": "aaaaaaaaaaaaaaa", "title": "c" } },
        { "status": 200, "body": { "id": "bbbbbbbbbbbbbbb", "title": "d" } },
        { "status": 204, "body": null },
    ]);
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_failure_leaves_nothing_behind() {
    let app = app().await;
    let requests = json!([create(json!({ "title": "a" })), create(json!({ "n": 11 })), create(json!({ "n": 12 }))]);
    let error = app.guest().post("/api/batch", json!({ "requests": requests })).await.error(400);
    let failed = error["data"]["requests"].as_object().cloned().unwrap_or_default();
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["1"]);
    assert_eq!(failed["1"]["code"], "batch_request_failed");
    assert_eq!(failed["1"]["response"]["status"], 400);
    assert_eq!(failed["1"]["response"]["data"]["n"]["code"], "validation_max_number_constraint");
    assert_eq!(app.guest().get("/api/collections/notes/records").await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn faults_of_the_request() {
    let app = app().await;
    let post = async |requests: Json| app.guest().post("/api/batch", json!({ "requests": requests })).await;
    assert_eq!(post(json!([])).await.code(400, "requests"), "validation_required");
    let many: Vec<Json> = (0..6).map(|_| create(json!({}))).collect();
    assert_eq!(post(json!(many)).await.code(400, "requests"), "validation_length_too_long");
    for requests in [json!("x"), json!([5]), json!([null]), json!([{ "method": "POST", "url": "/x", "body": "x" }])] {
        post(requests).await.error(400);
    }
    let unknown = post(json!([{ "method": "POST", "url": "/api/collections/nothing/records" }])).await.error(400);
    assert_eq!(unknown["data"]["requests"]["0"]["response"]["status"], 404);
}

#[tokio::test]
async fn multipart_as_the_sdk_sends_it() {
    let app = app().await;
    let requests = json!({ "requests": [create(json!({ "title": "a" }))] }).to_string();
    let form = reqwest::multipart::Form::new().text("@jsonPayload", requests);
    let guest = app.guest();
    let reply = guest.send(guest.request(reqwest::Method::POST, "/api/batch").multipart(form)).await;
    assert_eq!(reply.ok()[0]["body"], json!({ "title": "a" }));
}
