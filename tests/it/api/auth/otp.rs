//! Contract 5.6 and 5.7: one-time passwords, and sign-in with two methods.

use basalt::auth::NewOtp;
use basalt::clock::Clock;
use basalt::schema::SUPERUSERS_ID;
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, SUPERUSER_EMAIL, TestApp};
use crate::client::Reply;

const OTP: &str = "/api/collections/users/auth-with-otp";
const PASSWORDS: &str = "/api/collections/users/auth-with-password";
const START_MS: i64 = 1_790_000_000_000;

/// The default users with one-time passwords, and with whatever else is given.
async fn set(app: &TestApp, options: Json) {
    app.superuser().patch("/api/collections/users", options).await.ok();
}

/// A user with the address `NAME@example.com`; its id.
async fn user(app: &TestApp, name: &str) -> String {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "passwordConfirm": PASSWORD });
    let record = app.superuser().post("/api/collections/users/records", body).await.ok();
    record["id"].as_str().expect("an id").to_owned()
}

async fn code(app: &TestApp, collection: &str, id: &str) -> NewOtp {
    let collection = app.app.registry.load().find(collection).expect("a collection").clone();
    let record = app.app.records.find(&app.app.store.reader(), &collection, id).await.expect("a read");
    app.app.auth.create_otp(&record.expect("a record")).await.expect("a code")
}

/// A code as if it had been sent to this address; its id.
async fn sent(app: &TestApp, user: &str, address: &str) -> String {
    let body =
        json!({ "collectionRef": "_pb_users_auth_", "recordRef": user, "password": "12345678", "sentTo": address });
    let otp = app.superuser().post("/api/collections/_otps/records", body).await.ok();
    otp["id"].as_str().expect("an id").to_owned()
}

async fn sign_in(app: &TestApp, id: &str, code: &str) -> Reply {
    app.guest().post(OTP, json!({ "otpId": id, "password": code })).await
}

async fn with_password(app: &TestApp, name: &str, mfa_id: &str) -> Reply {
    let form = json!({ "identity": format!("{name}@example.com"), "password": PASSWORD, "mfaId": mfa_id });
    app.guest().post(PASSWORDS, form).await
}

/// The id of a first step, whose answer holds nothing else.
#[track_caller]
fn mfa_id(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!((reply.status, body.as_object().map(|body| body.len())), (401, Some(1)), "{}", reply.text);
    body["mfaId"].as_str().expect("an id").to_owned()
}

/// Any length can be set, as in PocketBase; a code has as many digits as a password field can hold.
#[tokio::test]
async fn a_code_of_any_length_lets_in() {
    let app = TestApp::start().await;
    let ada = user(&app, "ada").await;
    for (length, digits) in [(4, 4), (71, 71), (72, 71), (i64::MAX, 71)] {
        set(&app, json!({ "otp": { "enabled": true, "length": length } })).await;
        let otp = code(&app, "users", &ada).await;
        assert_eq!(otp.code.len(), digits);
        sign_in(&app, &otp.id, &otp.code).await.ok();
    }
    let short = json!({ "otp": { "enabled": true, "length": 3 } });
    let short = app.superuser().patch("/api/collections/users", short).await;
    assert_eq!(short.json()["data"]["otp"]["length"]["code"], "validation_min_greater_equal_than_required");
}

