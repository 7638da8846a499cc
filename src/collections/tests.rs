//! The service over a real engine: what a change keeps, refuses and leaves behind.

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use super::Collections;
use crate::clock::Clock;
use crate::error::Error;
use crate::records::ListParams;
use crate::schema::Registry;
use crate::settings::Settings;
use crate::store::{Statement, Store, Value, sqlite};

struct Fixture {
    collections: Collections,
    store: Store,
    _dir: TempDir,
}

async fn open(dir: &std::path::Path) -> (Store, Collections) {
    let store = Store::Sqlite(sqlite::Engine::open(sqlite::Options::for_tests(dir)).unwrap());
    let settings = Settings::open(store.clone()).await.unwrap();
    let collections = Collections::open(store.clone(), Registry::default(), settings, Clock::system()).await.unwrap();
    (store, collections)
}

async fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let (store, collections) = open(dir.path()).await;
    Fixture { collections, store, _dir: dir }
}

fn map(value: Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap()
}

fn codes(error: &Error, path: &str) -> Json {
    error.fields().to_json().pointer(path).cloned().unwrap_or_default()
}

impl Fixture {
    async fn create(&self, model: Json) -> Result<Json, Error> {
        self.collections.create(map(model)).await
    }

    async fn update(&self, name: &str, patch: Json) -> Result<Json, Error> {
        self.collections.update(name, map(patch)).await
    }

    async fn execute(&self, sql: &str) {
        let statement = Statement::new(sql, vec![]);
        let done: Result<u64, Error> = self.store.transaction(async move |tx| Ok(tx.execute(&statement).await?)).await;
        done.unwrap();
    }

    async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let rows = self.store.reader().rows(Statement::new(sql, vec![])).await.unwrap();
        rows.into_iter().map(|row| row.0).collect()
    }
}

fn text(name: &str) -> Json {
    json!({"name": name, "type": "text"})
}

#[tokio::test]
async fn a_fresh_directory_has_the_system_collections_and_keeps_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, collections) = open(dir.path()).await;
    let params = ListParams { sort: "-name".into(), filter: "system = true".into(), ..Default::default() };
    let page = collections.list(&params).await.unwrap();
    let found: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["id"].as_str().unwrap()))
        .collect();
    let expected = [
        ("_superusers", "pbc_3142635823"),
        ("_otps", "pbc_1638494021"),
        ("_mfas", "pbc_2279338944"),
        ("_externalAuths", "pbc_2281828961"),
        ("_authOrigins", "pbc_4275539003"),
    ];
    assert_eq!(found, expected);
    let users = collections.view("users").unwrap();
    assert_eq!(users["id"], "_pb_users_auth_");
    assert_eq!(users["oauth2"]["mappedFields"]["avatarURL"], "avatar");
    assert_eq!(users["authToken"], json!({"duration": 432_000}));
    store.close().await;
    drop((store, collections));
    let (_store, again) = open(dir.path()).await;
    assert_eq!(again.view("users").unwrap(), users);
}

