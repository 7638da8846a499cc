//! Contract 1.2 and 2.2: what each caller may do and see.

use serde_json::{Value as Json, json};

use crate::app::TestApp;
use crate::client::Client;

const PEOPLE: &str = "/api/collections/people/records";

async fn people() -> TestApp {
    let app = TestApp::start().await;
    let model = json!({
        "name": "people", "type": "auth", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "manageRule": "@request.auth.boss = true",
        "fields": [{ "name": "boss", "type": "bool" }, { "name": "secret", "type": "text", "hidden": true }],
    });
    app.superuser().post("/api/collections", model).await.ok();
    for (number, name, boss, shown) in [(0, "ada", true, false), (1, "bob", false, false), (2, "eve", false, true)] {
        let body = json!({
            "id": format!("person00000000{number}"), "email": format!("{name}@example.com"), "boss": boss,
            "emailVisibility": shown, "secret": "s", "password": "long enough", "passwordConfirm": "long enough",
        });
        app.superuser().post(PEOPLE, body).await.ok();
    }
    app
}

async fn signed_in(app: &TestApp, name: &str) -> Client {
    let form = json!({ "identity": format!("{name}@example.com"), "password": "long enough" });
    let body = app.guest().post("/api/collections/people/auth-with-password", form).await.ok();
    app.guest().with_token(body["token"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn addresses_and_hidden_fields() {
    let app = people().await;
    let (ada, bob) = (signed_in(&app, "ada").await, signed_in(&app, "bob").await);
    for (who, client, seen) in [
        ("guest", &app.guest(), [false, false, true]),
        ("bob", &bob, [false, true, true]),
        ("ada, who manages", &ada, [true, true, true]),
        ("superuser", app.superuser(), [true, true, true]),
    ] {
        let page = client.get(&format!("{PEOPLE}?sort=id")).await.ok();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        for (number, (item, seen)) in items.iter().zip(seen).enumerate() {
            assert_eq!(item.get("email").is_some(), seen, "{who} {number}");
            assert_eq!(item.get("secret").is_some(), who == "superuser", "{who} {number}");
            assert!(item.get("password").is_none() && item.get("tokenKey").is_none());
            let one = client.get(&format!("{PEOPLE}/person00000000{number}")).await.ok();
            assert_eq!(&one, item, "{who}");
        }
    }
}

#[tokio::test]
async fn only_managers_change_an_address() {
    let app = people().await;
    let (ada, bob) = (signed_in(&app, "ada").await, signed_in(&app, "bob").await);
    let one = format!("{PEOPLE}/person000000001");
    for (field, value) in [("email", json!("new@example.com")), ("verified", json!(true))] {
        assert_eq!(bob.patch(&one, json!({ field: value })).await.code(400, field), "validation_values_mismatch");
        ada.patch(&one, json!({ field: value })).await.ok();
    }
}

#[tokio::test]
async fn the_access_matrix() {
    let app = TestApp::start().await;
    for (name, rule) in [("shut", Json::Null), ("mine", json!("title = 'mine'")), ("open", json!(""))] {
        let model = json!({
            "name": name, "type": "base", "fields": [{ "name": "title", "type": "text" }],
            "listRule": rule, "viewRule": rule, "createRule": rule, "updateRule": rule, "deleteRule": rule,
        });
        app.superuser().post("/api/collections", model).await.ok();
        let body = json!({ "id": "record000000001", "title": "other" });
        app.superuser().post(&format!("/api/collections/{name}/records"), body).await.ok();
    }
    for (name, expected) in
        [("shut", [403, 403, 403, 403, 403]), ("mine", [200, 404, 400, 404, 404]), ("open", [200, 200, 200, 200, 204])]
    {
        let path = format!("/api/collections/{name}/records");
        let one = format!("{path}/record000000001");
        let guest = app.guest();
        let list = guest.get(&path).await;
        let found = [
            list.status,
            guest.get(&one).await.status,
            guest.post(&path, json!({ "title": "x" })).await.status,
            guest.patch(&one, json!({ "title": "mine" })).await.status,
            guest.delete(&one).await.status,
        ];
        assert_eq!(found, expected, "{name}");
        if name == "mine" {
            assert_eq!(list.json()["totalItems"], 0);
        }
    }
}

#[tokio::test]
async fn picked_fields() {
    let app = TestApp::start().await;
    app.open_collection("pages", json!([{ "name": "html", "type": "editor" }])).await;
    let path = "/api/collections/pages/records";
    let body = json!({ "id": "page00000000001", "title": "t", "html": "<p>Hello <b>wor</b>ld</p><p>Again</p>" });
    app.guest().post(path, body).await.ok();
    for (fields, expected) in [
        ("title,id", json!({ "id": "page00000000001", "title": "t" })),
        ("unknown", json!({})),
        ("html:excerpt(8)", json!({ "html": "Hello wo" })),
        ("html:excerpt(8,true)", json!({ "html": "Hello wo..." })),
        ("*.title", json!({})),
    ] {
        let one = app.guest().get(&format!("{path}/page00000000001?fields={fields}")).await.ok();
        assert_eq!(one, expected, "{fields}");
        let page = app.guest().get(&format!("{path}?fields={fields}")).await.ok();
        assert_eq!((&page["items"], &page["totalItems"]), (&json!([expected]), &json!(1)), "{fields}");
    }
    for fields in ["title:upper", "title:excerpt", "title:excerpt(x)"] {
        app.guest().get(&format!("{path}?fields={fields}")).await.error(400);
    }
}
