//! Requests that no client library would send.

use std::time::Duration;

use serde_json::json;

use super::hostile::tells_nothing;
use crate::app::TestApp;

const PATH: &str = "/api/collections/notes/records";

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn broken_heads_are_refused() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let end = "Host: x\r\nConnection: close\r\n\r\n";
    for (head, allowed) in [
        (format!("GET /api/health HTTP/1.1\r\nX: {}\r\n{end}", "a".repeat(200_000)), vec![400, 413, 431, 0]),
        (format!("GET /{} HTTP/1.1\r\n{end}", "a".repeat(200_000)), vec![400, 404, 413, 414, 431, 0]),
        (format!("GET /api/health HTTP/1.1\r\n{}{end}", "A: b\r\n".repeat(500)), vec![400, 431, 0]),
        (format!("GET /api/health HTTP/9.9\r\n{end}"), vec![400, 505, 0]),
        (format!("GET /api/\0health HTTP/1.1\r\n{end}"), vec![400, 0]),
        (format!("GET /api/health HTTP/1.1\r\nX: a\0b\r\n{end}"), vec![400, 0]),
        (format!("{} /api/health HTTP/1.1\r\n{end}", "G".repeat(5000)), vec![400, 404, 0]),
        (format!("BREW /api/health HTTP/1.1\r\n{end}"), vec![404]),
        (format!("POST {PATH} HTTP/1.1\r\nContent-Length: -1\r\n{end}"), vec![400, 0]),
        (format!("POST {PATH} HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n{end}"), vec![400, 0]),
        (format!("POST {PATH} HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n{end}"), vec![400, 413, 0]),
        (format!("POST {PATH} HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n{end}"), vec![400, 0]),
        (
            format!(
                "POST {PATH} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n{end}zz\r\n"
            ),
            vec![400, 0],
        ),
        ("\0\u{1}\u{2}\r\n\r\n".to_owned(), vec![400, 0]),
    ] {
        let answer = app.raw(head.clone()).await;
        assert!(allowed.contains(&status(&answer)), "{}: {answer}", &head[..head.len().min(100)]);
    }
    app.guest().get("/api/health").await.ok();
}

#[tokio::test]
async fn oversized_bodies_are_refused_early() {
    let app = TestApp::start_with(|options| options.body_limit_bytes = 10_000).await;
    app.open_collection("notes", json!([])).await;
    let large = "x".repeat(20_000);
    for (content_type, body) in [
        ("application/json", format!("{{\"title\":\"{large}\"}}")),
        ("application/x-www-form-urlencoded", format!("title={large}")),
        (
            "multipart/form-data; boundary=X",
            format!("--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n{large}\r\n--X--\r\n"),
        ),
    ] {
        let reply = app.guest().post_raw(PATH, content_type, body).await;
        assert_eq!(reply.status, 413, "{content_type}: {}", reply.text);
        tells_nothing(&reply);
    }
    // Without a length, too, and from the announcement alone.
    let chunk = format!("{:x}\r\n{large}\r\n", large.len());
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n");
    assert_eq!(status(&app.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}")).await), 413);
    assert_eq!(status(&app.raw(format!("{head}Content-Length: 1000000\r\n\r\n")).await), 413);
}

#[tokio::test]
async fn many_parts_and_keys_are_borne() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "s", "type": "select", "values": ["a", "b"], "maxSelect": 2 }]))
        .await;
    let part = "--X\r\nContent-Disposition: form-data; name=\"s\"\r\n\r\na\r\n";
    let parts = format!("{}--X--\r\n", part.repeat(20_000));
    let payload = "--X\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n{\"title\":\"a\"}\r\n";
    let payloads = format!("{}--X--\r\n", payload.repeat(20_000));
    for body in [parts, payloads] {
        let reply = app.guest().post_raw(PATH, "multipart/form-data; boundary=X", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let keys: Vec<String> = (0..50_000).map(|number| format!("\"k{number}\":1")).collect();
    let reply = app.guest().post_raw(PATH, "application/json", format!("{{{}}}", keys.join(","))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let form: Vec<String> = (0..50_000).map(|number| format!("k{number}=1")).collect();
    let reply = app.guest().post_raw(PATH, "application/x-www-form-urlencoded", form.join("&")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_holds_nobody_up() {
    let app = TestApp::start_with(|options| options.body_timeout = Duration::from_millis(500)).await;
    app.open_collection("notes", json!([])).await;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: 5000\r\n\r\n{{"
    );
    let drips = futures_util::future::join_all((0..50).map(|_| app.raw(head.clone())));
    let (answers, reply) = futures_util::future::join(drips, app.guest().get(PATH)).await;
    assert_eq!(reply.status, 200);
    for answer in answers {
        assert_eq!(status(&answer), 503, "{answer}");
    }
}

/// No value that a client sends ends up in a header or splits one.
#[tokio::test]
async fn answers_can_not_be_split() {
    let app = TestApp::start().await;
    for path in ["/a//%0d%0aX-Evil:%201", "/api//%0d%0aX-Evil:1/..", "/x/..%0d%0aX-Evil:1//"] {
        let answer = app.raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(!answer.to_lowercase().contains("\r\nx-evil"), "{answer}");
    }
    let request = app.guest().request(reqwest::Method::OPTIONS, "/api/health");
    let request = request.header("origin", "https://a.example").header("access-control-request-headers", "x-a, x-b");
    assert_eq!(app.guest().send(request).await.header("access-control-allow-headers"), "x-a, x-b");
}
