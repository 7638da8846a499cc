//! Contract 1.5, as far as a body's form goes.

use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::app::TestApp;

const PATH: &str = "/api/collections/notes/records";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn app() -> TestApp {
    let app = TestApp::start().await;
    let fields = json!([
        { "name": "any", "type": "json" },
        { "name": "n", "type": "number" },
        { "name": "yes", "type": "bool" },
        { "name": "doc", "type": "file", "maxSelect": 3 },
    ]);
    app.open_collection("notes", fields).await;
    app
}

#[tokio::test]
async fn json_bodies() {
    let app = app().await;
    let post = async |body: &[u8]| app.guest().post_raw(PATH, JSON, body.to_vec()).await;
    for body in ["", "null", "{}", r#"{"title":"a"}zzz"#, r#"{"unknown":1}"#] {
        post(body.as_bytes()).await.ok();
    }
    let bad: [&[u8]; 10] = [
        b"  ",
        b"[]",
        b"5",
        b"{",
        br#"{"title":"a","title":"b"}"#,
        br#"{"any":{"a":1,"a":2}}"#,
        b"{\"title\":\"\xff\"}",
        br#"{"title":"\ud800"}"#,
        br#"{"n":1e400}"#,
        b"{\"title\":\"\0\"}",
    ];
    for body in bad {
        let reply = post(body).await;
        assert_eq!(reply.error(400)["data"], json!({}), "{}", String::from_utf8_lossy(body));
    }
    let deep = format!(r#"{{"any":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    post(deep.as_bytes()).await.error(400);
}

#[tokio::test]
async fn content_types() {
    let app = app().await;
    for (content_type, status) in [
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ("text/plain", 400),
        ("application/octet-stream", 400),
        ("text/xml", 400),
        ("multipart/form-data", 400),
        ("", 400),
    ] {
        let reply = app.guest().post_raw(PATH, content_type, r#"{"title":"a"}"#).await;
        assert_eq!(reply.status, status, "{content_type}: {}", reply.text);
    }
    app.guest().post_raw(PATH, "text/plain", "").await.ok();
    app.guest().post_raw(PATH, "", "").await.ok();
}

#[tokio::test]
async fn urlencoded_bodies() {
    let app = app().await;
    let post = async |path: &str, body: &str| app.guest().post_raw(path, FORM, body.to_owned()).await;
    let record = post(PATH, "title=a+b&n=1.5&yes=true&any=1&any=true&any=007").await.ok();
    assert_eq!(record["title"], "a b");
    assert_eq!(record["n"], 1.5);
    assert_eq!(record["yes"], true);
    assert_eq!(record["any"], json!([1, true, "007"]));
    let merged = post(&format!("{PATH}?n=7&fields=n,title"), "title=x").await.ok();
    assert_eq!(merged, json!({ "n": 7, "title": "x" }));
    post(PATH, "title=%zz").await.error(400);
}

fn send_parts(app: &TestApp, form: Form) -> impl Future<Output = crate::client::Reply> {
    let guest = app.guest();
    async move { guest.send(guest.request(reqwest::Method::POST, PATH).multipart(form)).await }
}

#[tokio::test]
async fn multipart_bodies() {
    let app = app().await;
    let form = Form::new()
        .text("title", "plain")
        .text("n", "3")
        .text("@jsonPayload", r#"{"title":"json"}"#)
        .text("@jsonPayload", r#"{"any":{"a":[1]}}"#);
    let record = send_parts(&app, form).await.ok();
    assert_eq!((&record["title"], &record["n"], &record["any"]), (&json!("json"), &json!(3), &json!({ "a": [1] })));
    for payload in ["[1]", "{bad", r#"{"a":1,"a":1}"#, ""] {
        send_parts(&app, Form::new().text("@jsonPayload", payload)).await.error(400);
    }
    let broken = app.guest().post_raw(PATH, "multipart/form-data; boundary=X", "--X\r\ngarbage").await;
    broken.error(400);
}

#[tokio::test]
async fn uploads_are_refused_with_a_reason() {
    let app = app().await;
    let file = || Part::text("bytes").file_name("a.txt");
    let refused = send_parts(&app, Form::new().part("doc", file())).await;
    assert_eq!(refused.code(400, "doc"), "validation_invalid_file");
    let appended = send_parts(&app, Form::new().part("doc+", file())).await;
    assert_eq!(appended.code(400, "doc"), "validation_invalid_file");
    let ignored = send_parts(&app, Form::new().part("unknown", file()).text("title", "kept")).await.ok();
    assert_eq!(ignored["title"], "kept");
}

#[tokio::test]
async fn built_in_forms_take_keys_in_any_case_and_digits_as_text() {
    let app = app().await;
    let user = json!({ "email": "d@example.com", "password": "12345678", "passwordConfirm": "12345678" });
    app.superuser().post("/api/collections/users/records", user).await.ok();
    let path = "/api/collections/users/auth-with-password";
    app.guest().post(path, json!({ "IDENTITY": "d@example.com", "Password": "12345678" })).await.ok();
    app.guest().post_raw(path, FORM, "identity=d@example.com&password=12345678").await.ok();
    app.guest().post(path, json!({ "identity": [], "password": "x" })).await.error(400);
}
