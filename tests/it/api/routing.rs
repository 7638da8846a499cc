//! Contract 1.1.

use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn unknown_paths_and_methods_are_404() {
    let app = TestApp::start().await;
    let guest = app.guest();
    for path in ["/nothing", "/api", "/api/", "/api/nothing", "/API/health", "/api/health/", "/_/nothing", "/"] {
        assert_eq!(guest.get(path).await.error(404)["message"], "File not found.", "{path}");
    }
    for (method, path) in [
        (Method::POST, "/api/health"),
        (Method::PUT, "/api/health"),
        (Method::TRACE, "/api/health"),
        (Method::POST, "/nothing"),
        (Method::PUT, "/api/collections/users/records/x"),
        (Method::POST, "/api/collections/users/nothing"),
        (Method::POST, "/api/collections/users/records/"),
        (Method::DELETE, "/api/batch"),
    ] {
        let reply = guest.send(guest.request(method.clone(), path)).await;
        assert_eq!(reply.error(404)["message"], "The requested resource wasn't found.", "{method} {path}");
    }
}

#[tokio::test]
async fn fixed_names_leave_other_methods_to_collections_of_that_name() {
    let app = TestApp::start().await;
    app.guest().get("/api/collections/import").await.error(401);
    app.superuser().get("/api/collections/import").await.error(404);
    app.superuser().post("/api/collections", json!({ "name": "import", "type": "base" })).await.ok();
    assert_eq!(app.superuser().get("/api/collections/import").await.ok()["name"], "import");
    assert_eq!(app.superuser().get("/api/collections/IMPORT").await.ok()["name"], "import");
}

#[tokio::test]
async fn unclean_paths_go_to_the_clean_one() {
    let app = TestApp::start().await;
    for (path, location) in [
        ("//api/health", "/api/health"),
        ("/api//health?x=1", "/api/health?x=1"),
        ("/api/../api/health", "/api/health"),
        ("/x/../../etc/passwd", "/etc/passwd"),
    ] {
        for method in ["GET", "POST"] {
            let answer = app.raw(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 307 "), "{method} {path}: {answer}");
            assert!(answer.to_lowercase().contains(&format!("\r\nlocation: {location}\r\n")), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let app = TestApp::start().await;
    for path in ["/api/health", "/api/collections/users/auth-methods", "/_/"] {
        let head = app.guest().send(app.guest().request(Method::HEAD, path)).await;
        let get = app.guest().get(path).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
    }
    let head = app.guest().send(app.guest().request(Method::HEAD, "/api/nothing")).await;
    assert_eq!((head.status, head.text.as_str()), (404, ""));
}

#[tokio::test]
async fn escapes_in_paths() {
    let app = TestApp::start().await;
    app.guest().get("/api/he%61lth").await.ok();
    app.open_collection("notes", json!([])).await;
    app.guest().get("/api/collections/n%6ftes/records").await.ok();
    app.guest().get("/api/collections/notes%2Frecords").await.error(401);
    app.guest().get("/api/collections/notes/records/a%2Fb").await.error(404);
    app.guest().get("/api/collections/%00/records").await.error(404);
    app.guest().get("/api/collections/%ff/records").await.error(404);
}

#[tokio::test]
async fn garbage_instead_of_http() {
    let app = TestApp::start().await;
    for bytes in ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /api/health HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
    {
        let answer = app.raw(bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{answer}");
    }
    app.guest().get("/api/health").await.ok();
}

#[tokio::test]
async fn the_dashboard_has_its_place() {
    let app = TestApp::start().await;
    let page = app.guest().get("/_/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let home = app.guest().get("/_").await;
    assert_eq!((home.status, home.header("location")), (307, "/_/"));
}
