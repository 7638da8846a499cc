//! What superusers see of the queue, and what they can do about a dead job.

use basalt::error::Error;
use basalt::jobs::NewJob;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_dead_job_is_listed_and_tried_again() {
    let app = TestApp::start().await;
    let jobs = &app.app.jobs;
    jobs.register("mail", async |run| match run.payload["fixed"].as_bool() {
        Some(true) => Ok(()),
        _ => Err(Error::invalid("the mailbox is full").with_cause("secret detail")),
    });
    let dying = NewJob { max_attempts: 1, ..NewJob::new("mail", json!({ "link": "a secret" })) };
    let id = jobs.enqueue(dying).await.expect("room");
    let later = NewJob { run_at_ms: Some(i64::MAX / 2), ..NewJob::new("mail", json!({})) };
    jobs.enqueue(later).await.expect("room");

    let dead = loop {
        let listed = app.superuser().get("/api/jobs?state=dead").await.ok();
        if listed["totalItems"] == 1 {
            break listed;
        }
    };
    assert!(!dead.to_string().contains("secret"), "{dead}");
    let job = &dead["items"][0];
    assert_eq!((&job["id"], &job["state"], &job["attempt"]), (&json!(id), &json!("dead"), &json!(1)));
    assert_eq!((&job["error"], &job["name"]), (&json!("the mailbox is full"), &json!("mail")));
    let all = app.superuser().get("/api/jobs?perPage=1&page=2&fields=id").await.ok();
    assert_eq!((&all["totalItems"], &all["totalPages"]), (&json!(2), &json!(2)));
    assert_eq!(all["items"], json!([{ "id": id }]));

    jobs.register("mail", async |_| Ok(()));
    assert_eq!(app.superuser().post(&format!("/api/jobs/{id}/retry"), json!({})).await.status, 204);
    while app.superuser().get("/api/jobs").await.ok()["totalItems"] != 1 {}
    app.superuser().post(&format!("/api/jobs/{id}/retry"), json!({})).await.error(404);
}

#[tokio::test]
async fn odd_parameters_are_refused() {
    let app = TestApp::start().await;
    for query in ["state=lost", "page=x", "perPage=-1", "page=99999999999999999999999"] {
        app.superuser().get(&format!("/api/jobs?{query}")).await.error(400);
    }
    let far = app.superuser().get("/api/jobs?page=18446744073709551615&perPage=9999").await.ok();
    assert_eq!((&far["perPage"], &far["items"]), (&json!(500), &json!([])));
    app.ada().await.get("/api/jobs").await.error(403);
}
