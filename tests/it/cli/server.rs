//! The server as a process: one a directory, ends in order, loses nothing when it is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::process::{EMAIL, PASSWORD, Place};

#[test]
fn a_second_server_is_refused() {
    let place = Place::new();
    let _first = place.serve();
    let (code, message) = place.failure(&["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(message.contains("another"), "{message}");
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    let place = Place::new();
    let mut server = place.serve();
    let answer = reqwest::get(format!("{}/api/health", server.url)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let start = Instant::now();
    server.signal("TERM");
    let status = tokio::task::spawn_blocking(move || server.child.wait()).await.expect("no panic").expect("it ends");
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Rounds of killing; each a start, some writes and the kill.
const ROUNDS: usize = 5;
const WRITERS: usize = 8;
const WRITES: usize = 300;

#[tokio::test]
async fn a_killed_server_keeps_every_acknowledged_write() {
    let place = Place::new();
    place.ok(&["superuser", "create", EMAIL, PASSWORD]);
    std::fs::write(
        place.path().join("collections.json"),
        json!([{ "name": "notes", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
                 "fields": [{ "name": "title", "type": "text" }] }])
        .to_string(),
    )
    .expect("a file");
    place.ok(&["collections", "import", "collections.json"]);
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        let server = place.serve();
        let url = format!("{}/api/collections/notes/records", server.url);
        let written = Arc::new(AtomicUsize::new(0));
        let enough = Arc::new(tokio::sync::Notify::new());
        let writers: Vec<_> =
            (0..WRITERS).map(|_| tokio::spawn(write(url.clone(), written.clone(), enough.clone()))).collect();
        enough.notified().await;
        server.signal("KILL");
        for writer in writers {
            acknowledged.extend(writer.await.expect("no panic"));
        }
    }
    assert!(acknowledged.len() >= ROUNDS * WRITES);
    place.ok(&["superuser", "list"]);
    let database = rusqlite::Connection::open(place.path().join("data/data.db")).expect("it opens");
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    assert_eq!(one("SELECT max(rev) - min(rev) + 1 - count(*) FROM _feed"), 0, "the feed has a gap");
    let mut look = database.prepare("SELECT 1 FROM notes WHERE id = ?1").expect("a statement");
    for id in acknowledged {
        assert!(look.exists([&id]).expect("a look"), "{id} was acknowledged and is lost");
    }
}

/// Creates records until the server is gone; the ids of those that it acknowledged.
async fn write(url: String, written: Arc<AtomicUsize>, enough: Arc<tokio::sync::Notify>) -> Vec<String> {
    let client = reqwest::Client::new();
    let mut ids = Vec::new();
    loop {
        let Ok(answer) = client.post(&url).json(&json!({ "title": "x" })).send().await else { return ids };
        let status = answer.status();
        let Ok(record) = answer.json::<Json>().await else { return ids };
        assert_eq!(status, 200, "{record}");
        ids.extend(record["id"].as_str().map(str::to_owned));
        if written.fetch_add(1, Ordering::Relaxed) + 1 == WRITES {
            enough.notify_one();
        }
    }
}
