//! Delays and errors on demand, which only a mock server knows.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::app::TestApp;
use crate::client::{Client, Reply};

async fn health(client: &Client, headers: &[(&str, &str)]) -> Reply {
    let request = client.request(Method::GET, "/api/health");
    client.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn a_mock_fails_as_it_is_told() {
    let app = TestApp::start_with(|options| options.mock = true).await;
    let guest = app.guest();
    for status in [400, 401, 418, 429, 499, 500, 503, 599] {
        let reply = health(&guest, &[("Mock-Error", &status.to_string()), ("Origin", "https://app.example")]).await;
        assert_eq!(reply.error(status)["message"], format!("The status {status} was asked for."));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "a browser must be let see it");
    }
    health(&guest, &[]).await.ok();
}

#[tokio::test]
async fn a_mock_waits_as_long_as_it_is_told() {
    let app = TestApp::start_with(|options| options.mock = true).await;
    let start = Instant::now();
    health(&app.guest(), &[("Mock-Delay", "120")]).await.ok();
    health(&app.guest(), &[("Mock-Delay", "80"), ("Mock-Error", "503")]).await.error(503);
    assert!(start.elapsed() >= Duration::from_millis(200));
    health(&app.guest(), &[("Mock-Delay", "0")]).await.ok();
}

#[tokio::test]
async fn what_is_no_delay_and_no_error_is_refused() {
    let app = TestApp::start_with(|options| options.mock = true).await;
    for (header, values, expected) in [
        ("Mock-Delay", ["", "-1", "30001", "1.5", "soon"], "takes milliseconds from 0 to 30000"),
        ("Mock-Error", ["", "200", "399", "600", "5xx"], "takes a status from 400 to 599"),
    ] {
        for value in values {
            let message = health(&app.guest(), &[(header, value)]).await.error(400)["message"].to_string();
            assert!(message.contains(header) && message.contains(expected), "{value}: {message}");
        }
    }
}

#[tokio::test]
async fn browsers_may_send_the_headers() {
    let app = TestApp::start_with(|options| options.mock = true).await;
    let request = app
        .guest()
        .request(Method::OPTIONS, "/api/health")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "mock-delay,mock-error");
    assert_eq!(app.guest().send(request).await.header("access-control-allow-headers"), "mock-delay,mock-error");
}

#[tokio::test]
async fn a_production_server_does_not_know_them() {
    let app = TestApp::start().await;
    let start = Instant::now();
    for headers in [[("Mock-Error", "503"), ("Mock-Delay", "30000")], [("Mock-Error", "x"), ("Mock-Delay", "x")]] {
        health(&app.guest(), &headers).await.ok();
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}
