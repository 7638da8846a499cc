//! Ways around the rules: modifiers, hidden keys, batch and upsert, the profile form.

use serde_json::{Value as Json, json};

use crate::app::{ADA_EMAIL, PASSWORD, TestApp};

const USERS: &str = "/api/collections/users/records";

#[tokio::test]
async fn no_spelling_writes_a_hidden_field() {
    let app = TestApp::start().await;
    let fields = json!([
        { "name": "secret", "type": "text", "hidden": true },
        { "name": "rank", "type": "number", "hidden": true },
        { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 2, "hidden": true },
    ]);
    app.open_collection("notes", fields).await;
    let ada = app.ada().await;
    let path = "/api/collections/notes/records";
    let body = json!({
        "secret": "a", "secret+": "b", "+secret": "c", "secret:autogenerate": "d", "SECRET": "e", "rank": 1, "rank+": 2,
        "rank-": 3, "owner": "x", "owner+": ["x"], "+owner": "x", "@rev": 9, "collectionName": "users",
    });
    let id = ada.post(path, body.clone()).await.ok()["id"].clone();
    let one = format!("{path}/{}", id.as_str().expect("an id"));
    ada.patch(&one, body).await.ok();
    let stored = app.superuser().get(&one).await.ok();
    assert_eq!((&stored["secret"], &stored["rank"], &stored["owner"]), (&json!(""), &json!(0), &json!([])));
    assert_eq!(stored["collectionName"], "notes");
}

#[tokio::test]
async fn the_profile_form_gives_no_rights() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let id = app.superuser().get(&format!("{USERS}?filter=name='Ada'")).await.ok()["items"][0]["id"].clone();
    let one = format!("{USERS}/{}", id.as_str().expect("an id"));
    let before = app.superuser().get(&one).await.ok();
    for (body, status) in [
        (json!({ "verified": true }), 400),
        (json!({ "verified": "1" }), 400),
        (json!({ "verified+": 1 }), 200),
        (json!({ "email": "other@example.com" }), 400),
        (json!({ "email": ADA_EMAIL.to_uppercase() }), 400),
        (json!({ "email+": "x" }), 200),
        (json!({ "email:autogenerate": "x@example.com" }), 200),
        (json!({ "tokenKey": "a".repeat(50) }), 200),
        (json!({ "password": "another one", "passwordConfirm": "another one" }), 400),
        (json!({ "password": "another one", "passwordConfirm": "another one", "oldPassword": "wrong" }), 400),
        (json!({ "password:autogenerate": "another one" }), 200),
        (json!({ "+password": "another one" }), 200),
        (json!({ "id": "zzzzzzzzzzzzzzz" }), 400),
    ] {
        assert_eq!(ada.patch(&one, body.clone()).await.status, status, "{body}");
    }
    let after = app.superuser().get(&one).await.ok();
    for field in ["id", "email", "verified"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    let form = json!({ "identity": ADA_EMAIL, "password": PASSWORD });
    app.guest().post("/api/collections/users/auth-with-password", form).await.ok();
    // Signing up can't do it either.
    let body =
        json!({ "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true });
    assert_eq!(app.guest().post(USERS, body).await.code(400, "verified"), "validation_values_mismatch");
}

#[tokio::test]
async fn a_batch_is_no_way_around_a_rule() {
    let app = TestApp::start().await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true } })).await.ok();
    let ada = app.ada().await;
    let body = json!({ "id": "bobbobbobbobbob", "email": "bob@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD });
    app.superuser().post(USERS, body).await.ok();
    let fields = json!([{ "name": "title", "type": "text" }]);
    app.superuser().post("/api/collections", json!({ "name": "vault", "type": "base", "fields": fields })).await.ok();
    let token = app.superuser().token.clone();
    let inner = |method: &str, url: &str, body: Json| json!({ "method": method, "url": url, "body": body });
    for request in [
        inner("PUT", USERS, json!({ "id": "bobbobbobbobbob", "name": "pwned" })),
        inner("PATCH", &format!("{USERS}/bobbobbobbobbob"), json!({ "name": "pwned" })),
        inner("DELETE", &format!("{USERS}/bobbobbobbobbob"), json!({})),
        inner("PUT", "/api/collections/vault/records", json!({ "id": "aaaaaaaaaaaaaaa" })),
        inner("POST", "/api/collections/notes/../vault/records", json!({})),
        inner("POST", "/api/collections", json!({ "name": "x", "type": "base" })),
        inner(
            "POST",
            "/api/collections/_superusers/records",
            json!({ "email": "e@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD }),
        ),
        json!({ "method": "POST", "url": "/api/collections/vault/records", "headers": { "Authorization": token } }),
    ] {
        let reply = ada.post("/api/batch", json!({ "requests": [request] })).await;
        assert_eq!(reply.status, 400, "{request}: {}", reply.text);
    }
    assert_ne!(app.superuser().get(&format!("{USERS}/bobbobbobbobbob")).await.ok()["name"], "pwned");
    assert_eq!(app.superuser().get("/api/collections/vault/records").await.ok()["totalItems"], 0);
}
