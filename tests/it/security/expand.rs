//! Related records nest as copies; a short parameter must not ask for more than memory holds.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn an_expand_does_not_grow_without_end() {
    let app = TestApp::start().await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true, "maxRequests": 500 } })).await.ok();
    let tags = app.open_collection("tags", json!([])).await;
    app.superuser().post("/api/collections/tags/records", json!({ "id": "ttttttttttttttt" })).await.ok();
    let tag = json!({ "name": "tag", "type": "relation", "collectionId": tags["id"], "maxSelect": 1 });
    app.open_collection("notes", json!([tag])).await;
    let body = json!({ "title": "x".repeat(500), "tag": "ttttttttttttttt" });
    let create = json!({ "method": "POST", "url": "/api/collections/notes/records", "body": body });
    app.superuser().post("/api/batch", json!({ "requests": vec![create; 400] })).await.ok();
    // 400 notes, each with the tag that holds all 400 notes, each with the tag …
    let levels = ["tag", "tag.notes_via_tag", "tag.notes_via_tag.tag", "tag.notes_via_tag.tag.notes_via_tag"];
    for (expand, status) in levels.into_iter().zip([200, 200, 200, 400]) {
        let reply = app.guest().get(&format!("/api/collections/notes/records?perPage=3&expand={expand}")).await;
        assert_eq!(reply.status, status, "{expand}");
    }
    app.guest().get("/api/health").await.ok();
}
