//! Contract 1.5 and 1.8: what becomes of submitted values.

use serde_json::{Value as Json, json};

use crate::app::TestApp;

const PATH: &str = "/api/collections/things/records";

async fn things() -> TestApp {
    let app = TestApp::start().await;
    let model = json!({
        "name": "things", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": [
            { "name": "text", "type": "text", "max": 8 }, { "name": "n", "type": "number" },
            { "name": "yes", "type": "bool" }, { "name": "day", "type": "date" },
            { "name": "one", "type": "select", "values": ["a", "b"], "maxSelect": 1 },
            { "name": "many", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
            { "name": "json", "type": "json" }, { "name": "place", "type": "geoPoint" },
            { "name": "mail", "type": "email" }, { "name": "pin", "type": "password", "min": 3 },
            { "name": "files", "type": "file", "maxSelect": 3 },
            { "name": "slug", "type": "text", "autogeneratePattern": "[a-z]{6}" },
            { "name": "hidden", "type": "text", "hidden": true },
            { "name": "made", "type": "autodate", "onCreate": true },
        ],
    });
    app.superuser().post("/api/collections", model).await.ok();
    app
}

#[tokio::test]
async fn coercions() {
    let app = things().await;
    for (field, input, expected) in [
        ("text", json!(5), json!("5")),
        ("text", json!(true), json!("true")),
        ("text", json!(["a"]), json!("")),
        ("text", json!(null), json!("")),
        ("n", json!("1e1"), json!(10)),
        ("n", json!(" 3"), json!(0)),
        ("n", json!(true), json!(1)),
        ("n", json!([1]), json!(0)),
        ("yes", json!("T"), json!(true)),
        ("yes", json!("yes"), json!(false)),
        ("yes", json!(2), json!(true)),
        ("day", json!("2025-01-02"), json!("2025-01-02 00:00:00.000Z")),
        ("day", json!("2025-01-02T03:04:05+02:00"), json!("2025-01-02 01:04:05.000Z")),
        ("day", json!("never"), json!("")),
        ("day", json!(1735787045), json!("")),
        ("one", json!(["a", "b"]), json!("b")),
        ("many", json!("a"), json!(["a"])),
        ("many", json!(["b", "a", "b"]), json!(["b", "a"])),
        ("many", json!(null), json!([])),
        ("json", json!("{\"a\":1}"), json!({ "a": 1 })),
        ("json", json!("{bad"), json!("{bad")),
        ("json", json!("0012"), json!("0012")),
        ("json", json!(""), json!("")),
        ("json", json!(null), json!(null)),
        ("place", json!("{\"lon\":3,\"lat\":4}"), json!({ "lon": 3, "lat": 4 })),
        ("place", json!("nowhere"), json!({ "lon": 0, "lat": 0 })),
        ("pin", json!("long enough"), json!("")),
        ("made", json!("2000-01-01 00:00:00.000Z"), Json::Null),
    ] {
        let record = app.guest().post(PATH, json!({ field: input })).await.ok();
        match expected {
            Json::Null if field == "made" => assert!(record["made"].as_str().is_some_and(|made| made > "2020")),
            expected => assert_eq!(record[field], expected, "{field} {input}"),
        }
    }
}

#[tokio::test]
async fn codes() {
    let app = things().await;
    for (field, input, code) in [
        ("text", json!("123456789"), "validation_max_text_constraint"),
        ("one", json!("x"), "validation_invalid_value"),
        ("many", json!(["a", "x"]), "validation_invalid_value"),
        ("mail", json!("a@b"), "validation_is_email"),
        ("place", json!({ "lon": 181, "lat": 0 }), "validation_invalid_longitude"),
        ("place", json!({ "lon": 0, "lat": 91 }), "validation_invalid_latitude"),
        ("pin", json!("ab"), "validation_min_text_constraint"),
        ("pin", json!("x".repeat(73)), "validation_invalid_value"),
        ("files", json!(["a.png"]), "validation_invalid_file"),
        ("id", json!("short"), "validation_min_text_constraint"),
        ("id", json!("ABCDEFGHIJKLMNO"), "validation_invalid_format"),
    ] {
        assert_eq!(app.superuser().post(PATH, json!({ field: input })).await.code(400, field), code, "{field} {input}");
    }
    let all = app.guest().post(PATH, json!({ "text": "123456789", "mail": "x", "one": "x" })).await.error(400);
    let fields: Vec<&String> = all["data"].as_object().into_iter().flatten().map(|(field, _)| field).collect();
    assert_eq!(fields.len(), 3, "all errors together: {fields:?}");
}

