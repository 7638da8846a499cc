//! Contract 4.1.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn life_of_a_collection() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    let created = app.open_collection("notes", json!([])).await;
    assert_eq!(created["name"], "notes");
    let id = created["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(superuser.get(&format!("/api/collections/{id}?fields=name")).await.ok(), json!({ "name": "notes" }));
    let patch = json!({ "name": "papers" });
    assert_eq!(superuser.patch("/api/collections/notes", patch).await.ok()["name"], "papers");
    superuser.get("/api/collections/notes").await.error(404);
    let list = superuser.get("/api/collections?fields=name&perPage=1000&sort=-created").await.ok();
    assert!(list["items"].as_array().is_some_and(|items| items.contains(&json!({ "name": "papers" }))), "{list}");
    assert_eq!(superuser.delete("/api/collections/papers").await.status, 204);
    superuser.delete("/api/collections/papers").await.error(404);
}

#[tokio::test]
async fn truncate_and_import() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    app.open_collection("notes", json!([])).await;
    superuser.post("/api/collections/notes/records", json!({ "title": "a" })).await.ok();
    assert_eq!(superuser.delete("/api/collections/notes/truncate").await.status, 204);
    assert_eq!(superuser.get("/api/collections/notes/records").await.ok()["totalItems"], 0);
    superuser.delete("/api/collections/nothing/truncate").await.error(404);
    let collections = json!([{ "name": "imported", "type": "base", "fields": [{ "name": "x", "type": "text" }] }]);
    let reply = superuser.put("/api/collections/import", json!({ "collections": collections })).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    superuser.get("/api/collections/imported").await.ok();
    superuser.put("/api/collections/import", json!({ "collections": "x" })).await.error(400);
    let empty = superuser.put("/api/collections/import", json!({ "collections": [] })).await;
    assert_eq!(empty.code(400, "collections"), "validation_required");
}

#[tokio::test]
async fn scaffolds_and_dry_run() {
    let app = TestApp::start().await;
    let scaffolds = app.superuser().get("/api/collections/meta/scaffolds").await.ok();
    assert_eq!(scaffolds["auth"]["type"], "auth");
    app.open_collection("notes", json!([])).await;
    let query = json!({ "query": "SELECT id, title FROM notes" });
    let view = app.superuser().post("/api/collections/meta/dry-run-view", query).await.ok();
    assert_eq!(view["fields"].as_array().map(Vec::len), Some(2));
    let query = json!({ "query": "DELETE FROM notes" });
    app.superuser().post("/api/collections/meta/dry-run-view", query).await.error(400);
}

