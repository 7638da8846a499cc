//! Contract 8.1, for the keys of this version.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn settings_merge_deeply() {
    let app = TestApp::start().await;
    let before = app.superuser().get("/api/settings").await.ok();
    assert_eq!(before["batch"]["maxRequests"], 50);
    let patch = json!({ "batch": { "enabled": true } });
    let after = app.superuser().patch("/api/settings?fields=batch", patch).await.ok();
    assert_eq!(after["batch"]["enabled"], true);
    assert_eq!(after["batch"]["maxRequests"], 50);
    assert_eq!(app.superuser().get("/api/settings").await.ok()["batch"], after["batch"]);
    app.superuser().patch("/api/settings", json!({ "superuserIPs": ["nonsense"] })).await.error(400);
    app.ada().await.get("/api/settings").await.error(403);
    app.guest().patch("/api/settings", json!({})).await.error(401);
}
