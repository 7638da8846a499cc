//! Contract 2.4.

use serde_json::{Value as Json, json};

use crate::app::TestApp;

/// Authors, posts of them, a note on a post (one each), and a collection that only superusers view.
async fn world() -> TestApp {
    let app = TestApp::start().await;
    let authors = app.open_collection("authors", json!([])).await;
    let closed = json!({ "name": "closed", "type": "base", "fields": [{ "name": "title", "type": "text" }] });
    let closed = app.superuser().post("/api/collections", closed).await.ok();
    let relation = |name: &str, target: &Json, max: usize| json!({ "name": name, "type": "relation", "collectionId": target["id"], "maxSelect": max });
    let fields = json!([relation("author", &authors, 1), relation("also", &authors, 5), relation("shut", &closed, 1)]);
    let posts = app.open_collection("posts", fields).await;
    let model = json!({
        "name": "notes", "type": "base", "viewRule": "@request.context = 'expand' && title != 'secret'",
        "fields": [{ "name": "title", "type": "text" }, relation("post", &posts, 1)],
        "indexes": ["CREATE UNIQUE INDEX `idx_post` ON `notes` (`post`)"],
    });
    app.superuser().post("/api/collections", model).await.ok();
    let create = async |collection: &str, body: Json| {
        app.superuser().post(&format!("/api/collections/{collection}/records"), body).await.ok()
    };
    for number in 0..3 {
        create("authors", json!({ "id": format!("author00000000{number}"), "title": format!("a{number}") })).await;
    }
    create("closed", json!({ "id": "closed000000001" })).await;
    let first = json!({
        "id": "post00000000000", "author": "author000000000", "shut": "closed000000001",
        "also": ["author000000002", "author000000001"],
    });
    create("posts", first).await;
    create("posts", json!({ "id": "post00000000001", "author": "author000000000" })).await;
    create("posts", json!({ "id": "post00000000002" })).await;
    create("notes", json!({ "title": "open", "post": "post00000000000" })).await;
    create("notes", json!({ "title": "secret", "post": "post00000000001" })).await;
    app
}

#[tokio::test]
async fn what_a_guest_gets() {
    let app = world().await;
    let post = async |number: usize, expand: &str, fields: &str| {
        let path = format!("/api/collections/posts/records/post0000000000{number}?expand={expand}&fields={fields}");
        app.guest().get(&path).await.ok()
    };
    for (number, expand, fields, expected) in [
        (0, "author", "expand.author.title", json!({ "expand": { "author": { "title": "a0" } } })),
        (0, "also", "expand.also.title", json!({ "expand": { "also": [{ "title": "a2" }, { "title": "a1" }] } })),
        // A path without data leaves the key; one that fails leaves none, and neither does the step before it.
        (2, "author", "expand", json!({ "expand": {} })),
        (0, "unknown", "expand", json!({})),
        (0, "title", "expand", json!({})),
        (0, "author.unknown", "expand", json!({})),
        (0, "author,author.unknown", "expand", json!({})),
        (
            0,
            "author.unknown,also",
            "expand.also.title",
            json!({ "expand": { "also": [{ "title": "a2" }, { "title": "a1" }] } }),
        ),
        (2, "author.unknown", "expand", json!({ "expand": {} })),
        // Rights: a null rule drops the key, a rule sees its context and hides single records.
        (0, "shut", "expand", json!({})),
        (0, "shut,author", "expand.*,expand.author.title", json!({ "expand": { "author": { "title": "a0" } } })),
        (
            0,
            "notes_via_post",
            "expand.notes_via_post.title",
            json!({ "expand": { "notes_via_post": { "title": "open" } } }),
        ),
        (1, "notes_via_post", "expand", json!({ "expand": {} })),
        (0, "notes(post)", "expand", post(0, "notes(post)", "expand").await),
        (
            0,
            "author.posts_via_author",
            "expand.author.expand.posts_via_author.id",
            json!({ "expand": { "author": { "expand": {
            "posts_via_author": [{ "id": "post00000000000" }, { "id": "post00000000001" }] } } } }),
        ),
    ] {
        assert_eq!(post(number, expand, fields).await, expected, "{number} {expand}");
    }
}

#[tokio::test]
async fn superusers_and_lists() {
    let app = world().await;
    let path = "/api/collections/posts/records?sort=id&expand=shut,notes_via_post&fields=expand.shut.id,expand.notes_via_post.title";
    let page = app.superuser().get(path).await.ok();
    let expected = json!([
        { "expand": { "shut": { "id": "closed000000001" }, "notes_via_post": { "title": "open" } } },
        { "expand": { "notes_via_post": { "title": "secret" } } },
        { "expand": {} },
    ]);
    assert_eq!(page["items"], expected);
    let page = app.guest().get(path).await.ok();
    assert_eq!(page["items"][0]["expand"], json!({ "notes_via_post": { "title": "open" } }));
}

#[tokio::test]
async fn writes_expand_too() {
    let app = world().await;
    let path = "/api/collections/posts/records?expand=author&fields=expand.author.title";
    let created = app.guest().post(path, json!({ "id": "post00000000009", "author": "author000000001" })).await.ok();
    assert_eq!(created, json!({ "expand": { "author": { "title": "a1" } } }));
    let one = "/api/collections/posts/records/post00000000009?expand=author&fields=expand.author.title";
    let updated = app.guest().patch(one, json!({ "author": "author000000002" })).await.ok();
    assert_eq!(updated, json!({ "expand": { "author": { "title": "a2" } } }));
}
