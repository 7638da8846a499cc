//! Contract 1.6.

use reqwest::Method;
use serde_json::json;

use crate::app::{PASSWORD, SUPERUSER_EMAIL, TestApp};
use crate::client::Reply;

#[track_caller]
fn assert_fixed(reply: &Reply) {
    for (name, value) in [
        ("x-xss-protection", "1; mode=block"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("cross-origin-opener-policy", "same-origin"),
        ("vary", "Origin"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn every_answer_has_the_fixed_headers() {
    let app = TestApp::start().await;
    for path in ["/api/health", "/api/nothing", "/api/settings", "/_/", "/_"] {
        assert_fixed(&app.guest().get(path).await);
    }
    assert_fixed(&app.guest().send(app.guest().request(Method::OPTIONS, "/api/health")).await);
    let health = app.guest().get("/api/health").await;
    assert_eq!(health.header("content-type"), "application/json");
    assert_eq!(health.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn any_origin_may_call_by_default() {
    let app = TestApp::start().await;
    let guest = app.guest();
    for path in ["/api/health", "/api/nothing", "/api/settings"] {
        let reply = guest.send(guest.request(Method::GET, path).header("origin", "https://a.example")).await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(reply.header("access-control-expose-headers").contains("Retry-After"));
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let request = guest.request(Method::OPTIONS, "/api/any/thing");
    let request = request.header("origin", "https://a.example").header("access-control-request-method", "PUT");
    let preflight = guest.send(request.header("access-control-request-headers", "authorization,x-b")).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(preflight.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,x-b");
    assert_eq!(preflight.header("access-control-max-age"), "");
    assert_eq!(guest.send(guest.request(Method::OPTIONS, "/api/health")).await.status, 204);
}

#[tokio::test]
async fn origins_can_be_bound() {
    let app = TestApp::start_with(|options| options.origins = vec!["https://a.example".into()]).await;
    for (origin, expected) in [("https://a.example", "https://a.example"), ("https://b.example", "")] {
        for method in [Method::GET, Method::OPTIONS] {
            let request = app.guest().request(method.clone(), "/api/health").header("origin", origin);
            let reply = app.guest().send(request).await;
            assert_eq!(reply.header("access-control-allow-origin"), expected, "{method} {origin}");
        }
    }
}

#[tokio::test]
async fn authorization_is_raw_or_bearer_and_else_a_guest() {
    let app = TestApp::start().await;
    let token = app.superuser().token.clone().unwrap_or_default();
    let broken = format!("{}x", token);
    for (header, status) in [
        (token.clone(), 200),
        (format!("Bearer {token}"), 200),
        (format!("bEaReR {token}"), 200),
        (format!("Bearer  {token}"), 401),
        (format!("Basic {token}"), 401),
        (format!("Token {token}"), 401),
        (broken, 401),
        ("x.y.z".into(), 401),
        (String::new(), 401),
    ] {
        assert_eq!(app.guest().with_token(&header).get("/api/settings").await.status, status, "{header}");
        // A wrong token makes a guest; it is no failure by itself.
        app.guest().with_token(&header).get("/api/health").await.ok();
    }
}

#[tokio::test]
async fn too_large_bodies_are_413() {
    let app = TestApp::start_with(|options| options.body_limit_bytes = 1000).await;
    let form = |size: usize| format!("{{\"identity\":\"{}\"}}", "x".repeat(size));
    let path = "/api/collections/users/auth-with-password";
    app.guest().post_raw(path, "application/json", form(2000)).await.error(413);
    app.guest().post_raw(path, "application/json", form(500)).await.error(400);
    let chunked = "POST /api/collections/users/auth-with-password HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                   Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = app.raw(format!("{chunked}7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    app.guest().get("/api/health").await.ok();
}

#[tokio::test]
async fn superusers_can_be_bound_to_addresses() {
    let app = TestApp::start().await;
    let proxy = json!({ "trustedProxy": { "headers": ["X-Real-IP"] }, "superuserIPs": ["10.0.0.0/8", "127.0.0.1"] });
    app.superuser().patch("/api/settings", proxy).await.ok();
    let settings = |address: &'static str| {
        app.superuser().send(app.superuser().request(Method::GET, "/api/settings").header("x-real-ip", address))
    };
    settings("10.1.2.3").await.ok();
    settings("11.1.2.3").await.error(403);
    app.superuser().get("/api/settings").await.ok();
    let form = json!({ "identity": SUPERUSER_EMAIL, "password": PASSWORD });
    let sign_in = |address: &'static str| {
        let request = app.guest().request(Method::POST, "/api/collections/_superusers/auth-with-password");
        let guest = app.guest();
        let request = request.header("x-real-ip", address).json(&form);
        async move { guest.send(request).await }
    };
    sign_in("11.1.2.3").await.error(403);
    sign_in("10.1.2.3").await.ok();
}
