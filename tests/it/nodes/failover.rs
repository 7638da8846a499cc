//! The primary is killed under load and its standby promoted (F6, C2, C4). Nodes know both hosts, and nothing is restarted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::load::{Load, POSTS, until_ready};
use super::pair::{Pair, Replication};
use super::within;
use crate::app::TestApp;

/// What is waited for takes a fraction of this.
const SOON: Duration = Duration::from_secs(10);
/// Acknowledged writes before the kill, and after the promotion.
const WRITES: u64 = 150;

/// Three nodes over the pair, with a collection whose titles are unique.
async fn three(pair: &Pair) -> [TestApp; 3] {
    let first = TestApp::over(&pair.url(), None, |_| {}).await;
    first.open_collection("posts", json!([{ "name": "n", "type": "number" }])).await;
    let unique = json!({ "indexes": ["CREATE UNIQUE INDEX one_title ON posts (title)"] });
    first.superuser().patch("/api/collections/posts", unique).await.ok();
    let second = TestApp::over(&pair.url(), Some(&first), |_| {}).await;
    let third = TestApp::over(&pair.url(), Some(&first), |_| {}).await;
    [first, second, third]
}

async fn until_away(nodes: &[TestApp]) {
    for node in nodes {
        let guest = node.guest();
        within(SOON, "the loss", async || guest.get("/api/ready").await.status == 503).await;
    }
}

