//! Collections and rows that are awkward on purpose.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::pair::Pair;
use crate::app::PASSWORD;

/// Ids and addresses of the auth records; the first two sign in.
pub const PEOPLE: &[(&str, &str)] =
    &[("ada", "ada@example.com"), ("bob", "bob@example.com"), ("cyd", "cyd@example.com"), ("dan", "dan@example.com")];

/// The address of the superuser who asks.
pub const ROOT: &str = "admin@example.com";

/// An id of 15 characters that is easy to read.
pub fn id(name: &str) -> String {
    format!("{name:0<15}")
}

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| id(name)).collect()
}

fn field(name: &str, kind: &str) -> Json {
    json!({ "name": name, "type": kind })
}

fn hidden(name: &str) -> Json {
    json!({ "name": name, "type": "text", "hidden": true })
}

fn select(name: &str, max: u8) -> Json {
    json!({ "name": name, "type": "select", "values": ["a", "b", "c", "A"], "maxSelect": max })
}

fn relation(name: &str, target: &str, max: u16) -> Json {
    json!({ "name": name, "type": "relation", "collectionId": id(target), "maxSelect": max })
}

async fn collection(pair: &Pair, name: &str, kind: &str, list_rule: Json, fields: Json, indexes: Json) {
    let body = json!({ "id": id(name), "name": name, "type": kind, "listRule": list_rule, "viewRule": list_rule, "fields": fields, "indexes": indexes });
    pair.both_do(Method::POST, "/api/collections", &body).await;
}

pub async fn load(pair: &Pair) {
    collections(pair).await;
    people(pair).await;
    tags(pair).await;
    posts(pair).await;
    referrers(pair).await;
}

async fn collections(pair: &Pair) {
    let open = json!("");
    let none = json!([]);
    let people = json!([
        field("name", "text"),
        field("age", "number"),
        hidden("secret"),
        field("pos", "geoPoint"),
        field("meta", "json"),
        select("roles", 3),
        relation("boss", "people", 1),
        relation("friends", "people", 9)
    ]);
    collection(pair, "people", "auth", open.clone(), json!([field("name", "text")]), none.clone()).await;
    // A relation to itself needs the collection first; system fields are kept whether they are sent or not.
    pair.both_do(Method::PATCH, "/api/collections/people", &json!({ "fields": people })).await;
    let tag_fields =
        json!([field("label", "text"), field("weight", "number"), hidden("secret"), field("meta", "json")]);
    collection(pair, "tags", "base", json!("@request.auth.id != ''"), tag_fields, none.clone()).await;
    let fields = json!([
        field("label", "text"),
        field("weight", "number"),
        hidden("secret"),
        field("meta", "json"),
        relation("up", "tags", 1)
    ]);
    pair.both_do(Method::PATCH, "/api/collections/tags", &json!({ "fields": fields })).await;
    collection(pair, "vault", "base", Json::Null, json!([field("label", "text")]), none.clone()).await;
    let fields = json!([
        field("s", "text"),
        field("t", "text"),
        field("n", "number"),
        field("m", "number"),
        field("b", "bool"),
        field("d", "date"),
        field("j", "json"),
        select("c", 1),
        select("cs", 4),
        field("e", "email"),
        field("u", "url"),
        field("g", "geoPoint"),
        hidden("hid"),
        relation("one", "tags", 1),
        relation("many", "tags", 9),
        relation("author", "people", 1),
        relation("readers", "people", 9),
        relation("safe", "vault", 1),
    ]);
    collection(pair, "posts", "base", open.clone(), fields, none.clone()).await;
    let fields = json!([
        field("text", "text"),
        field("votes", "number"),
        relation("post", "posts", 1),
        relation("author", "people", 1),
        select("kinds", 3)
    ]);
    collection(pair, "comments", "base", json!("author = @request.auth.id || votes > 1"), fields, none.clone()).await;
    let fields = json!([field("title", "text"), relation("post", "posts", 1)]);
    collection(
        pair,
        "covers",
        "base",
        open.clone(),
        fields,
        json!(["CREATE UNIQUE INDEX `idx_covers` ON `covers` (`post`)"]),
    )
    .await;
    let fields = json!([
        field("note", "text"),
        field("rank", "number"),
        relation("posts", "posts", 9),
        relation("by", "people", 1)
    ]);
    collection(pair, "mentions", "base", open.clone(), fields, none.clone()).await;
    let fields = json!([
        field("s", "text"),
        field("n", "number"),
        field("b", "bool"),
        field("d", "date"),
        field("j", "json"),
        select("c", 1),
        select("cs", 4),
        relation("one", "tags", 1),
        relation("many", "tags", 9),
        relation("author", "people", 1)
    ]);
    collection(pair, "drafts", "base", open, fields, none).await;
}

