//! Directories of older versions of PocketBase, as their own binaries make them.
//!
//! The newest one that is installed, started on a copy, says what the answers are: it converts what it finds.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::same::Same;
use super::{app, asks, generated, refusal};
use crate::app::PASSWORD;
use crate::cli::process::Place;
use crate::client::Client;
use crate::differential::pocketbase::{self, PocketBase};

const VERSIONS: &str = include_str!("../../compat/pocketbase-older-versions");
/// The last layout that is not known.
const UNKNOWN: &str = "0.22.27";
const SEED: usize = 30;
const CASES: usize = 300;
/// Of the reads of `same.rs` so many are passed over for each that is made.
const EVERY: usize = 4;

/// The binaries of a version and of the newest one.
fn binaries(version: &str) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
    assert!(VERSIONS.lines().any(|line| line == version), "{version} is not installed by .ci/tools");
    let found = pocketbase::of_version(version).zip(pocketbase::binary());
    if found.is_none() {
        eprintln!("skipped: PocketBase {version} or the newest one is not installed");
    }
    found
}

async fn check(version: &str) {
    let Some((older, newest)) = binaries(version) else { return };
    let mut pocketbase = PocketBase::start(&older).await;
    let callers = app::fill(&pocketbase.superuser).await;
    pocketbase.kill();
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(&pocketbase.dir().join("data"), &dir.path().join("data"));
    let converted = PocketBase::start_in(&newest, dir).await;
    let mut same = Same::new(&pocketbase.dir().join("data"), &converted.superuser, callers);
    assert_eq!(same.notes(), ["settings"], "{}", same.report);
    let mut asks = asks::by_all(&asks::reads().into_iter().step_by(EVERY).collect::<Vec<_>>(), 5);
    let generated = generated::asks(SEED, CASES);
    asks.extend(generated.reads);
    same.read(&asks).await;
    same.write(&generated.writes).await;
    same.read(&asks).await;
    same.finish(SEED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_known_layout_is_moved() {
    check("0.23.1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_0_30_is_moved() {
    check("0.30.4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_0_36_is_moved() {
    check("0.36.9").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_layout_is_refused_and_moved_once_it_is_converted() {
    let Some((older, newest)) = binaries(UNKNOWN) else { return };
    let mut pocketbase = PocketBase::start_before_0_23(&older).await;
    fill_before_0_23(&pocketbase.superuser).await;
    pocketbase.kill();
    let source = pocketbase.dir().join("data");
    let message = refusal(&Place::new(), &source, &[]);
    assert!(message.contains("before 0.23") && message.contains("import the copy"), "{message}");
    // What the message says.
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(&source, &dir.path().join("data"));
    let converted = PocketBase::start_in(&newest, dir).await;
    let root = &converted.superuser;
    let ada = app::signed_in(root, "users", "ada").await;
    let callers = vec![("guest", None), ("superuser", root.token.clone()), ("ada", Some(ada))];
    let mut same = Same::new(&converted.dir().join("data"), root, callers);
    assert_eq!(same.notes(), ["settings"], "{}", same.report);
    let mut asks = vec![(Method::GET, "/api/collections?perPage=100&sort=id".into(), Json::Null)];
    for collection in ["users", "posts", "titles", "_externalAuths", "_superusers"] {
        for filter in ["", "id!='x'", "title~'t'||username='ada'", "tags:length>1", "author.username='ada'"] {
            asks.push(asks::get(collection, &[("filter", filter), ("sort", "-id"), ("expand", "author")]));
        }
    }
    let change = json!({ "title": "changed", "tags+": "a" });
    asks.push((Method::PATCH, "/api/collections/posts/records/posts0000000001".into(), change));
    for ask in asks.iter().chain(&asks) {
        same.all_ask(ask).await;
    }
    same.finish(0);
}

/// An app through the API of 0.22.
async fn fill_before_0_23(root: &Client) {
    let users = root.get("/api/collections/users").await.ok()["id"].as_str().expect("an id").to_owned();
    for name in ["ada", "bob"] {
        let body = json!({ "id": format!("{name}000000000000"), "username": name, "email": format!("{name}@example.com"),
            "password": PASSWORD, "passwordConfirm": PASSWORD, "name": name });
        root.post("/api/collections/users/records", body).await.ok();
    }
    let own = "author = @request.auth.id || title ~ 't'";
    let posts = json!({ "name": "posts", "type": "base", "listRule": "", "viewRule": "", "updateRule": own, "deleteRule": own,
        "indexes": ["CREATE INDEX idx_title ON posts (title)"], "schema": [
            { "name": "title", "type": "text", "options": { "max": 50 } },
            { "name": "n", "type": "number", "options": {} },
            { "name": "tags", "type": "select", "options": { "maxSelect": 2, "values": ["a", "b"] } },
            { "name": "author", "type": "relation", "options": { "collectionId": users, "maxSelect": 1 } },
            { "name": "data", "type": "json", "options": { "maxSize": 2000 } },
            { "name": "day", "type": "date", "options": {} },
        ] });
    root.post("/api/collections", posts).await.ok();
    for number in 0..5 {
        let body = json!({ "id": format!("posts{number:010}"), "title": format!("title {number}"), "n": number, "tags": ["a", "b"],
            "author": "ada000000000000", "data": { "a": number }, "day": "2024-01-02 03:04:05.678Z" });
        root.post("/api/collections/posts/records", body).await.ok();
    }
    let view = json!({ "name": "titles", "type": "view", "listRule": "", "options": { "query": "SELECT id, title, author FROM posts" } });
    root.post("/api/collections", view).await.ok();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(std::fs::copy(&path, &target).expect("a copy")),
        }
    }
}