#[tokio::test]
async fn modifiers() {
    let app = things().await;
    let one = json!({ "id": "thing0000000001", "n": 5, "many": ["a"], "text": "t", "slug": "old" });
    app.guest().post(PATH, one).await.ok();
    let path = format!("{PATH}/thing0000000001");
    for (body, field, expected) in [
        (json!({ "n+": 2 }), "n", json!(7)),
        (json!({ "n-": "3" }), "n", json!(4)),
        (json!({ "n": 1, "n+": 1 }), "n", json!(2)),
        (json!({ "many+": ["b", "a"] }), "many", json!(["a", "b"])),
        (json!({ "+many": "c" }), "many", json!(["c", "a", "b"])),
        (json!({ "many-": ["a", "x"] }), "many", json!(["c", "b"])),
        (json!({ "text+": "x" }), "text", json!("t")),
        (json!({ "hidden": "seen", "made": "" }), "text", json!("t")),
    ] {
        assert_eq!(app.guest().patch(&path, body.clone()).await.ok()[field], expected, "{body}");
    }
    let slug = app.guest().patch(&path, json!({ "slug:autogenerate": "pre-" })).await.ok()["slug"].clone();
    assert!(slug.as_str().is_some_and(|slug| slug.starts_with("pre-") && slug.len() == 10), "{slug}");
    assert_eq!(app.superuser().get(&path).await.ok()["hidden"], "", "what a guest can't see it can't set");
    assert_eq!(
        app.guest().patch(&path, json!({ "id": "thing0000000002" })).await.code(400, "id"),
        "validation_pk_change"
    );
}

#[tokio::test]
async fn forms_of_both_kinds() {
    let app = things().await;
    let form = "application/x-www-form-urlencoded";
    for (body, field, expected) in [
        ("text=007", "text", json!("007")),
        ("n=12", "n", json!(12)),
        ("many=a&many=c", "many", json!(["a", "c"])),
        ("text=plain&@jsonPayload=%7B%22text%22%3A%22json%22%7D", "text", json!("json")),
    ] {
        assert_eq!(app.guest().post_raw(PATH, form, body).await.ok()[field], expected, "{body}");
    }
    let guest = app.guest();
    let parts = reqwest::multipart::Form::new()
        .text("text", "plain")
        .text("n", "1.5")
        .text("@jsonPayload", r#"{"text":"json"}"#);
    let record = guest.send(guest.request(reqwest::Method::POST, PATH).multipart(parts)).await.ok();
    assert_eq!((&record["text"], &record["n"]), (&json!("json"), &json!(1.5)));
}

#[tokio::test]
async fn a_required_json_number_survives_other_changes() {
    let app = TestApp::start().await;
    app.open_collection("facts", json!([{ "name": "value", "type": "json", "required": true }])).await;
    let path = "/api/collections/facts/records";
    for value in [json!(5), json!(-0.5), json!(0), json!(true), json!([0])] {
        let record = app.guest().post(path, json!({ "title": "old", "value": value })).await.ok();
        let path = format!("{path}/{}", record["id"].as_str().expect("an id"));
        let changed = app.guest().patch(&path, json!({ "title": "new" })).await.ok();
        assert_eq!((&changed["value"], &changed["title"]), (&value, &json!("new")), "{value}");
    }
}
