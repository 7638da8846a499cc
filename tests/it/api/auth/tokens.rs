//! Contract 5.1: what a token proves, and what it does not.

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value as Json, json};

use crate::app::TestApp;

const REFRESH: &str = "/api/collections/users/auth-refresh";

fn claims(token: &str) -> Json {
    jsonwebtoken::dangerous::insecure_decode_claims(token).expect("claims")
}

fn signed(claims: &Json, key: &[u8]) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(key)).expect("a token")
}

/// The key of the tokens of this record.
async fn key(app: &TestApp, id: &str) -> Vec<u8> {
    let users = app.app.registry.load().by_name("users").expect("a default collection").clone();
    let record = app.app.records.find(&app.app.store.reader(), &users, id).await.expect("a read").expect("a record");
    let secret = &users.auth().expect("an auth collection").auth_token.secret;
    [record.text("tokenKey"), secret.as_str()].concat().into_bytes()
}

#[tokio::test]
async fn claims_are_those_of_the_contract() {
    let app = TestApp::start().await;
    let token = app.ada().await.token.unwrap_or_default();
    let claims = claims(&token);
    let mut keys: Vec<&String> = claims.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    keys.sort();
    assert_eq!(keys, ["collectionId", "exp", "id", "refreshable", "type"]);
    assert_eq!((&claims["type"], &claims["refreshable"]), (&json!("auth"), &json!(true)));
    assert_eq!(claims["collectionId"], "_pb_users_auth_");
    let key = key(&app, claims["id"].as_str().unwrap_or_default()).await;
    assert_eq!(app.guest().with_token(&signed(&claims, &key)).post(REFRESH, json!({})).await.status, 200);
}

#[tokio::test]
async fn a_changed_token_is_a_guest() {
    let app = TestApp::start().await;
    let token = app.ada().await.token.unwrap_or_default();
    let claims = claims(&token);
    let key = key(&app, claims["id"].as_str().unwrap_or_default()).await;
    let with = |name: &str, value: Json| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    // The payload of one token under the signature of another.
    let forged = |claims: &Json| {
        let other = signed(claims, b"another key");
        let mut parts = other.split('.');
        format!("{}.{}.{signature}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    };
    const NONE: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    const HS512: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9";
    let mut flipped = signature.to_owned();
    flipped.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    for (what, token) in [
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.x")),
        ("another signature", format!("{header}.{payload}.{flipped}")),
        ("no algorithm", format!("{NONE}.{payload}.")),
        ("no algorithm but a signature", format!("{NONE}.{payload}.{signature}")),
        ("another algorithm", format!("{HS512}.{payload}.{signature}")),
        ("another key", signed(&claims, b"another key")),
        ("the secret without the token key", signed(&claims, &key[50..])),
        ("a later end", forged(&with("exp", json!(9_999_999_999_i64)))),
        ("another record", forged(&with("id", json!("aaaaaaaaaaaaaaa")))),
        ("another collection", forged(&with("collectionId", json!("pbc_3142635823")))),
        ("a past end", signed(&with("exp", json!(1_000_000_000)), &key)),
        ("another kind", signed(&with("type", json!("file")), &key)),
        ("a record that is not there", signed(&with("id", json!("aaaaaaaaaaaaaaa")), &key)),
        ("nonsense", "nonsense".to_owned()),
        ("a very long one", format!("{token}{}", "A".repeat(7000))),
    ] {
        assert_eq!(app.guest().with_token(&token).post(REFRESH, json!({})).await.status, 401, "{what}");
    }
}

#[tokio::test]
async fn prefixes() {
    let app = TestApp::start().await;
    let token = app.ada().await.token.unwrap_or_default();
    for (prefix, status) in [
        ("", 200),
        ("Bearer ", 200),
        ("bearer ", 200),
        ("BEARER ", 200),
        ("Bearer  ", 401),
        ("Token ", 401),
        ("Basic ", 401),
    ] {
        let found = app.guest().with_token(&format!("{prefix}{token}")).post(REFRESH, json!({})).await.status;
        assert_eq!(found, status, "{prefix:?}");
    }
}

#[tokio::test]
async fn what_ends_tokens() {
    let app = TestApp::start().await;
    for change in [
        json!({ "email": "ada2@example.com" }),
        json!({ "password": "another one", "passwordConfirm": "another one" }),
        json!({ "tokenKey": "k".repeat(40) }),
    ] {
        let ada = app.ada().await;
        let id = claims(ada.token.as_deref().unwrap_or_default())["id"].as_str().unwrap_or_default().to_owned();
        let one = format!("/api/collections/users/records/{id}");
        app.superuser().patch(&one, json!({ "name": "still good" })).await.ok();
        ada.post(REFRESH, json!({})).await.ok();
        app.superuser().patch(&one, change.clone()).await.ok();
        assert_eq!(ada.post(REFRESH, json!({})).await.status, 401, "{change}");
        app.superuser().delete(&one).await;
    }
    let ada = app.ada().await;
    let id = claims(ada.token.as_deref().unwrap_or_default())["id"].as_str().unwrap_or_default().to_owned();
    app.superuser().delete(&format!("/api/collections/users/records/{id}")).await;
    assert_eq!(ada.post(REFRESH, json!({})).await.status, 401, "a deleted record");
}
