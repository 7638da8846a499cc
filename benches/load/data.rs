//! The data that every scenario runs on: one schema, the same rules and rows on each server.

use serde_json::{Value, json};

use crate::client::{Connection, request};
use crate::server::{EMAIL, PASSWORD, Server};

pub const USERS: usize = 100;
pub const POSTS: usize = 10_000;
pub const STATUSES: usize = 20;

/// What the scenarios need to know of a prepared server.
pub struct Data {
    pub user_token: String,
    pub user_id: String,
    pub post_ids: Vec<String>,
}

/// Starts every cron of the server.
pub async fn maintain(server: &Server) {
    let mut api = Api::sign_in(server).await;
    for cron in api.call("GET", "/api/crons", None).await.as_array().expect("a list") {
        api.call("POST", &format!("/api/crons/{}", text(&cron["id"])), None).await;
    }
}

pub async fn prepare(server: &Server) -> Data {
    let mut api = Api::sign_in(server).await;
    let rules = json!({ "viewRule": "@request.auth.id != ''", "listRule": "@request.auth.id != ''" });
    api.call("PATCH", "/api/collections/users", Some(rules)).await;
    api.call(
        "PATCH",
        "/api/settings",
        Some(json!({ "batch": { "enabled": true, "maxRequests": 1000, "timeout": 30 } })),
    )
    .await;
    let posts = json!({
        "name": "posts", "type": "base",
        "listRule": "@request.auth.id != ''",
        "viewRule": "author.verified = true && @request.auth.id != ''",
        "createRule": "@request.auth.id != '' && author = @request.auth.id",
        "fields": [
            { "name": "title", "type": "text", "required": true },
            { "name": "body", "type": "text" },
            { "name": "status", "type": "text" },
            { "name": "n", "type": "number" },
            { "name": "author", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
            { "name": "created", "type": "autodate", "onCreate": true },
            { "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true },
        ],
        "indexes": ["CREATE INDEX idx_posts_status ON posts (status, created)"],
    });
    api.call("POST", "/api/collections", Some(posts)).await;

    let users = (0..USERS).map(|number| {
        json!({
            "email": format!("user{number}@example.com"), "name": format!("user {number}"), "verified": true,
            "password": "12345678", "passwordConfirm": "12345678",
        })
    });
    let user_ids = api.create_many("users", users.collect(), 20).await;
    let rows = (0..POSTS).map(|number| post(number, &user_ids[number % USERS]));
    let post_ids = api.create_many("posts", rows.collect(), 500).await;

    let login = json!({ "identity": "user7@example.com", "password": "12345678" });
    let signed_in = api.call("POST", "/api/collections/users/auth-with-password", Some(login)).await;
    Data { user_token: text(&signed_in["token"]), user_id: text(&signed_in["record"]["id"]), post_ids }
}

/// A post of about 300 bytes.
pub fn post(number: usize, author: &str) -> Value {
    json!({
        "title": format!("Post number {number} with a title of common length"),
        "body": "lorem ipsum dolor sit amet ".repeat(8),
        "status": format!("s{}", number % STATUSES),
        "n": number as f64 * 1.5,
        "author": author,
    })
}

struct Api {
    connection: Connection,
    token: String,
}

impl Api {
    async fn sign_in(server: &Server) -> Self {
        let connection = Connection::open(server.port).await.expect("a connection");
        let mut api = Self { connection, token: String::new() };
        let login = json!({ "identity": EMAIL, "password": PASSWORD });
        let signed_in = api.call("POST", "/api/collections/_superusers/auth-with-password", Some(login)).await;
        api.token = text(&signed_in["token"]);
        api
    }

    async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Value {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let answer =
            self.connection.send(&request(method, path, &self.token, bytes.as_deref())).await.expect("an answer");
        let (status, body) = (answer.status, answer.body());
        assert!(status < 300, "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn create_many(&mut self, collection: &str, rows: Vec<Value>, batch: usize) -> Vec<String> {
        let url = format!("/api/collections/{collection}/records");
        let mut ids = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(batch) {
            let requests: Vec<Value> =
                chunk.iter().map(|row| json!({ "method": "POST", "url": url, "body": row })).collect();
            let answers = self.call("POST", "/api/batch", Some(json!({ "requests": requests }))).await;
            ids.extend(answers.as_array().into_iter().flatten().map(|answer| text(&answer["body"]["id"])));
        }
        ids
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
