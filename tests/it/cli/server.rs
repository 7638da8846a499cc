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

#[test]
fn health_asks_the_running_server() {
    let place = Place::new();
    let server = place.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    assert_eq!(place.ok(&["health", "--http", &address]), "ok\n");
    assert_eq!(place.ok(&["health", "--ready", "--json", "--http", &address]), "{\"ok\":true}\n");
    let port = address.rsplit_once(':').expect("a port").1;
    assert_eq!(place.ok(&["health", "--http", &format!("0.0.0.0:{port}")]), "ok\n");
    drop(server);
    let (code, message) = place.failure(&["health", "--http", &address]);
    assert_eq!(code, 1);
    assert!(message.contains("no answer"), "{message}");
}
