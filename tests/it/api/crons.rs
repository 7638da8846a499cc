//! Contract 8.4.

use basalt::store::{Statement, StoreError};
use serde_json::{Value as Json, json};

use crate::app::TestApp;

/// Starts a cron and comes back when its job is done.
async fn run(app: &TestApp, id: &str) {
    assert_eq!(app.superuser().post(&format!("/api/crons/{id}"), json!({})).await.status, 204);
    while app.superuser().get("/api/jobs").await.ok()["totalItems"] != 0 {}
}

async fn execute(app: &TestApp, sql: &str) {
    let statement = Statement::new(sql, vec![]);
    let done: Result<u64, StoreError> = app.app.store.transaction(async move |tx| tx.execute(&statement).await).await;
    done.expect("the statement runs");
}

async fn number(app: &TestApp, sql: &str) -> Option<i64> {
    let row = app.app.store.reader().first(Statement::new(sql, vec![])).await.expect("the query runs");
    row.and_then(|row| row.get(0).as_i64())
}

#[tokio::test]
async fn superusers_see_and_start_them() {
    let app = TestApp::start().await;
    let crons = app.superuser().get("/api/crons").await.ok();
    let expected = json!([
        { "id": "__pbDBOptimize__", "expression": "0 0 * * *" },
        { "id": "__pbMFACleanup__", "expression": "0 * * * *" },
        { "id": "__pbOTPCleanup__", "expression": "0 * * * *" },
        { "id": "__pbLogsCleanup__", "expression": "0 */6 * * *" },
    ]);
    assert_eq!(crons.as_array().expect("a list")[..4], expected.as_array().expect("a list")[..]);
    let ids = app.superuser().get("/api/crons?fields=id").await.ok();
    assert_eq!(ids[0], json!({ "id": "__pbDBOptimize__" }));
    for cron in crons.as_array().expect("a list") {
        run(&app, cron["id"].as_str().expect("an id")).await;
    }
    let missing = app.superuser().post("/api/crons/nope", json!({})).await.error(404);
    assert_eq!(missing["message"], "Missing or invalid cron job.");
    app.superuser().get("/api/crons/__pbDBOptimize__").await.error(404);
    app.ada().await.post("/api/crons/__pbDBOptimize__", json!({})).await.error(403);
    app.guest().get("/api/crons").await.error(401);
}

#[tokio::test]
async fn outdated_one_time_passwords_go_through_the_feed() {
    let app = TestApp::start().await;
    app.ada().await;
    let users = app.superuser().get("/api/collections/users").await.ok();
    let otp = |record: &str| json!({ "collectionRef": users["id"], "recordRef": record, "password": "12345678" });
    let mut ids: Vec<Json> = Vec::new();
    for record in ["old", "young"] {
        ids.push(app.superuser().post("/api/collections/_otps/records", otp(record)).await.ok()["id"].clone());
    }
    execute(&app, "UPDATE _otps SET created = '2020-01-01 00:00:00.000Z' WHERE recordRef = 'old'").await;
    run(&app, "__pbMFACleanup__").await;
    assert_eq!(number(&app, "SELECT count(*) FROM _otps").await, Some(2));
    run(&app, "__pbOTPCleanup__").await;
    let left = app.superuser().get("/api/collections/_otps/records").await.ok();
    assert_eq!((&left["totalItems"], &left["items"][0]["id"]), (&json!(1), &ids[1]));
    let deleted = format!("SELECT count(*) FROM _feed WHERE op = 3 AND rec = '{}'", ids[0].as_str().expect("an id"));
    assert_eq!(number(&app, &deleted).await, Some(1));
}

#[tokio::test]
async fn old_changes_leave_the_feed() {
    let app = TestApp::start().await;
    execute(&app, "UPDATE _feed SET ts = 1").await;
    let last = number(&app, "SELECT max(rev) FROM _feed").await;
    app.open_collection("notes", json!([])).await;
    run(&app, "__basaltFeedCleanup__").await;
    if !app.is_postgres() {
        assert_eq!(number(&app, "SELECT v FROM _meta WHERE k = 'feed_floor'").await, last);
    }
    assert_eq!(number(&app, "SELECT min(rev) FROM _feed").await, last.map(|rev| rev + 1));
}
