//! More than the server can do: bounded queues refuse, and say when to come back.

use std::pin::pin;
use std::sync::mpsc::channel;

use basalt::error::Error;
use basalt::store::{Op, Statement, Value, WriteSet};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::json;

use crate::app::TestApp;

/// More than the queue of password hashes holds.
const SIGN_INS: usize = 320;

#[tokio::test]
async fn too_many_sign_ins_are_told_to_come_back() {
    let app = TestApp::start().await;
    let form = json!({ "identity": "nobody@example.com", "password": "wrong password" });
    let guest = app.guest();
    let mut answers: FuturesUnordered<_> =
        (0..SIGN_INS).map(|_| guest.post("/api/collections/users/auth-with-password", form.clone())).collect();
    let (mut refused, mut failed) = (0, 0);
    while let Some(answer) = answers.next().await {
        match answer.status {
            503 => {
                answer.error(503);
                assert_eq!(answer.header("retry-after"), "1");
                refused += 1;
            }
            status => {
                assert_eq!(status, 400, "{}", answer.text);
                failed += 1;
            }
        }
        if refused > 0 && failed > 0 {
            break;
        }
    }
    assert!(refused > 0 && failed > 0, "{refused} refused, {failed} failed");
    // The rest of the server does not notice.
    app.guest().get("/api/health").await.ok();
}

/// A job that leaves no room in the writer's queue beside the one that holds the writer.
const FILLS_THE_QUEUE: usize = (64 << 20) - (16 << 10);

#[tokio::test]
async fn a_full_queue_of_writes_says_when_to_come_back() {
    let app = TestApp::start_configured(|config| config.sqlite.write_wait_s = 0).await;
    if app.is_postgres() {
        return eprintln!("skipped: there is no queue of writes before a server; see faults/server.rs");
    }
    app.open_collection("notes", json!([])).await;
    let path = "/api/collections/notes/records";
    let note = app.guest().post(path, json!({ "title": "before" })).await.ok();
    let one = format!("{path}/{}", note["id"].as_str().expect("an id"));

    let store = app.app.store.clone();
    let ((held, holds), (release, released)) = (channel(), channel::<()>());
    let holder = tokio::spawn(async move {
        let hold = async move |_tx| {
            held.send(()).map_err(Error::internal)?;
            released.recv().map_err(Error::internal)
        };
        store.transaction(hold).await
    });
    tokio::task::spawn_blocking(move || holds.recv()).await.expect("no panic").expect("the writer is held");
    let large = Statement::new("DELETE FROM _meta WHERE k = ?1", vec![Value::Blob(vec![0; FILLS_THE_QUEUE])]);
    let mut filling = pin!(app.app.store.write(WriteSet { ops: vec![Op::System(large)], ..WriteSet::default() }));
    assert!(filling.as_mut().now_or_never().is_none(), "it waits for the writer");

    let guest = app.guest();
    for refused in [
        guest.post(path, json!({ "title": "refused" })).await,
        guest.patch(&one, json!({ "title": "refused" })).await,
        guest.delete(&one).await,
        guest.get("/api/ready").await,
    ] {
        refused.error(503);
        assert_eq!(refused.header("retry-after"), "1");
    }
    // Reading goes on.
    assert_eq!(guest.get(&one).await.ok()["title"], "before");
    guest.get("/api/health").await.ok();

    release.send(()).expect("the writer waits");
    holder.await.expect("no panic").expect("the transaction commits");
    let _ = filling.await;
    guest.post(path, json!({ "title": "after" })).await.ok();
    assert_eq!(guest.get(path).await.ok()["totalItems"], 2, "what was refused is not there");
}