/// The code at a path such as `mfa/duration` or `fields/1/name`.
fn code(reply: &crate::client::Reply, path: &str) -> String {
    let body = reply.error(400);
    body["data"].pointer(&format!("/{path}/code")).and_then(|code| code.as_str()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn auth_options_are_checked() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    let required = "validation_required";
    let provider = json!({ "name": "google", "clientId": "a", "clientSecret": "b" });
    for (patch, path, expected) in [
        (json!({ "mfa": { "enabled": true } }), "mfa/enabled", "validation_mfa_not_enough_auths"),
        (json!({ "mfa": { "enabled": true, "duration": 0 }, "otp": { "enabled": true } }), "mfa/duration", required),
        (
            json!({ "otp": { "enabled": true, "duration": 86401 } }),
            "otp/duration",
            "validation_max_less_equal_than_required",
        ),
        (
            json!({ "otp": { "enabled": true, "length": 3 } }),
            "otp/length",
            "validation_min_greater_equal_than_required",
        ),
        (json!({ "otp": { "emailTemplate": { "body": "" } } }), "otp/emailTemplate/body", required),
        (json!({ "verificationTemplate": { "subject": "" } }), "verificationTemplate/subject", required),
        (json!({ "authToken": { "secret": null } }), "authToken/secret", required),
        (json!({ "manageRule": "" }), "manageRule", "validation_nil_or_not_empty_required"),
        (json!({ "passwordAuth": { "identityFields": [""] } }), "passwordAuth/identityFields", required),
        (
            json!({ "passwordAuth": { "identityFields": ["name"] } }),
            "passwordAuth/identityFields",
            "validation_missing_unique_constraint",
        ),
        (json!({ "oauth2": { "enabled": true, "providers": [{}] } }), "oauth2/providers/0/clientId", required),
        (
            json!({ "oauth2": { "enabled": true, "providers": [{ "name": "x" }] } }),
            "oauth2/providers/0/name",
            "validation_missing_provider",
        ),
        (
            json!({ "oauth2": { "enabled": true, "providers": [provider, provider] } }),
            "oauth2/providers/1/name",
            "validation_duplicated_provider",
        ),
    ] {
        let reply = superuser.patch("/api/collections/users", patch.clone()).await;
        assert_eq!(code(&reply, path), expected, "{patch} {}", reply.text);
    }
    let off = json!({ "passwordAuth": { "enabled": false, "identityFields": ["nothing"] }, "mfa": null });
    let users = superuser.patch("/api/collections/users", off).await.ok();
    assert_eq!(users["mfa"], json!({ "enabled": false, "duration": 0, "rule": "" }));
    superuser.patch("/api/collections/users", json!({ "otp": { "length": "x" } })).await.error(400);
    let stored = json!({ "oauth2": { "enabled": true, "providers": [provider] } });
    let users = superuser.patch("/api/collections/users", stored).await.ok();
    let expected = json!({ "pkce": null, "name": "google", "clientId": "a", "authURL": "", "tokenURL": "",
        "userInfoURL": "", "displayName": "", "extra": {} });
    assert_eq!(users["oauth2"]["providers"], json!([expected]));
    let kept = json!({ "oauth2": { "providers": [{ "name": "google", "clientId": "c" }] } });
    superuser.patch("/api/collections/users", kept).await.ok();
}

#[tokio::test]
async fn superusers_keep_their_way_in() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    let patch =
        json!({ "passwordAuth": { "enabled": false }, "otp": { "enabled": true }, "oauth2": { "enabled": true } });
    let changed = superuser.patch("/api/collections/_superusers", patch).await.ok();
    assert_eq!(changed["passwordAuth"]["enabled"], true);
    assert_eq!(changed["oauth2"]["enabled"], false);
    assert_eq!(changed["mfa"]["enabled"], true);
    let rule = superuser.patch("/api/collections/_superusers", json!({ "listRule": "" })).await;
    assert_eq!(code(&rule, "listRule"), "validation_collection_system_rule_change");
    let list = superuser.get("/api/collections/_superusers/records?fields=verified").await.ok();
    assert_eq!(list["items"][0], json!({ "verified": true }));
}

#[tokio::test]
async fn fields_are_completed_and_guarded() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    let text = |name: &str| json!({ "name": name, "type": "text" });
    let model = json!({ "name": "people", "type": "auth", "fields": [text("nick")] });
    let people = superuser.post("/api/collections?fields=fields.name", model).await.ok();
    let names: Vec<&str> =
        people["fields"].as_array().into_iter().flatten().filter_map(|field| field["name"].as_str()).collect();
    assert_eq!(names, ["id", "nick", "password", "tokenKey", "email", "emailVisibility", "verified"]);
    let id = json!({ "name": "id", "type": "text", "max": 40, "hidden": true });
    let named = superuser.post("/api/collections", json!({ "name": "named", "fields": [id] })).await.ok();
    let id = &named["fields"][0];
    assert_eq!(
        (&id["max"], &id["hidden"], &id["pattern"], &id["autogeneratePattern"]),
        (&json!(40), &json!(false), &json!("^[a-z0-9]+$"), &json!(""))
    );
    for (fields, path, expected) in [
        (
            json!([{ "id": "text3208210256", "name": "key", "type": "text" }]),
            "fields",
            "validation_missing_primary_key",
        ),
        (json!([text("a"), text("A")]), "fields/2/name", "validation_duplicated_field_name"),
        (
            json!([text("title"), { "name": "r", "type": "relation", "collectionId": "_pb_users_auth_", "minSelect": 1 }]),
            "fields/2/maxSelect",
            "validation_required",
        ),
    ] {
        let reply = superuser.patch("/api/collections/named", json!({ "fields": fields })).await;
        assert_eq!(code(&reply, path), expected, "{}", reply.text);
    }
    let note = app.open_collection("notes", json!([])).await;
    let mut fields = note["fields"].clone();
    fields[1]["type"] = "number".into();
    let reply = superuser.patch("/api/collections/notes", json!({ "fields": fields })).await;
    assert_eq!(code(&reply, "fields/1"), "validation_field_type_change");
    superuser.patch("/api/collections/notes", json!({ "id": "other" })).await.error(400);
    assert_eq!(superuser.patch("/api/collections/notes", json!({ "type": "" })).await.ok()["type"], "base");
}