/// Changes the schema as soon as the node can.
async fn patch_posts(node: &TestApp, patch: Json) {
    let changed = async || {
        let reply = node.superuser().patch("/api/collections/posts", patch.clone()).await;
        assert!([200, 503].contains(&reply.status), "{} {}", reply.status, reply.text);
        reply.status == 200
    };
    within(SOON, "a change of the schema", changed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_with_a_synchronous_standby() {
    let Some(pair) = Pair::start(Replication::Synchronous).await else { return };
    let nodes = three(&pair).await;
    let load = Load::start(&nodes).await;
    load.writes(WRITES).await;
    pair.primary.kill();
    until_away(&nodes).await;
    pair.standby.promote();
    // A barrier as ever, although some nodes may not have noticed yet.
    patch_posts(&nodes[0], json!({ "listRule": null })).await;
    for node in &nodes {
        let status = node.guest().get(POSTS).await.status;
        assert!([403, 503].contains(&status), "the rule of before: {status}");
    }
    patch_posts(&nodes[1], json!({ "listRule": "" })).await;
    for (number, node) in nodes.iter().enumerate() {
        let post = async || node.guest().post(POSTS, json!({ "title": format!("after {number}") })).await.status == 200;
        within(SOON, "a write", post).await;
    }
    load.writes(WRITES).await;
    let told = load.stop().await;

    let rows: Vec<(String, String)> = pair.standby.rows("SELECT id, title FROM posts").await;
    told.check(&rows);
    let counted: f64 = pair.standby.ask("SELECT n FROM posts WHERE title = 'counter'").await;
    let (least, most) = (told.increments, told.increments + told.maybe_increments);
    assert!((least..=most).contains(&(counted as u64)), "{counted} of {least} to {most} increments");
    let (before, after) = told.revisions();
    assert!(before.last() < after.first(), "{:?} {:?}", before.last(), after.first());
    feed_is_true(&pair).await;
    for node in &nodes {
        lists_are_true(node, &pair).await;
    }
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_asynchronous_standby_missed_is_gone_on_every_node() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let nodes = three(&pair).await;
    let kept = nodes[0].guest().post(POSTS, json!({ "title": "kept" })).await.ok();
    let kept = format!("{POSTS}/{}", kept["id"].as_str().expect("an id"));
    pair.cut().await;
    let mut lost = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let reply = node.guest().post(POSTS, json!({ "title": format!("lost {number}") })).await;
        reply.ok();
        lost.push(revision(reply.header("etag")).1);
    }
    nodes[0].open_collection("lost", json!([])).await;
    nodes[0].superuser().patch("/api/settings", json!({ "meta": { "appName": "Lost" } })).await.ok();
    nodes[0].guest().post("/api/collections/lost/records", json!({ "title": "x" })).await.ok();
    let mut tags = Vec::new();
    for node in &nodes {
        let full = async || node.guest().get(POSTS).await.ok()["totalItems"] == 4;
        within(SOON, "the last writes", full).await;
        // Often enough to be kept.
        for _ in 0..3 {
            node.guest().get(POSTS).await.ok();
        }
        tags.push(node.guest().get(POSTS).await.header("etag").to_owned());
        let known = async || node.superuser().get("/api/settings").await.ok()["meta"]["appName"] == "Lost";
        within(SOON, "the settings", known).await;
    }
    let epoch = revision(nodes[0].guest().get(&kept).await.header("etag")).0;

    pair.primary.kill();
    until_away(&nodes).await;
    pair.standby.promote();
    for (node, tag) in nodes.iter().zip(tags) {
        until_ready(&node.guest()).await;
        assert_ne!(revision(node.guest().get(&kept).await.header("etag")).0, epoch);
        let list = node.guest().request(Method::GET, POSTS).header("if-none-match", tag);
        let list = node.guest().send(list).await.ok();
        assert_eq!(list["totalItems"], 1, "{list}");
        let gone = async || {
            let status = node.guest().get("/api/collections/lost/records").await.status;
            assert!([404, 503].contains(&status), "{status}");
            status == 404
        };
        within(SOON, "the end of the lost collection", gone).await;
        let known = async || node.superuser().get("/api/settings").await.ok()["meta"]["appName"] != "Lost";
        within(SOON, "the settings of before", known).await;
    }
    // What was lost is free again, under revisions that nobody has seen.
    for (number, node) in nodes.iter().enumerate() {
        let reply = node.guest().post(POSTS, json!({ "title": format!("lost {number}") })).await;
        reply.ok();
        let revision = revision(reply.header("etag")).1;
        assert!(lost.iter().all(|lost| *lost < revision), "{revision} after {lost:?}");
    }
    nodes[1].open_collection("lost", json!([{ "name": "other", "type": "number" }])).await;
    for node in &nodes {
        let record = node.guest().post("/api/collections/lost/records", json!({ "other": 5 })).await.ok();
        assert_eq!(record["other"], 5);
        lists_are_true(node, &pair).await;
    }
    feed_is_true(&pair).await;

    // The old primary comes back as it was, when the new one is down.
    pair.primary.start();
    pair.standby.kill();
    until_away(&nodes).await;
    for node in &nodes {
        for number in 0..20 {
            let reply = node.guest().post(POSTS, json!({ "title": format!("astray {number}") })).await;
            reply.error(503);
            let list = node.guest().get(&format!("{POSTS}?filter=title!='{number}'")).await;
            list.error(503);
        }
    }
    pair.standby.start();
    for (number, node) in nodes.iter().enumerate() {
        until_ready(&node.guest()).await;
        node.guest().post(POSTS, json!({ "title": format!("back {number}") })).await.ok();
    }
    let astray: i64 =
        pair.primary.ask("SELECT count(*) FROM posts WHERE title LIKE 'astray%' OR title LIKE 'back%'").await;
    assert_eq!(astray, 0, "an old primary was written to");
    for node in nodes {
        lists_are_true(&node, &pair).await;
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_falls_silent_is_left_and_not_taken_back() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let nodes = three(&pair).await;
    pair.catch_up().await;
    pair.primary.pause();
    let started = Instant::now();
    // Some of these wait for an answer that does not come, the others know better.
    let asking = nodes.iter().flat_map(|node| [node.guest(), node.guest()]).map(|guest| {
        tokio::spawn(async move {
            guest.get(&format!("{POSTS}?filter=title!='x'")).await.error(503);
            guest.post(POSTS, json!({ "title": "silent" })).await.error(503);
        })
    });
    let asking: Vec<_> = asking.collect();
    until_away(&nodes).await;
    for task in asking {
        task.await.expect("no panic");
    }
    assert!(started.elapsed() < SOON * 2, "{:?}", started.elapsed());
    pair.standby.promote();
    for (number, node) in nodes.iter().enumerate() {
        until_ready(&node.guest()).await;
        node.guest().post(POSTS, json!({ "title": format!("after {number}") })).await.ok();
    }
    // What was on its way to it may be done there, and is of no account.
    pair.primary.resume();
    for node in &nodes {
        for number in 0..20 {
            node.guest().post(POSTS, json!({ "title": format!("{} {number}", node.address) })).await.ok();
        }
        lists_are_true(node, &pair).await;
    }
    let astray: i64 = pair.primary.ask("SELECT count(*) FROM posts WHERE title <> 'silent'").await;
    assert_eq!(astray, 0, "an old primary was written to");
    for node in nodes {
        node.stop().await;
    }
}

/// Epoch and revision of a record's tag, `"epoch.rev-hash"`.
pub(super) fn revision(tag: &str) -> (String, u64) {
    let (epoch, rest) = tag.trim_matches('"').split_once('.').expect("a tag of a record");
    let (revision, _) = rest.split_once('-').expect("a tag of a record");
    (epoch.to_owned(), u64::from_str_radix(revision, 16).expect("a revision"))
}

/// No revision was used twice, and each record is at the last one that the feed has of it.
async fn feed_is_true(pair: &Pair) {
    let twice: i64 = pair.standby.ask("SELECT count(*) - count(DISTINCT rev) FROM _feed").await;
    assert_eq!(twice, 0, "a revision was used twice");
    let other: i64 = pair
        .standby
        .ask(
            "SELECT count(*) FROM posts p WHERE \"@rev\" IS DISTINCT FROM (SELECT max(rev) FROM _feed \
             WHERE rec = p.id AND coll = (SELECT number FROM _collections WHERE name = 'posts'))",
        )
        .await;
    assert_eq!(other, 0, "a record is not as the feed says");
}

/// The node's lists, from memory and not, are what the database holds.
async fn lists_are_true(node: &TestApp, pair: &Pair) {
    let rows: Vec<(String, String)> =
        pair.standby.rows("SELECT id, title FROM posts ORDER BY id COLLATE \"C\" LIMIT 200").await;
    let expected: Vec<Json> = rows.iter().map(|(id, title)| json!({ "id": id, "title": title })).collect();
    let path = format!("{POSTS}?sort=id&perPage=200&fields=id,title");
    let guest = node.guest();
    let same = async || guest.get(&path).await.json()["items"] == json!(expected);
    within(SOON, "the list of the database", same).await;
    for _ in 0..3 {
        let reply = guest.get(&path).await;
        assert_eq!(reply.ok()["items"], json!(expected));
        let again = guest.request(Method::GET, &path).header("if-none-match", reply.header("etag"));
        let again = guest.send(again).await;
        assert!(again.status == 304 || again.text == reply.text, "{} {}", again.status, again.text);
    }
    let ids: BTreeSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids.len(), rows.len());
}
