//! Contract 1.2.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn access_denied_matrix() {
    let app = TestApp::start().await;
    let collection = |name: &str, rule: serde_json::Value| {
        json!({
            "name": name, "type": "base", "fields": [{ "name": "title", "type": "text" }],
            "listRule": rule, "viewRule": rule, "createRule": rule, "updateRule": rule, "deleteRule": rule,
        })
    };
    for (name, rule) in [("nobody", json!(null)), ("unmet", json!("title = 'never'")), ("open", json!(""))] {
        app.superuser().post("/api/collections", collection(name, rule)).await.ok();
        let record = json!({ "id": "aaaaaaaaaaaaaaa" });
        app.superuser().post(&format!("/api/collections/{name}/records"), record).await.ok();
    }
    for (name, [list, view, create, update, delete]) in [
        ("nobody", [403, 403, 403, 403, 403]),
        ("unmet", [200, 404, 400, 404, 404]),
        ("open", [200, 200, 200, 200, 204]),
        ("missing", [404, 404, 404, 404, 404]),
    ] {
        let guest = app.guest();
        let path = format!("/api/collections/{name}/records");
        let one = format!("{path}/aaaaaaaaaaaaaaa");
        assert_eq!(guest.get(&path).await.status, list, "list {name}");
        assert_eq!(guest.get(&one).await.status, view, "view {name}");
        let created = guest.post(&path, json!({})).await;
        assert_eq!(created.status, create, "create {name}");
        assert_eq!(guest.patch(&one, json!({})).await.status, update, "update {name}");
        assert_eq!(guest.delete(&one).await.status, delete, "delete {name}");
        if name == "unmet" {
            assert_eq!(guest.get(&path).await.ok()["items"], json!([]));
            assert_eq!(created.error(400)["data"], json!({}));
        }
    }
}

#[tokio::test]
async fn field_errors_have_codes() {
    let app = TestApp::start().await;
    app.open_collection("strict", json!([{ "name": "n", "type": "number", "required": true, "min": 3 }])).await;
    let path = "/api/collections/strict/records";
    assert_eq!(app.guest().post(path, json!({})).await.code(400, "n"), "validation_required");
    let reply = app.guest().post(path, json!({ "n": 1 })).await;
    assert_eq!(reply.code(400, "n"), "validation_min_number_constraint");
    assert_eq!(reply.json()["data"]["n"]["params"], json!({ "min": 3 }));
}

#[tokio::test]
async fn nothing_leaks() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    for filter in
        ["(title", "nope = 1", "title = 'a' OR 1=1 --", "title ~ '\u{0}'", "1=1; DROP TABLE notes", "@rowid > 0"]
    {
        let query = [("filter", filter)];
        let request = app.guest().request(reqwest::Method::GET, "/api/collections/notes/records").query(&query);
        let reply = app.guest().send(request).await;
        let text = reply.text.to_lowercase();
        assert!(reply.status < 500, "{filter}: {text}");
        for word in ["select ", "sqlite", "syntax error", "no such column", "src/"] {
            assert!(!text.contains(word), "{filter}: {text}");
        }
    }
}

#[tokio::test]
async fn the_catalogue_knows_what_is_answered() {
    let app = TestApp::start().await;
    let catalogue = app.guest().get("/api/errors").await.ok();
    let codes: Vec<&str> =
        catalogue["codes"].as_array().into_iter().flatten().filter_map(|code| code["code"].as_str()).collect();
    let missing = app.guest().post("/api/collections/users/auth-with-password", json!({})).await;
    let code = missing.code(400, "identity");
    assert!(codes.contains(&code.as_str()), "{code} is not among {codes:?}");
    let not_found = app.guest().get("/api/collections/nothing/records").await.error(404)["status"].clone();
    let statuses = catalogue["statuses"].as_array().into_iter().flatten();
    assert_eq!(statuses.filter(|status| status["status"] == not_found).count(), 1, "{catalogue}");
}
