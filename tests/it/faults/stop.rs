//! SIGTERM while requests run.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::load::{Writers, place, verify};

#[tokio::test]
async fn a_signal_under_load_drains_and_ends_with_0() {
    let place = place();
    let mut server = place.serve();
    let writers = Writers::start(&server, 16, 500);
    writers.enough().await;
    // Neither somebody who keeps a connection nor one who never finishes a request holds the end up.
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(&address).expect("a connection");
    let head = "POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).expect("sent");
    let start = Instant::now();
    server.signal("TERM");
    let status = tokio::task::spawn_blocking(move || server.child.wait()).await.expect("no panic").expect("it ends");
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    verify(&place.path().join("data"), &writers.promises().await);
}

#[test]
fn what_runs_is_answered_before_the_end() {
    let place = place();
    let mut server = place.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("a connection");
    // `100 Continue` tells that the server has the request and waits for its body.
    let body = "{\"title\":\"late\"}";
    let head = format!(
        "POST /api/collections/notes/records HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 100");
    server.signal("TERM");
    stream.write_all(body.as_bytes()).expect("sent");
    let mut rest = String::new();
    // The server may close the connection in any way once it has answered.
    let _ = stream.read_to_string(&mut rest);
    assert!(rest.contains("HTTP/1.1 200 OK") && rest.contains("\"title\":\"late\""), "{rest}");
    assert!(server.child.wait().expect("it ends").success());
}