#[tokio::test]
async fn a_code_lets_in_once() {
    let app = TestApp::start().await;
    sign_in(&app, "x", "y").await.error(403);
    set(&app, json!({ "otp": { "enabled": true, "length": 6 } })).await;
    app.superuser()
        .post("/api/collections", json!({ "name": "others", "type": "auth", "otp": { "enabled": true } }))
        .await
        .ok();
    let ada = user(&app, "ada").await;
    let otp = code(&app, "users", &ada).await;
    assert!(otp.code.len() == 6 && otp.code.bytes().all(|byte| byte.is_ascii_digit()), "{otp:?}");
    let stored = app.superuser().get(&format!("/api/collections/_otps/records/{}", otp.id)).await.ok();
    assert_eq!((&stored["recordRef"], &stored["password"]), (&json!(ada), &json!("")));

    sign_in(&app, &otp.id, "wrong!").await.error(400);
    sign_in(&app, "nosuchid0000000", &otp.code).await.error(400);
    let form = json!({ "otpId": otp.id, "password": otp.code });
    app.guest().post("/api/collections/others/auth-with-otp", form.clone()).await.error(400);
    app.guest().post("/api/collections/nothing/auth-with-otp", form.clone()).await.error(404);
    app.guest().post("/api/collections/_otps/auth-with-otp", form).await.error(404);
    let answers = futures_util::future::join_all((0..4).map(|_| sign_in(&app, &otp.id, &otp.code))).await;
    let let_in: Vec<&Reply> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(let_in.len(), 1, "{answers:?}");
    let (body, empty) = (let_in[0].json(), app.guest().post(OTP, json!({})).await);
    assert_eq!((&body["record"]["id"], &body["record"]["verified"]), (&json!(ada), &json!(false)));
    let token = body["token"].as_str().unwrap_or_default();
    app.guest().with_token(token).post("/api/collections/users/auth-refresh", json!({})).await.ok();
    assert_eq!(
        (empty.code(400, "otpId"), empty.code(400, "password")),
        ("validation_required".into(), "validation_required".into())
    );
    let long = sign_in(&app, &"x".repeat(256), &"y".repeat(72)).await;
    assert_eq!(long.code(400, "otpId"), "validation_length_out_of_range");
    assert_eq!(long.code(400, "password"), "validation_length_out_of_range");
}

#[tokio::test]
async fn a_code_expires_and_tries_run_out() {
    let clock = Clock::fixed(START_MS);
    let app = TestApp::start_at(&clock).await;
    set(&app, json!({ "otp": { "enabled": true, "duration": 60 } })).await;
    let (ada, bob) = (user(&app, "ada").await, user(&app, "bob").await);
    let old = code(&app, "users", &ada).await;
    clock.set_ms(START_MS + 59_999);
    let late = code(&app, "users", &ada).await;
    clock.set_ms(START_MS + 60_000);
    sign_in(&app, &old.id, &old.code).await.error(400);
    sign_in(&app, &late.id, &late.code).await.ok();

    // Five tries, right or wrong and of whichever code; ids that nobody was given run out like others.
    for _ in 0..4 {
        sign_in(&app, &code(&app, "users", &ada).await.id, "wrong").await.error(400);
    }
    let good = code(&app, "users", &ada).await;
    sign_in(&app, &good.id, &good.code).await.error(429);
    for _ in 0..5 {
        sign_in(&app, "nosuchid0000000", "wrong").await.error(400);
    }
    sign_in(&app, "nosuchid0000000", "wrong").await.error(429);
    let other = code(&app, "users", &bob).await;
    sign_in(&app, &other.id, &other.code).await.ok();
    clock.set_ms(START_MS + 60_000 + 180_000);
    if app.is_postgres() {
        // There windows end by the clock of the database.
        app.database().run("DELETE FROM _counters").await;
    }
    let good = code(&app, "users", &ada).await;
    sign_in(&app, &good.id, &good.code).await.ok();
}

#[tokio::test]
async fn a_code_that_was_sent_proves_the_address() {
    let app = TestApp::start().await;
    set(&app, json!({ "otp": { "enabled": true }, "authRule": "verified = true" })).await;
    let ada = user(&app, "ada").await;
    let foreign = sent(&app, &ada, "other@example.com").await;
    sign_in(&app, &foreign, "12345678").await.error(403);
    let own = sent(&app, &ada, "ada@example.com").await;
    let body = sign_in(&app, &own, "12345678").await.ok();
    assert_eq!(body["record"]["verified"], true);
    // Who set the password before may have been anybody.
    with_password(&app, "ada", "").await.error(400);
    let token = body["token"].as_str().unwrap_or_default();
    app.guest().with_token(token).post("/api/collections/users/auth-refresh", json!({})).await.ok();
}

