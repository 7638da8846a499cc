//! Changes and deletions by filter: what they touch, and that they are all or nothing.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, TestApp};
use crate::client::{Client, Reply};

const NOTES: &str = "/api/collections/notes/records";

async fn notes(count: usize) -> TestApp {
    let app = TestApp::start().await;
    let fields = json!([{ "name": "n", "type": "number", "max": 100 }, { "name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2 }]);
    app.open_collection("notes", fields).await;
    for n in 0..count {
        app.guest().post(NOTES, json!({ "id": format!("note{n:011}"), "title": format!("t{n}"), "n": n })).await.ok();
    }
    app
}

async fn send(client: &Client, method: Method, path: &str, query: &[(&str, &str)], body: Json) -> Reply {
    client.send(client.request(method, path).query(query).json(&body)).await
}

async fn change(client: &Client, query: &[(&str, &str)], body: Json) -> Reply {
    send(client, Method::PATCH, NOTES, query, body).await
}

async fn numbers(app: &TestApp) -> Vec<i64> {
    let list = app.superuser().get(&format!("{NOTES}?sort=id&perPage=1000")).await.ok();
    list["items"].as_array().into_iter().flatten().filter_map(|item| item["n"].as_i64()).collect()
}

#[tokio::test]
async fn a_filter_chooses_what_changes() {
    let app = notes(5).await;
    let guest = app.guest();
    let dry = change(&guest, &[("filter", "n >= 3"), ("dryRun", "true")], json!({ "n+": 10 })).await.ok();
    assert_eq!(dry, json!({ "matched": 2 }));
    assert_eq!(numbers(&app).await, [0, 1, 2, 3, 4]);
    let done = change(&guest, &[("filter", "n >= 3")], json!({ "n+": 10, "tags+": "a" })).await.ok();
    assert_eq!(done, json!({ "matched": 2, "updated": 2 }));
    assert_eq!(numbers(&app).await, [0, 1, 2, 13, 14]);
    // What changes does not choose again, though it would match now.
    assert_eq!(change(&guest, &[("filter", "n >= 2 && n < 14")], json!({ "n": 1 })).await.ok()["updated"], 2);
    assert_eq!(change(&guest, &[("filter", "title = 'none'")], json!({ "n": 1 })).await.ok()["updated"], 0);
    let delete = async |query: &[(&str, &str)]| send(&guest, Method::DELETE, NOTES, query, Json::Null).await.ok();
    assert_eq!(delete(&[("filter", "n = 1"), ("dryRun", "1")]).await, json!({ "matched": 3 }));
    assert_eq!(delete(&[("filter", "n = 1")]).await, json!({ "matched": 3, "deleted": 3 }));
    assert_eq!(numbers(&app).await, [0, 14]);
}

#[tokio::test]
async fn all_or_nothing() {
    let app = notes(4).await;
    let guest = app.guest();
    let failed = change(&guest, &[("filter", "id != ''")], json!({ "n+": 98 })).await.error(400);
    let records = failed["data"]["records"].as_object().cloned().unwrap_or_default();
    assert_eq!(records.keys().collect::<Vec<_>>(), ["note00000000003"]);
    let failure = &records["note00000000003"];
    assert_eq!(failure["code"], "bulk_record_failed");
    assert_eq!(failure["response"]["data"]["n"]["code"], "validation_max_number_constraint");
    assert_eq!(numbers(&app).await, [0, 1, 2, 3]);
    let indexes = json!(["CREATE UNIQUE INDEX by_title ON notes (title)"]);
    app.superuser().patch("/api/collections/notes", json!({ "indexes": indexes })).await.ok();
    let failed = change(&guest, &[("filter", "n > 1")], json!({ "title": "same" })).await.error(400);
    assert_eq!(
        failed["data"]["records"]["note00000000003"]["response"]["data"]["title"]["code"],
        "validation_not_unique"
    );
    assert_eq!(app.guest().get(&format!("{NOTES}?filter=title='same'")).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn limits_and_parameters() {
    let app = notes(4).await;
    let guest = app.guest();
    for query in [vec![], vec![("filter", "")]] {
        assert_eq!(change(&guest, &query, json!({})).await.code(400, "filter"), "validation_required");
        let deleted = send(&guest, Method::DELETE, NOTES, &query, Json::Null).await;
        assert_eq!(deleted.code(400, "filter"), "validation_required");
    }
    let all = ("filter", "id != ''");
    let refused = change(&guest, &[all, ("limit", "3")], json!({ "n": 1 })).await;
    assert_eq!(refused.code(400, "filter"), "validation_too_many_matches");
    assert_eq!(refused.json()["data"]["filter"]["params"], json!({ "matched": 4, "limit": 3 }));
    for limit in ["0", "-1", "10001", "x", "1.5"] {
        assert_eq!(
            change(&guest, &[all, ("limit", limit)], json!({})).await.code(400, "limit"),
            "validation_invalid_value"
        );
    }
    assert_eq!(
        change(&guest, &[all, ("dryRun", "x")], json!({})).await.code(400, "dryRun"),
        "validation_invalid_value"
    );
    change(&guest, &[("filter", "nope = 1")], json!({})).await.error(400);
    change(&guest, &[("filter", "n = ")], json!({})).await.error(400);
    let conditional = guest.request(Method::DELETE, NOTES).query(&[all]).header("If-Match", "*");
    guest.send(conditional).await.error(400);
    assert_eq!(numbers(&app).await, [0, 1, 2, 3]);
    let view = json!({ "name": "seen", "type": "view", "listRule": "", "viewQuery": "SELECT id, n FROM notes" });
    app.superuser().post("/api/collections", view).await.ok();
    send(app.superuser(), Method::PATCH, "/api/collections/seen/records", &[all], json!({ "n": 1 })).await.error(400);
    assert_eq!(change(&guest, &[all, ("limit", "4")], json!({ "n": 1 })).await.ok()["updated"], 4);
}

#[tokio::test]
async fn rules_choose_too() {
    let app = notes(6).await;
    let guest = app.guest();
    let rules = async |list: Json, update: Json, delete: Json| {
        let rules = json!({ "listRule": list, "updateRule": update, "deleteRule": delete });
        app.superuser().patch("/api/collections/notes", rules).await.ok();
    };
    let all = [("filter", "id != ''")];
    rules(json!("n > 0"), json!("n < 5 && @request.body.n = 50"), json!("n > 3")).await;
    assert_eq!(change(&guest, &all, json!({ "n": 49 })).await.ok()["matched"], 0);
    assert_eq!(change(&guest, &[all[0], ("dryRun", "1")], json!({ "n": 50 })).await.ok(), json!({ "matched": 4 }));
    assert_eq!(send(&guest, Method::DELETE, NOTES, &all, Json::Null).await.ok(), json!({ "matched": 2, "deleted": 2 }));
    assert_eq!(numbers(&app).await, [0, 1, 2, 3]);
    // A modifier makes another body of each record.
    rules(json!(""), json!("@request.body.n > 2"), Json::Null).await;
    assert_eq!(change(&guest, &[all[0], ("dryRun", "1")], json!({ "n+": 1 })).await.ok(), json!({ "matched": 2 }));
    assert_eq!(change(&guest, &all, json!({ "n+": 1 })).await.ok(), json!({ "matched": 2, "updated": 2 }));
    assert_eq!(numbers(&app).await, [0, 1, 3, 4]);
    send(&guest, Method::DELETE, NOTES, &all, Json::Null).await.error(403);
    rules(Json::Null, json!(""), json!("")).await;
    change(&guest, &all, json!({ "n": 1 })).await.error(403);
    assert_eq!(change(app.superuser(), &all, json!({ "n": 1 })).await.ok()["updated"], 4);
}

#[tokio::test]
async fn cascades_take_along_what_is_chosen_too() {
    let app = TestApp::start().await;
    let tree = app.open_collection("tree", json!([])).await;
    let parent = json!({ "name": "parent", "type": "relation", "collectionId": tree["id"], "maxSelect": 1, "cascadeDelete": true });
    let fields = tree["fields"].as_array().cloned().unwrap_or_default().into_iter().chain([parent]);
    app.superuser().patch("/api/collections/tree", json!({ "fields": fields.collect::<Json>() })).await.ok();
    let path = "/api/collections/tree/records";
    let id = |n: usize| if n == 0 { String::new() } else { format!("node{n:011}") };
    for n in 1..=4 {
        app.guest().post(path, json!({ "id": id(n), "title": "x", "parent": id(n - 1) })).await.ok();
    }
    let done = send(&app.guest(), Method::DELETE, path, &[("filter", "title = 'x'")], Json::Null).await.ok();
    assert_eq!(done, json!({ "matched": 4, "deleted": 4 }));
    assert_eq!(app.guest().get(path).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn accounts() {
    let app = TestApp::start().await;
    let users = "/api/collections/users/records";
    let ada = app.ada().await;
    let bob = json!({ "email": "bob@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "name": "Bob" });
    app.superuser().post(users, bob).await.ok();
    let all = [("filter", "id != ''")];
    // The rules of the default collection: an account sees and changes itself.
    let done = send(&ada, Method::PATCH, users, &all, json!({ "name": "Eve" })).await.ok();
    assert_eq!(done, json!({ "matched": 1, "updated": 1 }));
    let verified = send(&ada, Method::PATCH, users, &all, json!({ "verified": true })).await.error(400);
    assert_eq!(verified["data"]["records"].as_object().map(serde_json::Map::len), Some(1));
    let password = json!({ "password": "another one", "passwordConfirm": "another one", "oldPassword": PASSWORD });
    let refused = send(&ada, Method::PATCH, users, &all, password.clone()).await;
    assert_eq!(refused.code(400, "oldPassword"), "validation_invalid_old_password");
    let password = json!({ "password": "another one", "passwordConfirm": "another one" });
    assert_eq!(send(app.superuser(), Method::PATCH, users, &all, password).await.ok()["updated"], 2);
    for name in ["ada", "bob"] {
        let form = json!({ "identity": format!("{name}@example.com"), "password": "another one" });
        app.guest().post("/api/collections/users/auth-with-password", form).await.ok();
    }
    assert_eq!(ada.get("/api/collections/users/records").await.ok()["totalItems"], 0, "her token ended");
    let superusers = "/api/collections/_superusers/records";
    send(app.superuser(), Method::DELETE, superusers, &all, Json::Null).await.error(400);
}

#[tokio::test]
async fn a_repeat_under_a_key_is_done_once() {
    let app = notes(2).await;
    let guest = app.guest();
    for replayed in ["", "true"] {
        let request =
            guest.request(Method::PATCH, NOTES).query(&[("filter", "n <= 1")]).header("Idempotency-Key", "k1");
        let reply = guest.send(request.json(&json!({ "n+": 1 }))).await;
        assert_eq!(reply.ok(), json!({ "matched": 2, "updated": 2 }));
        assert_eq!(reply.header("idempotency-replayed"), replayed);
    }
    assert_eq!(numbers(&app).await, [1, 2]);
}
