//! Contract 4.1.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn life_of_a_collection() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    let created = app.open_collection("notes", json!([])).await;
    assert_eq!(created["name"], "notes");
    let id = created["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(superuser.get(&format!("/api/collections/{id}?fields=name")).await.ok(), json!({ "name": "notes" }));
    let patch = json!({ "name": "papers" });
    assert_eq!(superuser.patch("/api/collections/notes", patch).await.ok()["name"], "papers");
    superuser.get("/api/collections/notes").await.error(404);
    let list = superuser.get("/api/collections?fields=name&perPage=1000&sort=-created").await.ok();
    assert!(list["items"].as_array().is_some_and(|items| items.contains(&json!({ "name": "papers" }))), "{list}");
    assert_eq!(superuser.delete("/api/collections/papers").await.status, 204);
    superuser.delete("/api/collections/papers").await.error(404);
}

#[tokio::test]
async fn truncate_and_import() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    app.open_collection("notes", json!([])).await;
    superuser.post("/api/collections/notes/records", json!({ "title": "a" })).await.ok();
    assert_eq!(superuser.delete("/api/collections/notes/truncate").await.status, 204);
    assert_eq!(superuser.get("/api/collections/notes/records").await.ok()["totalItems"], 0);
    superuser.delete("/api/collections/nothing/truncate").await.error(404);
    let collections = json!([{ "name": "imported", "type": "base", "fields": [{ "name": "x", "type": "text" }] }]);
    let reply = superuser.put("/api/collections/import", json!({ "collections": collections })).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    superuser.get("/api/collections/imported").await.ok();
    superuser.put("/api/collections/import", json!({ "collections": "x" })).await.error(400);
    let empty = superuser.put("/api/collections/import", json!({ "collections": [] })).await;
    assert_eq!(empty.code(400, "collections"), "validation_required");
}

#[tokio::test]
async fn scaffolds_and_dry_run() {
    let app = TestApp::start().await;
    let scaffolds = app.superuser().get("/api/collections/meta/scaffolds").await.ok();
    assert_eq!(scaffolds["auth"]["type"], "auth");
    app.open_collection("notes", json!([])).await;
    let query = json!({ "query": "SELECT id, title FROM notes" });
    let view = app.superuser().post("/api/collections/meta/dry-run-view", query).await.ok();
    assert_eq!(view["fields"].as_array().map(Vec::len), Some(2));
    let query = json!({ "query": "DELETE FROM notes" });
    app.superuser().post("/api/collections/meta/dry-run-view", query).await.error(400);
}