#[tokio::test]
async fn the_second_method_must_be_another() {
    let clock = Clock::fixed(START_MS);
    let app = TestApp::start_at(&clock).await;
    set(&app, json!({ "otp": { "enabled": true }, "mfa": { "enabled": true, "duration": 120, "rule": "" } })).await;
    let (ada, bob) = (user(&app, "ada").await, user(&app, "bob").await);
    let first = mfa_id(&with_password(&app, "ada", "").await);
    with_password(&app, "ada", &first).await.error(400);
    with_password(&app, "ada", "nosuchid0000000").await.error(400);
    with_password(&app, "bob", &first).await.error(400);
    let second = async |user: &str, mfa_id: &str| {
        let otp = code(&app, "users", user).await;
        app.guest().post(&format!("{OTP}?mfaId={mfa_id}"), json!({ "otpId": otp.id, "password": otp.code })).await
    };
    second(&bob, &first).await.error(400);
    let body = second(&ada, &first).await.ok();
    assert_eq!(body["record"]["id"], ada.as_str());
    second(&ada, &first).await.error(400);

    // The other way round; a password that is a second factor stays when the address is proven.
    let otp = sent(&app, &ada, "ada@example.com").await;
    let first = mfa_id(&sign_in(&app, &otp, "12345678").await);
    let body = with_password(&app, "ada", &first).await.ok();
    assert_eq!(body["record"]["verified"], true);

    let first = mfa_id(&with_password(&app, "bob", "").await);
    clock.set_ms(START_MS + 120_000);
    second(&bob, &first).await.error(400);
}

#[tokio::test]
async fn a_rule_says_who_needs_two() {
    let app = TestApp::start().await;
    app.open_collection("teams", json!([{ "name": "strict", "type": "bool" }])).await;
    let rule = "@request.context = 'password' && @collection.teams.strict ?= true";
    set(&app, json!({ "otp": { "enabled": true }, "mfa": { "enabled": true, "rule": rule } })).await;
    let ada = user(&app, "ada").await;
    with_password(&app, "ada", "").await.ok();
    app.guest().post("/api/collections/teams/records", json!({ "strict": true })).await.ok();
    mfa_id(&with_password(&app, "ada", "").await);
    let otp = code(&app, "users", &ada).await;
    sign_in(&app, &otp.id, &otp.code).await.ok();
    // A rule that no longer means anything asks for both.
    app.superuser().patch("/api/collections/teams", json!({ "name": "groups" })).await.ok();
    mfa_id(&with_password(&app, "ada", "").await);
}

#[tokio::test]
async fn a_new_password_ends_codes_and_first_steps() {
    let app = TestApp::start().await;
    set(&app, json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } })).await;
    let ada = user(&app, "ada").await;
    let path = format!("/api/collections/users/records/{ada}");
    let left = async |name: &str| {
        app.superuser().get(&format!("/api/collections/{name}/records")).await.ok()["totalItems"].as_i64()
    };
    mfa_id(&with_password(&app, "ada", "").await);
    code(&app, "users", &ada).await;
    app.superuser().patch(&path, json!({ "name": "Ada" })).await.ok();
    assert_eq!((left("_otps").await, left("_mfas").await), (Some(1), Some(1)));
    app.superuser().patch(&path, json!({ "email": "ada2@example.com" })).await.ok();
    assert_eq!((left("_otps").await, left("_mfas").await), (Some(0), Some(1)));
    let otp = code(&app, "users", &ada).await;
    app.superuser().patch(&path, json!({ "password": "another one", "passwordConfirm": "another one" })).await.ok();
    assert_eq!((left("_otps").await, left("_mfas").await), (Some(0), Some(0)));
    sign_in(&app, &otp.id, &otp.code).await.error(400);
}

#[tokio::test]
async fn superusers_with_codes_need_both() {
    let app = TestApp::start().await;
    let superusers = app.superuser().patch("/api/collections/_superusers", json!({ "otp": { "enabled": true } })).await;
    assert_eq!(superusers.ok()["mfa"]["enabled"], true);
    let list = app.superuser().get("/api/collections/_superusers/records").await.ok();
    let root = list["items"][0]["id"].as_str().expect("an id");
    let form = json!({ "identity": SUPERUSER_EMAIL, "password": PASSWORD });
    let first = mfa_id(&app.guest().post("/api/collections/_superusers/auth-with-password", form).await);
    let otp = code(&app, SUPERUSERS_ID, root).await;
    let form = json!({ "otpId": otp.id, "password": otp.code, "mfaId": first });
    let body = app.guest().post("/api/collections/_superusers/auth-with-otp", form).await.ok();
    let token = body["token"].as_str().unwrap_or_default();
    app.guest().with_token(token).get("/api/settings").await.ok();
}
