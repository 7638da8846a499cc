//! Contract 2, one file a promise.

mod aggregate;
mod bulk;
mod cached;
mod contention;
mod cursors;
mod deletes;
mod etag;
mod expand;
mod idempotency;
mod input;
mod lists;
mod ties;
mod visibility;

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn life_of_a_record() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let path = "/api/collections/notes/records";
    let created = guest.post(path, json!({ "title": "a" })).await;
    assert_eq!(created.status, 200);
    assert_eq!(created.header("content-type"), "application/json");
    let record = created.ok();
    assert_eq!((&record["collectionName"], &record["title"]), (&json!("notes"), &json!("a")));
    let one = format!("{path}/{}", record["id"].as_str().unwrap_or_default());
    assert_eq!(guest.get(&one).await.ok(), record);
    assert_eq!(guest.patch(&one, json!({ "title": "b" })).await.ok()["title"], "b");
    assert_eq!(guest.get(&format!("{one}?fields=title")).await.ok(), json!({ "title": "b" }));
    let deleted = guest.delete(&one).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    guest.get(&one).await.error(404);
}

#[tokio::test]
async fn list_parameters() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    let path = "/api/collections/notes/records";
    for title in ["a", "b", "c"] {
        app.guest().post(path, json!({ "title": title })).await.ok();
    }
    let get = async |query: &str| app.guest().get(&format!("{path}?{query}")).await;
    let page = get("perPage=2&sort=-title&fields=title&filter=title%20!=%20'c'").await.ok();
    let expected = json!({
        "items": [{ "title": "b" }, { "title": "a" }],
        "page": 1, "perPage": 2, "totalItems": 2, "totalPages": 1,
    });
    assert_eq!(page, expected);
    let page = get("skipTotal=1&page=2&perPage=2&sort=title&fields=title").await.ok();
    assert_eq!((&page["items"], &page["totalItems"]), (&json!([{ "title": "c" }]), &json!(-1)));
    for (query, items, pages) in [
        ("perPage=4", 3, 1),
        ("perPage=3", 3, 1),
        ("perPage=2&page=2", 1, 2),
        ("perPage=1&page=3", 1, 3),
        ("perPage=3&page=2", 0, 1),
        ("perPage=2&page=9223372036854775807", 0, 2),
        ("perPage=2&page=2&expand=nothing", 1, 2),
    ] {
        let page = get(query).await.ok();
        let shown = (page["items"].as_array().map(Vec::len), &page["totalItems"], &page["totalPages"]);
        assert_eq!(shown, (Some(items), &json!(3), &json!(pages)), "{query}");
    }
    assert_eq!(get("filter=title='z'").await.ok()["totalItems"], 0);
    for query in ["page=x", "skipTotal=maybe", "sort=nothing", "filter=(", "filter=nothing=1"] {
        get(query).await.error(400);
    }
    get("filter=@request.auth.id=''").await.error(403);
}

#[tokio::test]
async fn rules_see_the_request() {
    let app = TestApp::start().await;
    let rule = "@request.headers.x_tenant = 'blue' && @request.query.q = 'yes' && @request.method = 'GET'";
    let model = json!({ "name": "rooms", "type": "base", "listRule": rule, "createRule": "@request.body.n = 5" });
    app.superuser().post("/api/collections", model).await.ok();
    let path = "/api/collections/rooms/records";
    app.guest().post(path, json!({ "n": 5 })).await.ok();
    app.guest().post(path, json!({ "n": 6 })).await.error(400);
    for (tenant, query, expected) in [("blue", "yes", 1), ("red", "yes", 0), ("blue", "no", 0)] {
        let request = app.guest().request(reqwest::Method::GET, &format!("{path}?q={query}"));
        let page = app.guest().send(request.header("X-Tenant", tenant)).await.ok();
        assert_eq!(page["totalItems"], expected, "{tenant} {query}");
    }
}