#[tokio::test]
async fn ids_are_those_of_pocketbase() {
    let fixture = fixture().await;
    let model = json!({"name": "posts", "fields": [text("title"), {"name": "n", "type": "number"}],
        "indexes": ["create unique index idx_t on foo (title)"]});
    let made = fixture.create(model).await.unwrap();
    assert_eq!(made["id"], "pbc_1125843985");
    let ids: Vec<_> = made["fields"].as_array().unwrap().iter().map(|field| field["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["text3208210256", "text724990059", "number2013832146"]);
    assert_eq!(made["indexes"], json!(["CREATE UNIQUE INDEX `idx_t` ON `posts` (`title`)"]));
}

#[tokio::test]
async fn changes_keep_the_data() {
    let fixture = fixture().await;
    let select =
        |max: i64| json!({"id": "s1", "name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": max});
    let model = json!({"name": "posts", "fields": [{"id": "t1", "name": "title", "type": "text"}, select(1), text("gone")],
        "indexes": ["create index idx_title on posts (title)"]});
    fixture.create(model).await.unwrap();
    fixture.execute("INSERT INTO posts (id, title, tags) VALUES ('r1', 'one', 'a'), ('r2', 'two', '')").await;
    let patch = json!({"name": "articles", "fields": [{"id": "t1", "name": "heading", "type": "text"}, select(2), {"name": "n", "type": "number"}],
        "indexes": ["create index idx_title on posts (heading)"]});
    let changed = fixture.update("posts", patch).await.unwrap();
    assert_eq!(changed["indexes"], json!(["CREATE INDEX `idx_title` ON `articles` (`heading`)"]));
    let rows = fixture.rows("SELECT heading, tags, n FROM articles ORDER BY id").await;
    assert_eq!(rows[0], [Value::from("one"), Value::from("[\"a\"]"), Value::Int(0)]);
    assert_eq!(rows[1][1], Value::from("[]"));
    fixture.execute("UPDATE articles SET tags = '[\"a\",\"b\"]' WHERE id = 'r1'").await;
    let swap = json!({"fields": [{"id": "t1", "name": "tags", "type": "text"}, {"id": "s1", "name": "heading", "type": "select", "values": ["a"]}], "indexes": []});
    fixture.update("articles", swap).await.unwrap();
    let rows = fixture.rows("SELECT tags, heading FROM articles ORDER BY id").await;
    assert_eq!(rows[0], [Value::from("one"), Value::from("b")]);
}

#[tokio::test]
async fn a_failed_change_leaves_nothing_behind() {
    let fixture = fixture().await;
    fixture.create(json!({"name": "posts", "fields": [text("title")]})).await.unwrap();
    fixture.execute("INSERT INTO posts (id, title) VALUES ('r1', 'x'), ('r2', 'x')").await;
    let before = fixture.collections.view("posts").unwrap();
    let patch = json!({"fields": [text("title"), text("more")], "indexes": ["create unique index u on posts (title)"]});
    let error = fixture.update("posts", patch).await.unwrap_err();
    assert_eq!(codes(&error, "/indexes/0/code"), "validation_invalid_index_expression");
    assert_eq!(fixture.collections.view("posts").unwrap(), before);
    assert_eq!(fixture.rows("SELECT * FROM pragma_table_info('posts')").await.len(), 3);
}

#[tokio::test]
async fn bad_models_are_refused_with_their_codes() {
    let fixture = fixture().await;
    fixture.create(json!({"name": "posts"})).await.unwrap();
    for (model, path, code) in [
        (json!({}), "/name/code", "validation_required"),
        (json!({"name": "a b"}), "/name/code", "validation_match_invalid"),
        (json!({"name": "Posts"}), "/name/code", "validation_collection_name_exists"),
        (json!({"name": "_feed"}), "/name/code", "validation_collection_name_invalid"),
        (json!({"name": "x", "type": "zzz"}), "/type/code", "validation_in_invalid"),
        (json!({"name": "x", "listRule": "zzz = 1"}), "/listRule/code", "validation_invalid_rule"),
        (json!({"name": "x", "indexes": ["bad"]}), "/indexes/0/code", "validation_invalid_index_expression"),
        (json!({"name": "x", "fields": [text("a_via_b")]}), "/fields/1/name/code", "validation_found_via"),
        (
            json!({"name": "x", "fields": [{"name": "r", "type": "relation", "collectionId": "nope"}]}),
            "/fields/1/collectionId/code",
            "validation_field_relation_missing_collection",
        ),
        (
            json!({"name": "x", "type": "auth", "authToken": {"duration": 5}}),
            "/authToken/duration/code",
            "validation_min_greater_equal_than_required",
        ),
        (json!({"name": "x", "type": "view"}), "/viewQuery/code", "validation_required"),
        (
            json!({"name": "x", "type": "view", "viewQuery": "select * from posts"}),
            "/viewQuery/code",
            "validation_invalid_view_query",
        ),
        (
            json!({"name": "x", "type": "view", "viewQuery": "select id, tokenKey from users"}),
            "/viewQuery/code",
            "validation_invalid_view_query",
        ),
        (
            json!({"name": "x", "type": "view", "viewQuery": "select id from posts", "createRule": ""}),
            "/createRule/code",
            "validation_nil",
        ),
    ] {
        let error = fixture.create(model.clone()).await.unwrap_err();
        assert_eq!(codes(&error, path), code, "{model} {:?}", error);
    }
    let system = fixture.update("_superusers", json!({"name": "x", "listRule": ""})).await.unwrap_err();
    assert_eq!(codes(&system, "/name/code"), "validation_collection_system_name_change");
    assert!(fixture.collections.delete("_mfas").await.is_err());
}

#[tokio::test]
async fn a_changed_auth_rule_ends_the_sessions() {
    let fixture = fixture().await;
    let secret = || {
        let schema = fixture.collections.registry.load();
        schema.find("users").unwrap().auth().unwrap().auth_token.secret.clone()
    };
    let first = secret();
    fixture.update("users", json!({"authToken": {"duration": 100}})).await.unwrap();
    assert_eq!(secret(), first);
    fixture.update("users", json!({"authRule": "verified = true"})).await.unwrap();
    assert_ne!(secret(), first);
}

#[tokio::test]
async fn views_follow_their_tables() {
    let fixture = fixture().await;
    fixture.create(json!({"name": "posts", "fields": [text("title"), {"name": "n", "type": "number"}]})).await.unwrap();
    let query = "select p.id, p.title as name, count(p.id) as c, cast(n as text) as s, p.id as post, 1 as x from posts p group by p.id";
    let view = fixture.create(json!({"name": "v", "type": "view", "viewQuery": query})).await.unwrap();
    let types: Vec<_> =
        view["fields"].as_array().unwrap().iter().map(|field| field["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["text", "text", "number", "text", "relation", "json"]);
    let error = fixture.update("posts", json!({"fields": [text("title")]})).await.unwrap_err();
    assert!(error.message().contains("the view v"), "{}", error.message());
    fixture
        .update("posts", json!({"fields": [text("title"), {"name": "n", "type": "number"}, text("z")]}))
        .await
        .unwrap();
    assert_eq!(fixture.collections.view("v").unwrap()["fields"], view["fields"]);
    assert!(fixture.collections.delete("posts").await.is_err());
    fixture.collections.delete("v").await.unwrap();
    fixture.collections.delete("posts").await.unwrap();
}

#[tokio::test]
async fn a_view_may_read_another_but_not_itself() {
    let fixture = fixture().await;
    fixture.create(json!({"name": "posts", "fields": [text("title")]})).await.unwrap();
    let view = |name: &str, query: &str| json!({"name": name, "type": "view", "viewQuery": query});
    fixture.create(view("inner", "select id, title from posts")).await.unwrap();
    fixture
        .create(view("outer", "select i.id, i.title, p.title as same from inner i join posts p on p.id = i.id"))
        .await
        .unwrap();
    let fields = fixture.collections.view("outer").unwrap()["fields"].clone();
    let types: Vec<_> = fields.as_array().unwrap().iter().map(|field| field["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["text", "text", "text"]);
    fixture.update("outer", json!({"viewQuery": "select id, title from inner"})).await.unwrap();
    fixture.update("posts", json!({"fields": [text("title"), text("more")]})).await.unwrap();
    let error = fixture.collections.delete("inner").await.unwrap_err();
    assert!(error.message().contains("the view outer"), "{}", error.message());
    let error = fixture.update("inner", json!({"viewQuery": "select id, title from outer"})).await.unwrap_err();
    assert!(error.message().contains("the view "), "{}", error.message());
    fixture.collections.delete("outer").await.unwrap();
    fixture.collections.delete("inner").await.unwrap();
}

#[tokio::test]
async fn an_import_is_all_or_nothing() {
    let fixture = fixture().await;
    let import = |list: Vec<Json>, missing| fixture.collections.import(list, missing);
    let bad = vec![json!({"name": "a", "fields": [text("x")]}), json!({"name": "b", "listRule": "zz = 1"})];
    let error = import(bad, false).await.unwrap_err();
    assert_eq!(codes(&error, "/collections/code"), "validation_collections_import_failure");
    assert!(fixture.collections.view("a").is_err());
    let relation = json!({"name": "r", "type": "relation", "collectionId": "other_id"});
    import(vec![json!({"name": "a", "fields": [text("x"), relation]}), json!({"id": "other_id", "name": "b"})], false)
        .await
        .unwrap();
    import(vec![json!({"name": "b", "fields": [text("y")]})], false).await.unwrap();
    assert_eq!(fixture.collections.view("b").unwrap()["fields"].as_array().unwrap().len(), 2);
    let users = fixture.collections.view("users").unwrap();
    import(vec![users], true).await.unwrap();
    assert!(fixture.collections.view("a").is_err() && fixture.collections.view("b").is_err());
}
