//! What both servers are asked after a move.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::app::{MEMBERS, ODD_IDS, ODD_NAMES, id};

/// A method, a path and a body.
pub type Ask = (Method, String, Json);

pub fn reads() -> Vec<Ask> {
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
        "list.title?~'t'",
        "email_field!=''",
        "id='r00000000000003'",
        "@request.auth.id!=''",
        "nothing=1",
    ];
    let sorts = ["", "-n", "title", "owner.name,-id", "json", "@rowid"];
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
    for name in ODD_NAMES {
        asks.push(get(name, &[]));
        asks.push(get(name, &[("sort", "GROUP,-from"), ("filter", "from>'1'&&rowid='r'")]));
        asks.extend(ODD_IDS.map(|id| (Method::GET, record(name, id), Json::Null)));
    }
    for name in ["documents", "joined", "members", "shared"] {
        asks.push(get(name, &[("sort", "id"), ("filter", "id!='x'")]));
        asks.push((Method::GET, record(name, &id(3)), Json::Null));
        asks.push((Method::GET, format!("/api/collections/{name}"), Json::Null));
    }
    asks.push(get("documents", &[("filter", "pics:length>1||doc~'more'"), ("sort", "-pics")]));
    for member in MEMBERS {
        asks.push((Method::GET, record("members", &format!("{member:0<15}")), Json::Null));
    }
    asks.push((Method::GET, "/api/collections/users/auth-methods".into(), Json::Null));
    asks.push((Method::GET, "/api/collections?perPage=100&sort=id".into(), Json::Null));
    for collection in ["_superusers", "_authOrigins", "_mfas", "_otps"] {
        asks.push(get(collection, &[("sort", "id")]));
    }
    asks
}

/// Each by every caller.
pub fn by_all(asks: &[Ask], callers: usize) -> Vec<(usize, Ask)> {
    asks.iter().flat_map(|ask| (0..callers).map(|caller| (caller, ask.clone()))).collect()
}

pub fn get(collection: &str, query: &[(&str, &str)]) -> Ask {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    (Method::GET, format!("/api/collections/{collection}/records?{query}"), Json::Null)
}

/// `documents` is the list of records with files.
pub fn writes(documents: &Json) -> Vec<Ask> {
    let mut asks = Vec::new();
    for document in documents["items"].as_array().into_iter().flatten() {
        let path = record("documents", document["id"].as_str().unwrap_or_default());
        asks.push((Method::PATCH, path.clone(), json!({ "title": "changed", "pics-": document["pics"][0] })));
        asks.push((Method::PATCH, path.clone(), json!({ "pics": document["pics"], "doc": document["doc"] })));
        asks.push((Method::PATCH, path.clone(), json!({ "doc": "unheard_of.txt" })));
        asks.push((Method::PATCH, path, json!({ "doc": null })));
    }
    for name in ODD_NAMES {
        let one = record(name, ODD_IDS[0]);
        asks.push((Method::PATCH, one.clone(), json!({ "from": "changed", "GROUP": "h", "constraint": "c" })));
        asks.push((Method::DELETE, record(name, ODD_IDS[1]), Json::Null));
    }
    for member in MEMBERS {
        // The manage rule lets Ada set a password without the old one.
        let path = record("members", &format!("{member:0<15}"));
        let body = json!({ "password": "a new password", "passwordConfirm": "a new password" });
        asks.push((Method::PATCH, path.clone(), body));
        asks.push((Method::PATCH, path, json!({ "nick": format!("{member}2"), "verified": false })));
    }
    let batch = json!({ "requests": [
        { "method": "POST", "url": "/api/collections/things/records", "body": { "id": id(80), "n": 1 } },
        { "method": "PATCH", "url": format!("/api/collections/things/records/{}", id(3)), "body": { "n": 2 } },
    ] });
    asks.push((Method::POST, "/api/batch".into(), batch));
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

fn record(collection: &str, id: &str) -> String {
    // Of a path, where a blank is no plus.
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/api/collections/{collection}/records/{}", id.replace('+', "%20"))
}
