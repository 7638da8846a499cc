//! Contract 2.6, 2.7 and 5.3: how passwords are set, changed, checked and stored.

use std::sync::Arc;

use basalt::schema::Record;
use serde_json::json;

use crate::app::{ADA_EMAIL, PASSWORD, TestApp};

const SIGN_IN: &str = "/api/collections/users/auth-with-password";
const USERS: &str = "/api/collections/users/records";

async fn stored(app: &TestApp) -> Record {
    let users = app.app.registry.load().by_name("users").expect("a default collection").clone();
    let found = app.app.records.find_by(&app.app.store.reader(), &users, "email", ADA_EMAIL).await;
    found.expect("a read").expect("ada")
}

#[tokio::test]
async fn a_bcrypt_hash_is_taken_and_replaced() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let old = bcrypt::hash(PASSWORD, 4).expect("a hash");
    app.app.records.replace_password_hash(&stored(&app).await, old.clone()).await.expect("a write");
    let wrong = json!({ "identity": ADA_EMAIL, "password": "wrong" });
    app.guest().post(SIGN_IN, wrong).await.error(400);
    assert_eq!(stored(&app).await.text("password"), old, "a failed sign-in changes nothing");
    for _ in 0..2 {
        app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.ok();
        assert!(stored(&app).await.text("password").starts_with("$argon2id$"));
    }
    ada.post("/api/collections/users/auth-refresh", json!({})).await.ok();
}

#[tokio::test]
async fn changes_need_the_old_one() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let one = format!("{USERS}/{}", Arc::new(stored(&app).await).id());
    let new = "another one";
    for (body, field, code) in [
        (json!({ "password": new }), "passwordConfirm", "validation_required"),
        (
            json!({ "password": new, "passwordConfirm": "x", "oldPassword": PASSWORD }),
            "passwordConfirm",
            "validation_values_mismatch",
        ),
        (json!({ "password": new, "passwordConfirm": new }), "oldPassword", "validation_required"),
        (
            json!({ "password": new, "passwordConfirm": new, "oldPassword": "x" }),
            "oldPassword",
            "validation_invalid_old_password",
        ),
        (json!({ "password": "" }), "password", "validation_required"),
        (
            json!({ "password": "x", "passwordConfirm": "x", "oldPassword": PASSWORD }),
            "password",
            "validation_min_text_constraint",
        ),
    ] {
        assert_eq!(ada.patch(&one, body.clone()).await.code(400, field), code, "{body}");
    }
    ada.patch(&one, json!({ "name": "unchanged" })).await.ok();
    app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.ok();
    let change = json!({ "password": new, "passwordConfirm": new, "oldPassword": PASSWORD });
    ada.patch(&one, change).await.ok();
    app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.error(400);
    app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": new })).await.ok();
}

#[tokio::test]
async fn sign_up() {
    let app = TestApp::start().await;
    for (body, field, code) in [
        (json!({ "email": "a@example.com" }), "password", "validation_required"),
        (json!({ "email": "a@example.com", "password": PASSWORD }), "passwordConfirm", "validation_required"),
        (
            json!({ "email": "a@example.com", "password": PASSWORD, "passwordConfirm": "x" }),
            "passwordConfirm",
            "validation_values_mismatch",
        ),
        (
            json!({ "email": "a@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true }),
            "verified",
            "validation_values_mismatch",
        ),
        (json!({ "password": PASSWORD, "passwordConfirm": PASSWORD }), "email", "validation_required"),
    ] {
        assert_eq!(app.guest().post(USERS, body.clone()).await.code(400, field), code, "{body}");
    }
    // A form makes a number of digits; a password it stays.
    let digits = json!({ "email": "digits@example.com", "password": 12_345_678, "passwordConfirm": 12_345_678 });
    app.guest().post(USERS, digits).await.ok();
    app.guest().post(SIGN_IN, json!({ "identity": "digits@example.com", "password": "12345678" })).await.ok();
}

#[tokio::test]
async fn a_batch_signs_up_and_changes_passwords() {
    let app = TestApp::start().await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true } })).await.ok();
    let new = "another one";
    let requests = json!([
        { "method": "PUT", "url": USERS, "body": { "id": "person000000001", "email": ADA_EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD } },
        { "method": "PUT", "url": USERS, "body": { "id": "person000000001", "password": new, "passwordConfirm": new } },
    ]);
    app.superuser().post("/api/batch", json!({ "requests": requests })).await.ok();
    let signed_in = app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": new })).await.ok();
    let ada = app.guest().with_token(signed_in["token"].as_str().unwrap_or_default());
    let change = |old: &str| {
        let body = json!({ "password": PASSWORD, "passwordConfirm": PASSWORD, "oldPassword": old });
        json!({ "requests": [{ "method": "PATCH", "url": format!("{USERS}/person000000001"), "body": body }] })
    };
    let failed = ada.post("/api/batch", change("x")).await.error(400);
    let inner = &failed["data"]["requests"]["0"]["response"]["data"]["oldPassword"]["code"];
    assert_eq!(inner, "validation_invalid_old_password");
    ada.post("/api/batch", change(new)).await.ok();
    app.guest().post(SIGN_IN, json!({ "identity": ADA_EMAIL, "password": PASSWORD })).await.ok();
}
