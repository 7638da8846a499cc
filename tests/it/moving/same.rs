//! After the move both servers are asked the same, and must answer the same.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::import;
use crate::app::PASSWORD;
use crate::cli::process::{Place, Server};
use crate::client::Client;
use crate::differential::pocketbase::{self, PocketBase};

const ADA: &str = "ada@example.com";

struct Moved {
    pocketbase: PocketBase,
    place: Place,
    server: Server,
    report: Json,
    /// The token of an account, from before the move.
    ada: String,
}

/// An app with everything in it, moved while its server runs.
async fn moved() -> Option<Moved> {
    let Some(binary) = pocketbase::binary() else {
        eprintln!("skipped: no PocketBase binary in $POCKETBASE, the PATH or $BASALT_TEST_CACHE");
        return None;
    };
    let pocketbase = PocketBase::start(&binary).await;
    let ada = fill(&pocketbase.superuser).await;
    let place = Place::new();
    let report = import(&place, &pocketbase.dir().join("data"), &[]);
    let server = place.serve();
    Some(Moved { pocketbase, place, server, report, ada })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_app_answers_as_before() {
    let Some(moved) = moved().await else { return };
    let notes = moved.report["notCarried"].as_array().expect("a list");
    let kinds: Vec<&str> = notes.iter().filter_map(|note| note["kind"].as_str()).collect();
    assert_eq!(kinds, ["settings"], "{}", moved.report);
    let address: SocketAddr = moved.server.url.trim_start_matches("http://").parse().expect("an address");
    let theirs = [None, Some(moved.ada.clone()), moved.pocketbase.superuser.token.clone()];
    let mut differences = Vec::new();
    // Reads, then writes, then the same reads of what was written.
    let reads = reads();
    for (method, path, body) in reads.iter().chain(&writes()).chain(&reads) {
        for (caller, token) in ["guest", "ada", "superuser"].iter().zip(&theirs) {
            let ask = async |client: Client| {
                let mut request = client.request(method.clone(), path);
                if !body.is_null() {
                    request = request.json(body);
                }
                let reply = client.send(request).await;
                (reply.status, comparable(reply.json()))
            };
            let ours = ask(Client::new(address, token.clone())).await;
            let mut client = moved.pocketbase.guest();
            client.token.clone_from(token);
            let other = ask(client).await;
            if ours != other {
                differences.push(format!(
                    "{caller} {method} {path} {body}\n  {} {}\n  {} {}",
                    ours.0, ours.1, other.0, other.1
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    // The password is the old one, too.
    let form = json!({ "identity": ADA, "password": PASSWORD });
    Client::new(address, None).post("/api/collections/users/auth-with-password", form).await.ok();
    let again = moved.place.failure(&["import", "pocketbase", "anywhere"]);
    assert_eq!(again.0, 1, "{}", again.1);
}

/// Without what is told by time or in own words.
fn comparable(mut json: Json) -> Json {
    match &mut json {
        Json::Object(map) => {
            map.shift_remove("message");
            for key in ["updated", "created", "token"] {
                if let Some(value) = map.get_mut(key) {
                    *value = "…".into();
                }
            }
            // Keys are compared, not their order.
            map.sort_keys();
            map.values_mut().for_each(|value| *value = comparable(value.take()));
        }
        Json::Array(list) => list.iter_mut().for_each(|value| *value = comparable(value.take())),
        _ => {}
    }
    json
}

type Ask = (Method, String, Json);

fn reads() -> Vec<Ask> {
    let filters = [
        "",
        "n>1",
        "flag=true",
        "one='a'",
        "many~'b'",
        "many:length>1",
        "json.a.b>0",
        "when>'2024-01-01'",
        "owner.name~'a'",
        "geo.lon>1",
        "title?~'T'",
        "owner!=''",
        "list.title~'t'",
        "email_field!=''",
        "id='r00000000000003'",
        "@request.auth.id!=''",
        "nothing=1",
    ];
    let sorts = ["", "-n", "title", "owner.name,-created", "json", "@rowid"];
    let mut asks = Vec::new();
    for collection in ["things", "closed", "owned", "users", "things_view", "view_of_view", "_externalAuths", "nowhere"]
    {
        for filter in filters {
            asks.push(get(collection, &[("filter", filter), ("sort", "id"), ("expand", "owner,list")]));
        }
        for sort in sorts {
            asks.push(get(collection, &[("sort", sort), ("perPage", "7"), ("page", "2")]));
        }
        for number in 0..12 {
            asks.push((Method::GET, format!("/api/collections/{collection}/records/{}", id(number)), Json::Null));
        }
        asks.push((Method::GET, format!("/api/collections/{collection}"), Json::Null));
    }
    asks.push((Method::GET, "/api/collections/Odd_NAME_9/records".into(), Json::Null));
    asks.push((Method::GET, "/api/collections/users/auth-methods".into(), Json::Null));
    asks.push((Method::GET, "/api/collections?perPage=100&sort=id".into(), Json::Null));
    for collection in ["_superusers", "_authOrigins", "_mfas", "_otps"] {
        asks.push(get(collection, &[("sort", "id")]));
    }
    asks
}

fn get(collection: &str, query: &[(&str, &str)]) -> Ask {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    (Method::GET, format!("/api/collections/{collection}/records?{query}"), Json::Null)
}

fn writes() -> Vec<Ask> {
    let mut asks = Vec::new();
    for collection in ["things", "closed", "owned"] {
        let path = format!("/api/collections/{collection}/records");
        for number in 0..6 {
            let one = format!("{path}/{}", id(number));
            asks.push((Method::PATCH, one.clone(), json!({ "n+": 2, "title": format!("changed {number}") })));
            asks.push((Method::PATCH, one, json!({ "many+": "c", "list-": id(1), "one": "wrong" })));
        }
        for number in 90..94 {
            asks.push((
                Method::POST,
                path.clone(),
                json!({ "id": id(number), "title": format!("new {number}"), "n": number }),
            ));
        }
        asks.push((Method::DELETE, format!("{path}/{}", id(2)), Json::Null));
    }
    asks.push((Method::POST, "/api/collections/users/auth-refresh".into(), Json::Null));
    asks
}

fn id(number: usize) -> String {
    format!("r{number:014}")
}

/// Makes the app. Returns the token of an account.
async fn fill(root: &Client) -> String {
    root.patch("/api/settings", json!({ "meta": { "appName": "Moved" } })).await.ok();
    for name in ["Ada", "Bob"] {
        let email = format!("{}@example.com", name.to_lowercase());
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, "name": name, "id": format!("{}000000000000", name.to_lowercase()) });
        root.post("/api/collections/users/records", body).await.ok();
    }
    let users = root.get("/api/collections/users").await.ok()["id"].as_str().expect("an id").to_owned();
    let fields = json!([
        { "name": "title", "type": "text", "max": 200, "presentable": true },
        { "name": "n", "type": "number" }, { "name": "flag", "type": "bool" },
        { "name": "email_field", "type": "email" }, { "name": "link", "type": "url" },
        { "name": "body", "type": "editor" }, { "name": "when", "type": "date" },
        { "name": "one", "type": "select", "values": ["a", "b", "ü \" ,"], "maxSelect": 1 },
        { "name": "many", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
        { "name": "owner", "type": "relation", "collectionId": users, "maxSelect": 1, "cascadeDelete": true },
        { "name": "json", "type": "json" }, { "name": "geo", "type": "geoPoint" },
        { "name": "secret", "type": "text", "hidden": true },
        { "name": "created", "type": "autodate", "onCreate": true },
        { "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true },
        { "name": "_odd9", "type": "text" },
    ]);
    let own = "owner = @request.auth.id";
    let rules = [("things", Some(""), Some("")), ("closed", None, None), ("owned", Some(own), Some(own))];
    for (name, read, write) in rules {
        let indexes = [
            format!("CREATE INDEX `idx_{name}_n` ON `{name}` (`n`, `title` COLLATE NOCASE DESC)"),
            format!("CREATE UNIQUE INDEX idx_{name}_u ON {name} (`_odd9`) WHERE `_odd9` != ''"),
            format!("CREATE INDEX `idx_{name}_e` ON `{name}` (lower(`title`))"),
        ];
        let model = json!({ "name": name, "type": "base", "fields": fields, "indexes": indexes, "listRule": read,
            "viewRule": read, "createRule": write, "updateRule": write, "deleteRule": write });
        let made = root.post("/api/collections", model).await.ok();
        let mut all = made["fields"].as_array().expect("fields").clone();
        all.push(json!({ "name": "list", "type": "relation", "collectionId": made["id"], "maxSelect": 5 }));
        root.patch(&format!("/api/collections/{name}"), json!({ "fields": all })).await.ok();
        for number in 0..40 {
            root.post(&format!("/api/collections/{name}/records"), record(number)).await.ok();
        }
    }
    let odd = json!({ "name": "Odd_NAME_9", "type": "base", "listRule": "",
        "fields": [{ "name": "id", "type": "text", "primaryKey": true, "required": true, "system": true, "pattern": "^.+$", "max": 40 }] });
    root.post("/api/collections", odd).await.ok();
    for id in ["A-b_c,d", "ünïcode", "x", "ends.with=sign&"] {
        root.post("/api/collections/Odd_NAME_9/records", json!({ "id": id })).await;
    }
    let view = |name: &str, query: &str| json!({ "name": name, "type": "view", "viewQuery": query, "listRule": "", "viewRule": "" });
    root.post(
        "/api/collections",
        view("things_view", "SELECT id, title, n, owner, many, json, (n * 2) AS twice FROM things"),
    )
    .await
    .ok();
    root.post("/api/collections", view("view_of_view", "SELECT id, title, count(id) AS c FROM things_view GROUP BY n"))
        .await
        .ok();
    let form = json!({ "identity": ADA, "password": PASSWORD });
    let mut guest = root.clone();
    guest.token = None;
    let signed_in = guest.post("/api/collections/users/auth-with-password", form).await.ok();
    signed_in["token"].as_str().expect("a token").to_owned()
}

fn record(number: usize) -> Json {
    let values = [
        json!(null),
        json!(12),
        json!(1.5),
        json!("text"),
        json!(true),
        json!({ "a": { "b": number } }),
        json!([1, "x", null]),
        json!("0012"),
        json!(""),
        json!(1e21),
        json!("{bad"),
    ];
    let numbers = [0.0, -1.5, 1e15, 0.1, 123_456_789.0, 1e-7, 7.0];
    let dates = ["", "2024-05-06 07:08:09.123Z", "2023-01-01"];
    let ones = ["", "a", "ü \" ,"];
    let manies = [json!([]), json!(["b"]), json!(["c", "a"])];
    let owners = ["", "ada000000000000", "bob000000000000"];
    json!({
        "id": id(number), "title": format!("Title {} \u{1F600} \"quoted\" <b>", number), "n": numbers[number % 7],
        "flag": number.is_multiple_of(2), "email_field": if number.is_multiple_of(3) { format!("m{number}@example.com") } else { String::new() },
        "link": "https://example.com/?a=b#c", "body": "<p>ä &amp; b</p>\n", "when": dates[number % 3],
        "one": ones[number % 3], "many": manies[number % 3],
        "owner": owners[number % 3], "json": values[number % 11],
        "geo": { "lon": number as f64 / 3.0, "lat": -12.25 }, "secret": "hidden", "_odd9": if number.is_multiple_of(4) { String::new() } else { format!("u{number}") },
        "list": if number > 1 { json!([id(number - 1), id(0)]) } else { json!([]) },
    })
}
