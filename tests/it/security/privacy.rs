//! Hidden fields, passwords and private e-mail addresses: neither shown, nor to be guessed by filter or sort.

use reqwest::Method;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;

const POSTS: &str = "/api/collections/posts/records";
const USERS: &str = "/api/collections/users/records";

async fn world() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let root = app.superuser();
    root.patch("/api/collections/users", json!({ "listRule": "", "viewRule": "" })).await.ok();
    let ada = app.ada().await;
    for (name, visible) in [("bob", true), ("cyd", false)] {
        let body = json!({
            "id": name.repeat(5), "email": format!("{name}@example.com"), "emailVisibility": visible, "name": name,
            "password": PASSWORD, "passwordConfirm": PASSWORD,
        });
        root.post(USERS, body).await.ok();
    }
    let vault = json!({ "name": "vault", "type": "base", "fields": [{ "name": "title", "type": "text" }] });
    let vault = root.post("/api/collections", vault).await.ok();
    root.post("/api/collections/vault/records", json!({ "id": "vvvvvvvvvvvvvvv", "title": "gold" })).await.ok();
    let fields = json!([
        { "name": "secret", "type": "text", "hidden": true, "autogeneratePattern": "[a-z]{9}" },
        { "name": "hidden_json", "type": "json", "hidden": true },
        { "name": "hidden_owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1, "hidden": true },
        { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
        { "name": "vault", "type": "relation", "collectionId": vault["id"], "maxSelect": 1 },
        { "name": "pin", "type": "password" },
    ]);
    app.open_collection("posts", fields).await;
    let post = json!({
        "id": "ppppppppppppppp", "title": "p", "secret": "s3cret", "hidden_json": { "a": 1 }, "pin": "1234-secret",
        "hidden_owner": "cydcydcydcydcyd", "owner": "cydcydcydcydcyd", "vault": "vvvvvvvvvvvvvvv",
    });
    root.post(POSTS, post).await.ok();
    (app, ada)
}

async fn query(client: &Client, path: &str, name: &str, text: &str) -> crate::client::Reply {
    client.send(client.request(Method::GET, path).query(&[(name, text)])).await
}

#[tokio::test]
async fn what_is_hidden_can_not_be_filtered_or_sorted_by() {
    let (_app, ada) = world().await;
    for filter in [
        "secret = 's3cret'",
        "secret ~ 's'",
        "'s3cret' = secret",
        "secret:lower = 's3cret'",
        "secret:length = 1",
        "hidden_json.a = 1",
        "hidden_owner = 'cydcydcydcydcyd'",
        "hidden_owner.name = 'cyd'",
        "strftime('%Y', secret) = ''",
        "geoDistance(secret, secret, 0, 0) > 0",
        "owner.tokenKey != ''",
        "owner.password ~ 'argon'",
        "owner.posts_via_owner.secret ?= 's3cret'",
        "owner.posts_via_hidden_owner.id != ''",
        "vault.title = 'gold'",
        "pin ~ 'argon2'",
        "pin != ''",
    ] {
        query(&ada, POSTS, "filter", filter).await.error(400);
    }
    for sort in
        ["secret", "-hidden_json.a", "hidden_owner.name", "owner.tokenKey", "owner.password", "vault.title", "pin"]
    {
        query(&ada, POSTS, "sort", sort).await.error(400);
    }
    for filter in ["@collection.vault.title ?= 'gold'", "@request.auth.tokenKey != ''"] {
        query(&ada, POSTS, "filter", filter).await.error(403);
    }
}

#[tokio::test]
async fn private_addresses_can_not_be_guessed() {
    let (_app, ada) = world().await;
    for filter in [
        "email = 'cyd@example.com'",
        "email ?= 'cyd@example.com'",
        "'cyd@example.com' = email",
        "email ~ 'cyd'",
        "email:lower = 'cyd@example.com'",
        "email > 'c'",
        "posts_via_owner.owner.email = 'cyd@example.com'",
        "name = 'cyd' && email != ''",
        "name = 'cyd' && email !~ 'zzz'",
        "name = 'cyd' && email = email",
    ] {
        let found = query(&ada, USERS, "filter", filter).await.ok();
        assert_eq!(found["totalItems"], 0, "{filter}: {found}");
    }
    assert_eq!(query(&ada, POSTS, "filter", "owner.email ~ 'cyd'").await.ok()["totalItems"], 0);
    // Cyd's address lies behind Bob's, yet nothing in the order says so: a private address sorts as an empty one.
    for (sort, last) in [("email", "bob"), ("-email", "cyd"), ("email:lower", "bob")] {
        let items = query(&ada, USERS, "sort", sort).await.ok()["items"].clone();
        assert_eq!(items[2]["name"], last, "{sort}: {items}");
    }
}

#[tokio::test]
async fn every_answer_leaves_the_secrets_out() {
    let (app, ada) = world().await;
    let root = app.superuser();
    let cyd = format!("{USERS}/cydcydcydcydcyd");
    for path in [
        format!("{POSTS}/ppppppppppppppp?expand=owner,hidden_owner,vault,owner.posts_via_hidden_owner"),
        format!("{POSTS}?fields=*,secret,hidden_json,pin&expand=owner"),
        format!("{USERS}?expand=posts_via_owner,posts_via_hidden_owner,posts(hidden_owner)"),
        format!("{cyd}?fields=email,password,tokenKey,id"),
    ] {
        let text = ada.get(&path).await.text;
        for word in ["s3cret", "gold", "cyd@", "argon2", "tokenKey", "hidden_json", "hidden_owner"] {
            assert!(!text.contains(word), "{path}: {text}");
        }
    }
    // Superusers see hidden fields, but no hash, no key and no secret of a collection.
    for path in [POSTS, USERS, "/api/collections", "/api/collections/users", "/api/settings"] {
        let reply = root.get(path).await;
        reply.ok();
        for word in ["argon2", "\"tokenKey\":\"", "\"secret\":\"", "1234-secret"] {
            assert!(!reply.text.contains(word) || (path == POSTS && word == "\"secret\":\""), "{path}: {}", reply.text);
        }
    }
}
