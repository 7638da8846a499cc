//! The server as a process: one a directory, ends in order.

use std::time::{Duration, Instant};

use super::process::Place;

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
