//! Forged, borrowed and outdated tokens make a guest.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use crate::app::TestApp;

fn claims(token: &str) -> Json {
    serde_json::to_value(jsonwebtoken::dangerous::insecure_decode_claims::<Json>(token).expect("claims")).expect("JSON")
}

fn signed(claims: &Json, algorithm: Algorithm, secret: &[u8]) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).expect("a token")
}

#[tokio::test]
async fn a_token_is_good_for_its_own_record_only() {
    let app = TestApp::start().await;
    let ada = app.ada().await;
    let token = ada.token.clone().expect("a token");
    let own = claims(&token);
    let root = claims(app.superuser().token.as_deref().expect("a token"));
    let signature = token.rsplit('.').next().expect("three parts").to_owned();
    let part = |json: &Json| {
        let unsigned = signed(json, Algorithm::HS256, b"x");
        unsigned.split('.').nth(1).expect("three parts").to_owned()
    };
    let head = |text: &str| url_safe(text.as_bytes());
    let mut raised = own.clone();
    raised["collectionId"] = root["collectionId"].clone();
    let mut other = root.clone();
    other["exp"] = own["exp"].clone();
    let mut later = own.clone();
    later["exp"] = json!(9_999_999_999_i64);
    let mut kind = own.clone();
    kind["type"] = json!("file");
    let start = token.split('.').next().expect("three parts");
    let forged = [
        format!("{start}.{}.{signature}", part(&raised)),
        format!("{start}.{}.{signature}", part(&other)),
        format!("{start}.{}.{signature}", part(&later)),
        format!("{}.{}.", head("{\"alg\":\"none\",\"typ\":\"JWT\"}"), part(&root)),
        format!("{}.{}.{signature}", head("{\"alg\":\"none\"}"), part(&root)),
        signed(&root, Algorithm::HS256, b""),
        signed(&root, Algorithm::HS384, b"x"),
        signed(&kind, Algorithm::HS256, b"x"),
        token[..token.len() - 1].to_owned(),
        format!("{token}.{token}"),
        format!("Basic {token}"),
        format!("Bearer  {token}"),
        "a".repeat(100_000),
        "..".to_owned(),
    ];
    for token in forged {
        let reply = ada.with_token(&token).get("/api/collections").await;
        assert!(matches!(reply.status, 400 | 401 | 431), "{}: {}", &token[..token.len().min(200)], reply.text);
        let refresh = ada.with_token(&token).post("/api/collections/users/auth-refresh", json!({})).await;
        assert!(matches!(refresh.status, 400 | 401 | 431), "{}", refresh.text);
    }
    // A real one does not become another's either: of another collection, or a superuser's.
    ada.post("/api/collections/_superusers/auth-refresh", json!({})).await.error(403);
    ada.get("/api/collections").await.error(403);
    ada.post("/api/collections/users/auth-refresh", json!({})).await.ok();
}

/// base64url without padding.
fn url_safe(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).for_each(|at| text.push(char::from(LETTERS[bits >> (18 - 6 * at) & 63])));
    }
    text
}

#[tokio::test]
async fn superusers_can_be_bound_to_addresses() {
    let app = TestApp::start().await;
    let root = app.superuser().clone();
    root.patch(
        "/api/settings",
        json!({ "trustedProxy": { "headers": ["X-Real-IP"] }, "superuserIPs": ["10.0.0.0/8", "127.0.0.1"] }),
    )
    .await
    .ok();
    root.get("/api/collections").await.ok();
    let from = |address: &str| root.request(reqwest::Method::GET, "/api/collections").header("x-real-ip", address);
    assert_eq!(root.send(from("10.1.2.3")).await.status, 200);
    root.send(from("11.1.2.3")).await.error(403);
    // What the proxy did not write is no address to trust.
    let forwarded = root.request(reqwest::Method::GET, "/api/collections").header("x-forwarded-for", "11.1.2.3");
    assert_eq!(root.send(forwarded).await.status, 200);
    let sign_in = app.guest().request(reqwest::Method::POST, "/api/collections/_superusers/auth-with-password");
    let form = json!({ "identity": crate::app::SUPERUSER_EMAIL, "password": crate::app::PASSWORD });
    app.guest().send(sign_in.header("x-real-ip", "11.1.2.3").json(&form)).await.error(403);
}