async fn row(pair: &Pair, collection: &str, name: &str, mut values: Json) {
    values["id"] = id(name).into();
    pair.both_do(Method::POST, &format!("/api/collections/{collection}/records"), &values).await;
}

async fn people(pair: &Pair) {
    // Its id and address are the same on both, other than those of the superuser that prepares all this.
    let root = json!({ "email": ROOT, "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true });
    row(pair, "_superusers", "root", root).await;
    let extra = [
        json!({ "name": "Ada", "age": 5, "emailVisibility": true, "secret": "a", "pos": { "lon": 23.3, "lat": 42.7 }, "meta": { "a": 1, "tags": ["x", "y"] }, "roles": ["a", "b"] }),
        json!({ "name": "", "age": 0, "emailVisibility": false, "secret": "", "meta": null }),
        json!({ "name": "cyd", "age": 10, "emailVisibility": true, "verified": true, "secret": "b", "meta": "text", "roles": ["c"] }),
        json!({ "name": "É_%", "age": -1.5, "emailVisibility": false, "pos": { "lon": -1, "lat": 2 }, "roles": ["a"] }),
    ];
    for ((name, email), mut values) in PEOPLE.iter().zip(extra) {
        values["email"] = (*email).into();
        values["password"] = PASSWORD.into();
        values["passwordConfirm"] = PASSWORD.into();
        // What a server makes up itself would compare differently on each run.
        values["tokenKey"] = format!("{name:x<40}").into();
        row(pair, "people", name, values).await;
    }
    for (name, boss, friends) in
        [("ada", "bob", &["bob", "cyd"][..]), ("cyd", "ada", &["ada", "dan", "bob"]), ("dan", "dan", &["dan"])]
    {
        let path = format!("/api/collections/people/records/{}", id(name));
        pair.both_do(Method::PATCH, &path, &json!({ "boss": id(boss), "friends": ids(friends) })).await;
    }
}

async fn tags(pair: &Pair) {
    row(pair, "tags", "t1", json!({ "label": "red", "weight": 1, "secret": "a", "meta": { "a": 1 } })).await;
    row(pair, "tags", "t2", json!({ "label": "blue", "weight": 2, "up": id("t1"), "meta": { "a": "1" } })).await;
    row(pair, "tags", "t3", json!({ "label": "", "weight": 0, "up": id("t2"), "meta": [1, "x"] })).await;
    row(pair, "tags", "t4", json!({ "label": "Red", "weight": 5, "up": id("t3"), "meta": null })).await;
    row(pair, "tags", "t5", json!({ "label": "5", "weight": -1.5, "up": id("t4"), "meta": "" })).await;
    row(pair, "vault", "v1", json!({ "label": "gold" })).await;
}

#[rustfmt::skip]
async fn posts(pair: &Pair) {
    let rows = [
        json!({ "s": "", "n": 0 }),
        json!({ "s": "a", "t": "a", "n": 1, "m": 1, "b": true, "d": "2025-01-01 00:00:00.000Z", "one": id("t1"), "many": ids(&["t1"]), "author": id("ada"), "readers": ids(&["ada"]), "c": "a", "cs": ["a"], "j": { "a": 1, "b": [1, 2] }, "hid": "a", "safe": id("v1") }),
        json!({ "s": "A", "t": "b", "n": -1, "m": 1, "b": true, "d": "2025-01-01 12:30:00.500Z", "one": id("t2"), "many": ids(&["t1", "t2"]), "author": id("bob"), "readers": ids(&["bob", "ada"]), "c": "b", "cs": ["a", "b"], "j": { "a": "1", "b": [] } }),
        json!({ "s": "É", "t": "é", "n": 1.5, "d": "1969-12-31 23:59:59.999Z", "one": id("t3"), "many": ids(&["t3"]), "author": id("cyd"), "readers": ids(&["cyd", "dan"]), "cs": ["c"], "j": [1, "x", null] }),
        json!({ "s": "50%_x", "t": "%", "n": 1e15, "m": 1e21, "d": "2099-12-31 00:00:00.000Z", "many": ids(&["t2", "t3"]), "cs": ["a", "b", "c"], "j": null, "readers": ids(&["ada", "bob", "cyd", "dan"]) }),
        json!({ "s": "a'b\"c", "t": "_", "n": 0.1, "m": 0.1, "j": "text", "e": "a@b.co", "one": id("t5"), "c": "A", "cs": ["A", "a"] }),
        json!({ "s": "back\\slash", "t": "\\", "n": 10, "m": 9, "j": "", "u": "https://example.com", "many": ids(&["t4", "t5"]) }),
        json!({ "s": " pad ", "t": " 5", "n": 2, "m": -2, "j": 5, "g": { "lon": 1.5, "lat": -2 }, "author": id("dan") }),
        json!({ "s": "10", "t": "05", "n": 9, "m": 10, "j": true, "g": { "lon": 23.3, "lat": 42.7 }, "author": id("ada"), "b": true }),
        json!({ "s": "9", "t": "9.0", "n": 100, "j": { "a": null, "nested": { "deep": ["x", { "y": "z" }] } }, "one": id("t4"), "many": ids(&["t5", "t4", "t3", "t2", "t1"]) }),
        json!({ "s": "line\nbreak", "t": "1e21", "n": -0.5, "m": 1e21, "j": false, "d": "2025-06-15 00:00:00.000Z" }),
        json!({ "s": "null", "t": "true", "n": 3, "b": true, "j": { "a": true, "b": "" }, "hid": "null" }),
        json!({ "s": "5", "t": "5.0", "n": 5, "m": 5, "j": "5", "c": "c", "cs": ["b"], "author": id("bob"), "readers": ids(&["dan"]) }),
        json!({ "s": "😀", "t": "x", "n": 9_007_199_254_740_992_i64, "m": 123_456.789, "j": [], "one": id("t1"), "many": ids(&["t4"]) }),
        json!({ "s": "[]", "t": "100%", "n": -1e-7, "m": 1e-7, "j": {}, "cs": [], "e": "B@c.de" }),
        json!({ "s": "ab\\%c", "t": "a_b", "n": 1e16, "m": 123_456_789_012.5, "j": "true", "author": id("cyd"), "readers": ids(&["ada", "cyd"]) }),
    ];
    for (number, values) in rows.into_iter().enumerate() {
        row(pair, "posts", &format!("p{number}x"), values).await;
    }
}

async fn referrers(pair: &Pair) {
    let comments = [
        ("p1x", "first", 1, "ada", &["a"][..]),
        ("p1x", "second", 2, "bob", &["a", "b"]),
        ("p2x", "first", 2, "", &[]),
        ("p3x", "", 0, "ada", &["c"]),
        ("p3x", "first", 5, "cyd", &["a"]),
        ("p12x", "A", -1, "dan", &["b"]),
        ("", "lost", 3, "ada", &["b"]),
    ];
    for (number, (post, text, votes, author, kinds)) in comments.into_iter().enumerate() {
        let optional = |name: &str| if name.is_empty() { String::new() } else { id(name) };
        row(
            pair,
            "comments",
            &format!("c{number}x"),
            json!({ "post": optional(post), "text": text, "votes": votes, "author": optional(author), "kinds": kinds }),
        )
        .await;
    }
    for (number, (post, title)) in [("p1x", "one"), ("p2x", ""), ("p5x", "5")].into_iter().enumerate() {
        row(pair, "covers", &format!("o{number}x"), json!({ "post": id(post), "title": title })).await;
    }
    for (number, (posts, note, rank, by)) in [
        (&["p1x", "p2x"][..], "a", 1, "ada"),
        (&["p2x"], "", 0, "bob"),
        (&["p3x", "p4x", "p5x"], "b", 5, "ada"),
        (&[], "none", 2, "cyd"),
    ]
    .into_iter()
    .enumerate()
    {
        row(
            pair,
            "mentions",
            &format!("m{number}x"),
            json!({ "posts": ids(posts), "note": note, "rank": rank, "by": id(by) }),
        )
        .await;
    }
    for name in ["d1x", "d2x"] {
        row(pair, "drafts", name, draft()).await;
    }
}

/// What a draft holds before each update.
pub fn draft() -> Json {
    json!({ "s": "a", "n": 5, "b": true, "d": "2025-01-01 00:00:00.000Z", "j": { "a": 1 }, "c": "a", "cs": ["a", "b"], "one": id("t1"), "many": ids(&["t1", "t2"]), "author": id("ada") })
}
