//! Names, indexes and view queries that want to be more than that.

use serde_json::json;

use crate::app::TestApp;
use crate::faults::hostile::tells_nothing;

#[tokio::test]
async fn names_are_words() {
    let app = TestApp::start().await;
    for name in ["a\"b", "a b", "a;DROP TABLE users", "a`", "a]", "sqlite_x", "_feed", "_params", "é", "a\0", "@draft"]
    {
        let model = json!({ "name": name, "type": "base", "fields": [] });
        app.superuser().post("/api/collections", model).await.error(400);
        if name.starts_with(['_', 's']) {
            continue;
        }
        let model = json!({ "name": "fine", "type": "base", "fields": [{ "name": name, "type": "text" }] });
        app.superuser().post("/api/collections", model).await.error(400);
    }
}

#[tokio::test]
async fn an_index_is_one_index_on_its_own_collection() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    for index in [
        "CREATE INDEX a ON notes (title); DROP TABLE users",
        "CREATE INDEX a ON notes (title) WHERE 1; DELETE FROM users",
        "CREATE TABLE evil (a)",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM users; END",
        "CREATE INDEX a ON notes ((SELECT tokenKey FROM users))",
        "DROP TABLE users",
        "CREATE INDEX `a` ON notes (title) /*",
        "CREATE INDEX sqlite_a ON notes (title)",
    ] {
        let reply = app.superuser().patch("/api/collections/notes", json!({ "indexes": [index] })).await;
        assert_eq!(reply.status, 400, "{index}: {}", reply.text);
    }
    // One that names another table is put on its own.
    let other = json!({ "indexes": ["CREATE INDEX idx_other ON users (title)"] });
    let notes = app.superuser().patch("/api/collections/notes", other).await.ok();
    assert!(notes["indexes"][0].as_str().expect("a text").contains("`notes`"), "{notes}");
    app.superuser().get("/api/collections/users/records").await.ok();
}

#[tokio::test]
async fn a_view_reads_no_secrets_and_writes_nothing() {
    let app = TestApp::start().await;
    app.ada().await;
    app.superuser()
        .post(
            "/api/collections",
            json!({ "name": "people", "type": "view", "viewQuery": "SELECT id, name FROM users" }),
        )
        .await
        .ok();
    for query in [
        "SELECT id, tokenKey FROM users",
        "SELECT id, password FROM users",
        "SELECT id, substr(password, 1, 9) AS p FROM users",
        "SELECT u.id, (SELECT max(tokenKey) FROM users) AS t FROM users u",
        "SELECT id, (tokenKey) AS t FROM (SELECT id, tokenKey FROM users)",
        "WITH x AS (SELECT * FROM users) SELECT id, tokenKey AS t FROM x",
        "SELECT id, count(*) AS c FROM users WHERE tokenKey > 'a' GROUP BY id",
        "SELECT id FROM users ORDER BY password",
        "SELECT id, options AS o FROM _collections",
        "SELECT id, value FROM _params",
        "SELECT rev AS id, after FROM _feed",
        "SELECT name AS id, sql AS s FROM sqlite_schema",
        "SELECT name AS id FROM pragma_table_info('users')",
        "SELECT id, load_extension('x') AS x FROM users",
        "SELECT id FROM users; DELETE FROM users",
        "DELETE FROM users RETURNING id",
        "INSERT INTO users (id) VALUES ('a') RETURNING id",
        "PRAGMA writable_schema = 1",
        "ATTACH 'x.db' AS x",
        "EXPLAIN SELECT id FROM users",
        "VALUES (1)",
        "SELECT id FROM users WHERE id = ?1",
    ] {
        let model = json!({ "name": "evil", "type": "view", "viewQuery": query });
        app.superuser().post("/api/collections", model).await.error(400);
        app.superuser().post("/api/collections/meta/dry-run-view", json!({ "query": query })).await.error(400);
    }
    assert_eq!(app.superuser().get("/api/collections/users/records").await.ok()["totalItems"], 1);
}

/// The tour of a guest through everything that has a name: nothing leaks through odd ones.
#[tokio::test]
async fn odd_names_in_parameters_tell_nothing() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "j", "type": "json" }])).await;
    for name in
        ["j.a'b", "j.a\"b", "j.$", "j.#", "j[0]", "j->a", "title'", "title\"", "title)", "users.id", "main.notes"]
    {
        for parameter in ["filter", "sort", "expand", "fields"] {
            let text = if parameter == "filter" { format!("{name} = 1") } else { name.to_owned() };
            let guest = app.guest();
            let request =
                guest.request(reqwest::Method::GET, "/api/collections/notes/records").query(&[(parameter, text)]);
            tells_nothing(&guest.send(request).await);
        }
    }
}
