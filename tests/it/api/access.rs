//! Invariant 7: no route is reachable without a decision on who may call it.
//!
//! `access.txt` is the golden list: every route × {guest, user, superuser} → status. A new route fails this
//! test until it stands there.

use std::fmt::Write;

use expect_test::expect_file;
use reqwest::Method;
use serde_json::json;

use crate::app::TestApp;
use crate::client::Client;

/// Routes that destroy what others need run on a collection of their own.
fn path(label: &str, path: &str) -> String {
    let collection = match label {
        "DELETE /api/collections/{collection}" => "doomed",
        _ if path.contains("auth") || path.contains("impersonate") => "users",
        _ => "locked",
    };
    path.replace("{collection}", collection).replace("{id}", "aaaaaaaaaaaaaaa")
}

async fn status(client: &Client, method: &str, path: &str) -> u16 {
    let method = Method::from_bytes(method.as_bytes()).expect("a method of the table");
    let mut request = client.request(method.clone(), path);
    if !matches!(method, Method::GET | Method::DELETE) {
        request = request.json(&json!({}));
    }
    client.send(request).await.status
}

#[tokio::test]
async fn every_route_for_every_caller() {
    let app = TestApp::start().await;
    for name in ["locked", "doomed"] {
        app.superuser().post("/api/collections", json!({ "name": name, "type": "base" })).await.ok();
    }
    let (guest, ada) = (app.guest(), app.ada().await);
    let mut table = String::from("guest user superuser\n");
    for label in basalt::api::route_labels() {
        let (method, pattern) = label.split_once(' ').expect("METHOD /path");
        let path = path(label, pattern);
        let mut statuses = [0; 3];
        for (status_of, client) in statuses.iter_mut().zip([&guest, &ada, app.superuser()]) {
            *status_of = status(client, method, &path).await;
        }
        let [guest, user, superuser] = statuses;
        writeln!(table, "{guest}   {user}  {superuser}  {label}").expect("a string grows");
    }
    expect_file!["access.txt"].assert_eq(&table);
}
