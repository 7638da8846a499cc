//! What takes too long, and the end of the server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::TestApp;

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let app = TestApp::start_with(|options| options.header_timeout = Duration::from_millis(300)).await;
    let answer = app.raw("GET /api/health HTTP/1.1\r\nHost:").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = TestApp::start_with(|options| options.body_timeout = Duration::from_millis(300)).await;
    let head = "POST /api/collections/users/auth-with-password HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    let answer = app.raw(format!("{head}{{")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_end_up() {
    let app = TestApp::start().await;
    let mut idle = TcpStream::connect(app.address).await.expect("a connection");
    idle.write_all(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    tokio::time::timeout(Duration::from_secs(10), app.stop()).await.expect("stopped in time");
}