#[tokio::test]
async fn indexes_are_spelled_and_checked() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    app.open_collection("notes", json!([])).await;
    let indexes = json!(["create index if not exists i on x ('title' collate nocase desc)"]);
    let notes = superuser.patch("/api/collections/notes", json!({ "indexes": indexes })).await.ok();
    assert_eq!(notes["indexes"][0], "CREATE INDEX IF NOT EXISTS `i` ON `notes` (`title` COLLATE nocase DESC)");
    for statement in ["create index j on notes (\"missing\")", "create index j on notes (title) where missing = 1", "x"]
    {
        let reply = superuser.patch("/api/collections/notes", json!({ "indexes": [statement] })).await;
        assert_eq!(code(&reply, "indexes/0"), "validation_invalid_index_expression", "{statement}");
    }
    let import = json!({ "collections": [{ "name": "notes", "indexes": ["x"] }] });
    let reply = superuser.put("/api/collections/import", import).await;
    assert_eq!(code(&reply, "indexes/0"), "validation_invalid_index_expression");
    let twice = json!({ "collections": [{ "name": "one" }, { "name": "one" }] });
    let reply = superuser.put("/api/collections/import", twice).await;
    assert_eq!(code(&reply, "collections"), "validation_collections_import_failure");
    superuser.get("/api/collections/one").await.error(404);
    superuser.get("/api/collections?skipTotal=perhaps").await.error(400);
}

#[tokio::test]
async fn views_are_checked_and_inferred() {
    let app = TestApp::start().await;
    let superuser = app.superuser();
    app.open_collection("notes", json!([{ "name": "secret", "type": "text", "hidden": true }])).await;
    superuser.post("/api/collections/notes/records", json!({ "title": "a" })).await.ok();
    let dry = |query: &str| {
        let (superuser, query) = (superuser.clone(), query.to_owned());
        async move { superuser.post("/api/collections/meta/dry-run-view", json!({ "query": query })).await }
    };
    let view =
        dry("select id, secret, title || '!' as loud, '' as none, 9007199254740993 as big from notes").await.ok();
    let (sample, fields) = (&view["sample"][0], &view["fields"]);
    assert!(fields[2]["id"].as_str().is_some_and(|id| id.starts_with("json")), "{fields}");
    assert_eq!((&sample["secret"], &sample["loud"]), (&json!(null), &json!("a!")));
    assert_eq!((&sample["none"], &sample["big"]), (&json!(""), &json!(9_007_199_254_740_993_i64)));
    for query in [
        "select null as id",
        "select 'x' as id from notes union all select 'x'",
        "select id, title as expand from notes",
        "select * from notes",
        "select id, tokenKey from users",
    ] {
        dry(query).await.error(400);
        let model = json!({ "name": "v", "type": "view", "viewQuery": query });
        let reply = superuser.post("/api/collections", model).await;
        assert_eq!(code(&reply, "viewQuery"), "validation_invalid_view_query", "{query}");
    }
    // A view whose records give it bad ids later does not stand in the way of other changes.
    let model = json!({ "name": "newest", "type": "view", "viewQuery": "select max(id) as id from notes" });
    superuser.post("/api/collections", model).await.ok();
    assert_eq!(superuser.delete("/api/collections/notes/truncate").await.status, 204);
    superuser.post("/api/collections", json!({ "name": "other" })).await.ok();
    superuser.patch("/api/collections/notes", json!({ "listRule": null })).await.ok();
    assert_eq!(superuser.delete("/api/collections/newest").await.status, 204);
}
