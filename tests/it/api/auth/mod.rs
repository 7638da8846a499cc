//! Contract 5.1 to 5.3.

mod otp;
mod passwords;
mod tokens;

use serde_json::json;

use crate::app::{ADA_EMAIL, PASSWORD, SUPERUSER_EMAIL, TestApp};

#[tokio::test]
async fn sign_in_with_a_password() {
    let app = TestApp::start().await;
    app.ada().await;
    let path = "/api/collections/users/auth-with-password";
    let body = app.guest().post(path, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.ok();
    assert_eq!(body["record"]["email"], ADA_EMAIL);
    assert_eq!(body["record"]["collectionName"], "users");
    assert!(body["record"].get("password").is_none() && body["record"].get("tokenKey").is_none());
    assert_eq!(body["token"].as_str().map(|token| token.split('.').count()), Some(3));
    let fields = format!("{path}?fields=token,record.id");
    let body = app.guest().post(&fields, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.ok();
    assert_eq!(body["record"].as_object().map(|record| record.len()), Some(1));

    for form in [json!({ "identity": ADA_EMAIL, "password": "wrong" }), json!({ "identity": "x", "password": "wrong" })]
    {
        assert_eq!(app.guest().post(path, form).await.error(400)["data"], json!({}));
    }
    let missing = app.guest().post(path, json!({})).await;
    assert_eq!(missing.code(400, "identity"), "validation_required");
    assert_eq!(missing.code(400, "password"), "validation_required");
}

#[tokio::test]
async fn superusers_sign_in_too() {
    let app = TestApp::start().await;
    let form = json!({ "identity": SUPERUSER_EMAIL, "password": PASSWORD });
    let body = app.guest().post("/api/collections/_superusers/auth-with-password", form).await.ok();
    assert_eq!(body["record"]["collectionId"], "pbc_3142635823");
    let token = body["token"].as_str().unwrap_or_default().to_owned();
    app.guest().with_token(&token).get("/api/settings").await.ok();
}

#[tokio::test]
async fn refresh() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let path = "/api/collections/users/auth-refresh";
    let body = ada.post(path, json!({})).await.ok();
    assert_eq!(body["record"]["email"], ADA_EMAIL);
    app.guest().post(path, json!({})).await.error(401);
    app.superuser().post(path, json!({})).await.error(403);
    app.guest().post("/api/collections/nothing/auth-refresh", json!({})).await.error(404);
    ada.post("/api/collections/nothing/auth-refresh", json!({})).await.error(404);
}

#[tokio::test]
async fn impersonate() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let id = ada.post("/api/collections/users/auth-refresh", json!({})).await.ok()["record"]["id"].clone();
    let path = format!("/api/collections/users/impersonate/{}", id.as_str().unwrap_or_default());
    let body = app.superuser().post(&path, json!({ "duration": 60 })).await.ok();
    let token = body["token"].as_str().unwrap_or_default().to_owned();
    let refreshed = app.guest().with_token(&token).post("/api/collections/users/auth-refresh", json!({})).await.ok();
    assert_eq!(refreshed["token"], token.as_str(), "such a token is not renewed");
    ada.post(&path, json!({})).await.error(403);
    app.guest().post(&path, json!({})).await.error(401);
    assert!(!app.superuser().post(&path, json!({ "duration": -1 })).await.code(400, "duration").is_empty());
    app.superuser().post("/api/collections/users/impersonate/nobody", json!({})).await.error(404);
}

#[tokio::test]
async fn methods() {
    let app = TestApp::start().await;
    let body = app.guest().get("/api/collections/users/auth-methods").await.ok();
    assert_eq!(body["password"], json!({ "identityFields": ["email"], "enabled": true }));
    assert_eq!(body["oauth2"]["providers"], json!([]));
    app.open_collection("notes", json!([])).await;
    for name in ["notes", "nothing"] {
        app.guest().get(&format!("/api/collections/{name}/auth-methods")).await.error(404);
        app.guest().post(&format!("/api/collections/{name}/auth-with-password"), json!({})).await.error(404);
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_tokens() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let id = ada.post("/api/collections/users/auth-refresh", json!({})).await.ok()["record"]["id"].clone();
    let path = format!("/api/collections/users/records/{}", id.as_str().unwrap_or_default());
    let change = json!({ "password": "another one", "passwordConfirm": "another one", "oldPassword": PASSWORD });
    ada.patch(&path, change).await.ok();
    ada.post("/api/collections/users/auth-refresh", json!({})).await.error(401);
}

#[tokio::test]
async fn whatever_ends_a_token_ends_it_at_once() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let refresh = "/api/collections/users/auth-refresh";
    let sign_in = async |password: &str| {
        let form = json!({ "identity": ADA_EMAIL, "password": password });
        let body = app.guest().post("/api/collections/users/auth-with-password", form).await.ok();
        app.guest().with_token(body["token"].as_str().unwrap_or_default())
    };
    let first = ada.post(refresh, json!({})).await.ok();
    let record = format!("/api/collections/users/records/{}", first["record"]["id"].as_str().unwrap_or_default());

    app.superuser().patch(&record, json!({ "name": "Ada L." })).await.ok();
    assert_eq!(ada.post(refresh, json!({})).await.ok()["record"]["name"], "Ada L.", "the record is the present one");
    let passwords = json!({ "password": "another-one-1", "passwordConfirm": "another-one-1" });
    app.superuser().patch(&record, passwords).await.ok();
    ada.post(refresh, json!({})).await.error(401);

    let ada = sign_in("another-one-1").await;
    ada.post(refresh, json!({})).await.ok();
    let secret = json!({ "authToken": { "secret": "x".repeat(40), "duration": 600 } });
    app.superuser().patch("/api/collections/users", secret).await.ok();
    ada.post(refresh, json!({})).await.error(401);

    let ada = sign_in("another-one-1").await;
    ada.post(refresh, json!({})).await.ok();
    app.superuser().delete(&record).await;
    ada.post(refresh, json!({})).await.error(401);
}
