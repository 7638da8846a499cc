//! The document that describes this server to its caller.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn each_caller_is_told_of_what_it_may_ever_do() {
    let app = TestApp::start().await;
    let open = json!([{ "name": "note", "type": "text", "hidden": true }]);
    app.open_collection("posts", open).await;
    app.superuser().post("/api/collections", json!({ "name": "drafts", "type": "base" })).await.ok();
    for client in [app.guest(), app.ada().await] {
        let reply = client.get("/api/openapi.json").await;
        assert_eq!(reply.header("content-type"), "application/json");
        let document = reply.ok();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["paths"]["/api/collections/posts/records/{id}"]["patch"].is_object(), "{}", reply.text);
        let record = &document["components"]["schemas"]["PostsRecord"]["properties"];
        assert!(record["title"].is_object() && record["note"].is_null(), "{record}");
        for secret in ["drafts", "/api/settings", "tokenKey", "impersonate", "\"note\""] {
            assert!(!reply.text.contains(secret), "a guest is told of {secret}");
        }
    }
    let whole = app.superuser().get("/api/openapi.json").await.ok();
    assert!(whole["paths"]["/api/collections/drafts/records"]["post"].is_object());
    assert!(whole["components"]["schemas"]["PostsRecord"]["properties"]["note"].is_object());
}

#[tokio::test]
async fn the_document_follows_the_schema() {
    let app = TestApp::start().await;
    let path = "/api/collections/later/records";
    assert!(app.guest().get("/api/openapi.json").await.ok()["paths"][path].is_null());
    app.open_collection("later", json!([])).await;
    assert!(app.guest().get("/api/openapi.json").await.ok()["paths"][path]["get"].is_object());
    app.superuser().patch("/api/collections/later", json!({ "listRule": null })).await.ok();
    assert!(app.guest().get("/api/openapi.json").await.ok()["paths"][path]["get"].is_null());
}
