//! What an order leaves equal: it comes as it was created, whatever was changed since, so that pages fit together.

use serde_json::{Value as Json, json};

use crate::app::TestApp;
use crate::client::Client;

const COUNT: usize = 14;

async fn titles(guest: &Client, collection: &str, rest: &str) -> Vec<String> {
    let mut found = Vec::new();
    for page in 1..=3 {
        let path = format!("/api/collections/{collection}/records?perPage=5&page={page}{rest}");
        let listed = guest.get(&path).await.ok();
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        found.extend(items.iter().filter_map(|item| item["title"].as_str()).map(str::to_owned));
    }
    found
}

#[tokio::test]
async fn what_is_equal_comes_in_the_order_of_creation() {
    let app = TestApp::start().await;
    let guest = app.guest();
    let kinds =
        json!([{ "name": "kind", "type": "select", "values": ["a", "b"] }, { "name": "stars", "type": "number" }]);
    app.open_collection("notes", kinds).await;
    let view = |name: &str, query: &str| json!({ "name": name, "type": "view", "listRule": "", "viewQuery": query });
    for (name, query) in [
        ("all", "SELECT id, title, kind FROM notes"),
        ("again", "SELECT id, title, kind FROM \"all\" WHERE title != ''"),
        ("backwards", "SELECT id, title FROM notes ORDER BY title DESC"),
        ("counted", "SELECT kind AS id, kind AS title, count(*) AS n FROM notes GROUP BY kind"),
    ] {
        app.superuser().post("/api/collections", view(name, query)).await.ok();
    }
    let mut created = Vec::new();
    let mut ids = Vec::new();
    for number in 0..COUNT {
        let title = format!("{number:02}");
        // Ids that say nothing of the order.
        let id = format!("{:0>15}", (number * 5) % COUNT);
        let note = json!({ "id": id, "title": title, "kind": if number % 2 == 0 { "b" } else { "a" } });
        guest.post("/api/collections/notes/records", note).await.ok();
        created.push(title);
        ids.push(id);
    }
    // A changed row lies elsewhere in the table.
    for id in ids.iter().step_by(3) {
        guest.patch(&format!("/api/collections/notes/records/{id}"), json!({ "stars+": 1 })).await.ok();
    }
    let by_kind: Vec<String> = created.iter().skip(1).step_by(2).chain(created.iter().step_by(2)).cloned().collect();
    for collection in ["notes", "all", "again"] {
        assert_eq!(titles(&guest, collection, "").await, created, "{collection}");
        assert_eq!(titles(&guest, collection, "&sort=kind").await, by_kind, "{collection}");
    }
    let backwards: Vec<String> = created.iter().rev().cloned().collect();
    assert_eq!(titles(&guest, "backwards", "").await, backwards, "a view may have its own order");
    assert_eq!(titles(&guest, "counted", "").await, ["a", "b"]);
    let schema = app.superuser().get("/api/collections/all").await.ok();
    let names: Vec<&Json> = schema["fields"].as_array().into_iter().flatten().map(|field| &field["name"]).collect();
    assert_eq!(names, ["id", "title", "kind"], "what orders the rows is no field");
}
