//! Contract 8.4.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn health_tells_superusers_more() {
    let app = TestApp::start().await;
    let guest = app.guest().get("/api/health").await;
    assert_eq!(guest.text, r#"{"message":"API is healthy.","code":200,"data":{}}"#);
    let request = app.superuser().request(reqwest::Method::GET, "/api/health").header("x-forwarded-for", "1.2.3.4");
    let data = app.superuser().send(request).await.ok()["data"].clone();
    let expected = json!({ "canBackup": true, "realIP": "127.0.0.1", "possibleProxyHeader": "X-Forwarded-For" });
    assert_eq!(data, expected);
    assert_eq!(app.ada().await.get("/api/health").await.ok()["data"], json!({}));
}

#[tokio::test]
async fn fields_cut_it_down() {
    let app = TestApp::start().await;
    assert_eq!(app.guest().get("/api/health?fields=code").await.ok(), json!({ "code": 200 }));
    app.guest().get("/api/health?fields=code:nonsense").await.error(400);
}

#[tokio::test]
async fn ready_while_the_store_is_open() {
    let app = TestApp::start().await;
    app.guest().get("/api/ready").await.ok();
    app.app.store.close().await;
    let reply = app.guest().get("/api/ready").await;
    reply.error(503);
    assert_eq!(reply.header("retry-after"), "1");
    app.guest().get("/api/health").await.ok();
}
