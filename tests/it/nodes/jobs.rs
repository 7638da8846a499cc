//! Work of the queue is done by one node at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use basalt::jobs::NewJob;
use serde_json::json;

use super::two;

const JOBS: u64 = 300;

#[tokio::test]
async fn a_job_runs_on_one_node_only() {
    let Some((first, second)) = two().await else { return };
    let runs: Arc<Mutex<HashMap<u64, Vec<&str>>>> = Arc::default();
    for (name, app) in [("first", &first), ("second", &second)] {
        let runs = runs.clone();
        app.app.jobs.register("count", move |run| {
            let number = run.payload["number"].as_u64().expect("a number");
            runs.lock().expect("no panic").entry(number).or_default().push(name);
            async { Ok(()) }
        });
    }
    for number in 0..JOBS {
        // Both are woken and look for work at the same time.
        let app = if number % 2 == 0 { &first } else { &second };
        app.app.jobs.enqueue(NewJob::new("count", json!({ "number": number }))).await.expect("room");
    }
    while first.superuser().get("/api/jobs").await.ok()["totalItems"] != 0 {}
    let runs = runs.lock().expect("no panic").clone();
    assert_eq!(runs.len() as u64, JOBS);
    for (number, nodes) in &runs {
        assert_eq!(nodes.len(), 1, "{number} ran on {nodes:?}");
    }
    second.stop().await;
    first.stop().await;
}
