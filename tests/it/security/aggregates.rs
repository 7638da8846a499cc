//! Aggregates and changes by filter as ways around hidden fields, private addresses and rules.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, TestApp};
use crate::client::{Client, Reply};

const USERS: &str = "/api/collections/users";

async fn world() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let root = app.superuser();
    root.patch(USERS, json!({ "listRule": "", "viewRule": "" })).await.ok();
    let ada = app.ada().await;
    for (name, visible) in [("bob", true), ("cyd", false)] {
        let body = json!({
            "id": name.repeat(5), "email": format!("{name}@example.com"), "emailVisibility": visible, "name": name,
            "password": PASSWORD, "passwordConfirm": PASSWORD,
        });
        root.post(&format!("{USERS}/records"), body).await.ok();
    }
    let vault = json!({ "name": "vault", "type": "base", "fields": [{ "name": "title", "type": "text" }] });
    let vault = root.post("/api/collections", vault).await.ok();
    root.post("/api/collections/vault/records", json!({ "id": "vvvvvvvvvvvvvvv", "title": "gold" })).await.ok();
    let club = json!({
        "name": "club", "type": "base", "listRule": "open = true",
        "fields": [{ "name": "title", "type": "text" }, { "name": "open", "type": "bool" }],
    });
    let club = root.post("/api/collections", club).await.ok();
    root.post("/api/collections/club/records", json!({ "id": "ccccccccccccccc", "title": "closed" })).await.ok();
    let fields = json!([
        { "name": "secret", "type": "text", "hidden": true },
        { "name": "wealth", "type": "number", "hidden": true },
        { "name": "born", "type": "date", "hidden": true },
        { "name": "hidden_owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1, "hidden": true },
        { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
        { "name": "vault", "type": "relation", "collectionId": vault["id"], "maxSelect": 1 },
        { "name": "club", "type": "relation", "collectionId": club["id"], "maxSelect": 1 },
        { "name": "pin", "type": "password" },
    ]);
    app.open_collection("posts", fields).await;
    let post = json!({
        "id": "ppppppppppppppp", "title": "p", "secret": "s3cret", "pin": "1234-secret", "wealth": 5,
        "hidden_owner": "cydcydcydcydcyd", "owner": "cydcydcydcydcyd", "vault": "vvvvvvvvvvvvvvv", "club": "ccccccccccccccc",
    });
    root.post("/api/collections/posts/records", post).await.ok();
    (app, ada)
}

async fn ask(client: &Client, collection: &str, query: &[(&str, &str)]) -> Reply {
    let path = format!("/api/collections/{collection}/aggregate");
    client.send(client.request(Method::GET, &path).query(query)).await
}

#[tokio::test]
async fn what_is_hidden_can_not_be_aggregated() {
    let (app, ada) = world().await;
    for path in [
        "secret",
        "secret:lower",
        "wealth",
        "born",
        "hidden_owner",
        "hidden_owner.name",
        "owner.tokenKey",
        "owner.password",
        "vault.title",
        "pin",
        "owner.posts_via_hidden_owner.id",
        "owner.posts_via_owner.secret",
    ] {
        assert_eq!(
            ask(&ada, "posts", &[("group", path)]).await.code(400, "group"),
            "validation_unknown_field",
            "{path}"
        );
        for function in ["countDistinct", "min", "max", "sum", "avg"] {
            let select = format!("{function}({path})");
            let found = ask(&ada, "posts", &[("select", &select)]).await;
            assert_eq!(found.code(400, "select"), "validation_unknown_field", "{select}");
        }
        ask(&ada, "posts", &[("group", &format!("year({path})"))]).await.error(400);
        ask(&ada, "posts", &[("having", &format!("{path} != ''"))]).await.error(400);
        ask(&ada, "posts", &[("sort", path)]).await.error(400);
        ask(&ada, "posts", &[("filter", &format!("{path} != ''"))]).await.error(400);
    }
    // A name that does not exist is refused in the same words.
    let text = |reply: Reply, name: &str| reply.text.replace(name, "NAME");
    let hidden = text(ask(&ada, "posts", &[("group", "secret")]).await, "secret");
    assert_eq!(hidden, text(ask(&ada, "posts", &[("group", "absent")]).await, "absent"));
    // Hashes and keys are for nobody.
    for path in ["password", "tokenKey", "tokenKey:lower"] {
        for query in [[("group", path)], [("select", &*format!("countDistinct({path})"))]] {
            ask(app.superuser(), "users", &query).await.error(400);
        }
    }
    let seen = ask(app.superuser(), "posts", &[("group", "secret"), ("select", "sum(wealth)")]).await.ok();
    assert_eq!(seen["items"], json!([{ "secret": "s3cret", "sum(wealth)": 5 }]));
    for word in ["@request.auth.id", "@collection.vault.title"] {
        for parameter in ["group", "select", "having", "sort", "filter"] {
            ask(&ada, "posts", &[(parameter, word)]).await.error(403);
        }
    }
}

#[tokio::test]
async fn private_addresses_group_as_none() {
    let (app, ada) = world().await;
    let select = ("select", "count(), min(email), max(email), countDistinct(email)");
    let one = ask(&ada, "users", &[select]).await.ok()["items"][0].clone();
    assert_eq!((&one["min(email)"], &one["max(email)"]), (&json!("bob@example.com"), &json!("bob@example.com")));
    assert_eq!((&one["count()"], &one["countDistinct(email)"]), (&json!(3), &json!(1)));
    let groups = ask(&ada, "users", &[("group", "email")]).await.ok()["items"].clone();
    assert_eq!(groups, json!([{ "email": null, "count()": 2 }, { "email": "bob@example.com", "count()": 1 }]));
    for query in [[("group", "owner.email")], [("group", "email:lower")], [("select", "max(owner.email)")]] {
        for collection in ["posts", "users"] {
            assert!(!ask(&ada, collection, &query).await.text.contains("cyd@"), "{query:?}");
        }
    }
    assert_eq!(ask(app.superuser(), "users", &[("group", "email")]).await.ok()["totalItems"], 3);
}

#[tokio::test]
async fn paths_lead_only_to_what_may_be_listed() {
    let (app, ada) = world().await;
    for query in [[("group", "club.title")], [("select", "max(club.title)")], [("group", "club.posts_via_club.title")]]
    {
        assert!(!ask(&ada, "posts", &query).await.text.contains("closed"), "{query:?}");
    }
    // Nor where the rule of the list has gone the same way before.
    app.superuser()
        .patch("/api/collections/posts", json!({ "listRule": "club.open = false && club.id != ''" }))
        .await
        .ok();
    assert_eq!(ask(&ada, "posts", &[]).await.ok()["items"], json!([{ "count()": 1 }]));
    for query in [[("group", "club.title")], [("select", "max(club.title)")]] {
        assert!(!ask(&ada, "posts", &query).await.text.contains("closed"), "{query:?}");
    }
    let list = |filter: &str| ada.request(Method::GET, "/api/collections/posts/records").query(&[("filter", filter)]);
    assert_eq!(ada.send(list("club.title = 'closed'")).await.ok()["totalItems"], 0);
    assert_eq!(
        app.superuser().get("/api/collections/posts/records?filter=club.title='closed'").await.ok()["totalItems"],
        1
    );
}

#[tokio::test]
async fn a_change_by_filter_is_no_way_around_a_rule() {
    let (app, ada) = world().await;
    let send = async |method: Method, path: &str, filter: &str, body: Json| {
        ada.send(ada.request(method, path).query(&[("filter", filter)]).json(&body)).await
    };
    let users = format!("{USERS}/records");
    // The others can be listed, but an account changes and deletes itself only.
    let done = send(Method::PATCH, &users, "id != ''", json!({ "name": "pwned" })).await.ok();
    assert_eq!(done["updated"], 1);
    assert_eq!(app.superuser().get(&format!("{users}?filter=name='pwned'")).await.ok()["totalItems"], 1);
    for filter in ["id != '' || 1 = 1", "name = 'bob'", "email ~ 'bob'"] {
        let done = send(Method::DELETE, &users, &format!("({filter}) && name != 'pwned'"), Json::Null).await;
        assert_eq!(done.ok()["deleted"], 0, "{filter}");
    }
    send(Method::PATCH, "/api/collections/vault/records", "id != ''", json!({ "title": "x" })).await.error(403);
    let posts = "/api/collections/posts/records";
    for filter in [
        "secret = 's3cret'",
        "pin != ''",
        "vault.title = 'gold'",
        "owner.tokenKey != ''",
        "1 = 1); DELETE FROM posts; --",
    ] {
        send(Method::PATCH, posts, filter, json!({ "title": "x" })).await.error(400);
        send(Method::DELETE, posts, filter, Json::Null).await.error(400);
    }
    for filter in ["@request.auth.tokenKey != ''", "@collection.vault.title ?= 'gold'"] {
        send(Method::DELETE, posts, filter, Json::Null).await.error(403);
    }
    let done =
        send(Method::PATCH, posts, "id != ''", json!({ "secret": "x", "wealth+": 1, "hidden_owner": "" })).await.ok();
    assert_eq!(done["updated"], 1);
    let stored = app.superuser().get(&format!("{posts}/ppppppppppppppp")).await.ok();
    assert_eq!((&stored["secret"], &stored["wealth"]), (&json!("s3cret"), &json!(5)));
}
