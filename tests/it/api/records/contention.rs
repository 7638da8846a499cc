//! Many callers at the same record: nothing is lost, nothing is taken twice, nothing dangles.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::app::TestApp;

const CALLERS: usize = 50;

fn id_of(record: &Json) -> String {
    record["id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn fifty_parallel_increments_count_fifty() {
    let app = TestApp::start().await;
    app.open_collection("counters", json!([{ "name": "n", "type": "number" }])).await;
    let path = "/api/collections/counters/records";
    let one = format!("{path}/{}", id_of(&app.guest().post(path, json!({})).await.ok()));
    let guest = app.guest();
    let replies = join_all((0..CALLERS).map(|_| guest.patch(&one, json!({ "n+": 1 })))).await;
    for reply in &replies {
        reply.ok();
    }
    assert_eq!(guest.get(&one).await.ok()["n"], CALLERS);
    let mut seen: Vec<i64> = replies.iter().filter_map(|reply| reply.json()["n"].as_i64()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=CALLERS as i64).collect::<Vec<_>>(), "each caller saw a step of its own");
}

#[tokio::test]
async fn a_unique_slot_has_one_winner() {
    let app = TestApp::start().await;
    let model = json!({
        "name": "slots", "type": "base", "createRule": "", "listRule": "",
        "fields": [{ "name": "slot", "type": "text" }],
        "indexes": ["CREATE UNIQUE INDEX `idx_slot` ON `slots` (`slot`)"],
    });
    app.superuser().post("/api/collections", model).await.ok();
    let path = "/api/collections/slots/records";
    let guest = app.guest();
    let replies = join_all((0..CALLERS).map(|_| guest.post(path, json!({ "slot": "noon" })))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.code(400, "slot"), "validation_not_unique");
    }
    assert_eq!(guest.get(path).await.ok()["totalItems"], 1);
}

#[tokio::test]
async fn a_relation_never_dangles() {
    let app = TestApp::start().await;
    let target = app.open_collection("targets", json!([])).await;
    let relation = json!([{ "name": "to", "type": "relation", "collectionId": target["id"], "maxSelect": 1 }]);
    app.open_collection("links", relation).await;
    let guest = app.guest();
    let (targets, links) = ("/api/collections/targets/records", "/api/collections/links/records");
    for _ in 0..5 {
        let target = id_of(&guest.post(targets, json!({})).await.ok());
        let one = format!("{targets}/{target}");
        let create = async || drop(guest.post(links, json!({ "to": target })).await);
        let delete = async || drop(guest.delete(&one).await);
        tokio::join!(create(), create(), delete(), create(), create());
        guest.get(&one).await.error(404);
    }
    let dangling = guest.get(&format!("{links}?filter=to!=''&perPage=500")).await.ok();
    assert_eq!(dangling["totalItems"], 0, "{dangling}");
}

#[tokio::test]
async fn writes_go_on_while_the_schema_changes() {
    let app = TestApp::start().await;
    app.open_collection("busy", json!([])).await;
    let (guest, path) = (app.guest(), "/api/collections/busy/records");
    let write = async |number: usize| guest.post(path, json!({ "title": number.to_string() })).await;
    let change = async || {
        for number in 0..5 {
            app.open_collection(&format!("other{number}"), json!([])).await;
        }
    };
    let (replies, ()) = tokio::join!(join_all((0..CALLERS).map(write)), change());
    for reply in replies {
        reply.ok();
    }
}
