//! An answer from memory is the one that would be made: whatever is written in between, whoever asks, and while others
//! write (C4).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use basalt::app::App;
use basalt::crypto::{Hasher, SEAL_KEY_BYTES, Sealer};
use basalt::query::{Caller, Request};
use basalt::records::{Answered, IfNoneMatch, ListParams, Records, Shape, Terms};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value as Json, json};

use crate::app::{PASSWORD, TestApp};

const CASES: usize = 12;
const STEPS: usize = 25;
/// The questions of a case: few, so that each is asked again between two writes.
const ASKED: usize = 3;

/// What is asked for: collection, filter, sort, expand, fields, skipTotal, page.
type Query = (&'static str, &'static str, &'static str, &'static str, &'static str, bool, u32);

const QUERIES: &[Query] = &[
    ("posts", "", "", "", "", false, 1),
    ("posts", "", "-n,title", "", "title,n", false, 1),
    ("posts", "n > 1 && title != 'c'", "n", "", "", false, 2),
    ("posts", "team.name = 'red' || tags.name ?= 'blue'", "", "author,team", "", true, 1),
    ("posts", "comments_via_post.text ?~ 'a'", "author.name", "comments_via_post.author", "", false, 1),
    ("posts", "", "team.name", "tags,author.team", "*,expand.tags.name", false, 1),
    ("comments", "post.author.name = 'boss'", "", "post.team,author", "", false, 1),
    ("comments", "", "", "post", "text,expand.post.secret", true, 1),
    ("users", "", "name", "team", "", false, 1),
    ("users", "email ~ 'example'", "email", "", "email,name", false, 1),
    ("teams", "", "", "posts_via_team,users_via_team", "", false, 1),
    ("titles", "title != 'b'", "", "", "", false, 1),
    ("_superusers", "", "", "", "", false, 1),
];

const NAMES: &[&str] = &["a", "b", "c"];
const TEAMS: &[&str] = &["red", "blue", "closed"];
const PEOPLE: &[&str] = &["ada", "bob"];
const POST_RULES: &[Option<&str>] = &[
    None,
    Some(""),
    Some("@request.auth.id != ''"),
    Some("author = @request.auth.id || team.name = 'red'"),
    Some("@request.auth.team.name = team.name"),
    Some("@collection.comments.author ?= @request.auth.id && @collection.comments.post ?= id"),
    Some("comments_via_post.text ?= 'a' || @request.auth.name = 'boss'"),
];

const MANAGE_RULES: &[Option<&str>] =
    &[None, Some("@request.auth.name = 'boss'"), Some("team.name = 'red'"), Some("@collection.comments.text ?= 'a'")];

#[derive(Debug, Clone)]
enum Step {
    Post {
        id: usize,
        title: usize,
        n: u8,
        author: usize,
        team: usize,
    },
    Comment {
        id: usize,
        post: usize,
        text: usize,
    },
    Team {
        id: usize,
        name: usize,
    },
    Person {
        id: usize,
        boss: bool,
        team: usize,
        visible: bool,
    },
    /// New tokens are to be had only by signing in, so this one is a guest from here on.
    NewKey(usize),
    Delete {
        collection: &'static str,
        id: usize,
    },
    Together {
        title: usize,
        n: u8,
    },
    ByFilter {
        n: u8,
        title: usize,
    },
    Truncate,
    ListRule(usize),
    ViewRule(usize),
    Manage(usize),
    Hide(bool),
}

/// What is asked again and again, and what is written in between.
fn cases() -> impl Strategy<Value = (Vec<usize>, Vec<Step>)> {
    let (id, name, n) = (0..4_usize, 0..3_usize, 0..4_u8);
    let step = prop_oneof![
        4 => (id.clone(), name.clone(), n.clone(), 0..2_usize, 0..3_usize)
            .prop_map(|(id, title, n, author, team)| Step::Post { id, title, n, author, team }),
        2 => (id.clone(), id.clone(), name.clone()).prop_map(|(id, post, text)| Step::Comment { id, post, text }),
        3 => (0..3_usize, 0..3_usize).prop_map(|(id, name)| Step::Team { id, name }),
        3 => (0..2_usize, any::<bool>(), 0..3_usize, any::<bool>())
            .prop_map(|(id, boss, team, visible)| Step::Person { id, boss, team, visible }),
        1 => prop_oneof![Just("posts"), Just("comments"), Just("teams")]
            .prop_flat_map(|collection| (0..4_usize).prop_map(move |id| Step::Delete { collection, id })),
        1 => (name.clone(), n.clone()).prop_map(|(title, n)| Step::Together { title, n }),
        1 => (n, name).prop_map(|(n, title)| Step::ByFilter { n, title }),
        2 => (0..POST_RULES.len()).prop_map(Step::ListRule),
        1 => (0..POST_RULES.len()).prop_map(Step::ViewRule),
        1 => (0..MANAGE_RULES.len()).prop_map(Step::Manage),
        1 => any::<bool>().prop_map(Step::Hide),
        1 => Just(Step::Truncate),
    ];
    let rare = prop_oneof![30 => step, 1 => (0..2_usize).prop_map(Step::NewKey)];
    let asked = proptest::collection::vec(0..QUERIES.len(), ASKED);
    (asked, proptest::collection::vec(rare, STEPS))
}

fn id(kind: &str, number: usize) -> String {
    format!("{kind:0<14}{number}")
}

struct World {
    app: TestApp,
    /// The same records without a memory.
    plain: Records,
    tokens: Vec<Option<String>>,
    /// The tag of the record that a caller saw last, by the number of the caller and what was expanded.
    seen: HashMap<(usize, &'static str), String>,
}

fn text(answered: basalt::error::Result<Answered>) -> String {
    match answered {
        Ok(answered) => String::from_utf8_lossy(&answered.into_body()).into_owned(),
        Err(error) => format!("{error:?}"),
    }
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let root = app.superuser();
        root.patch("/api/settings", json!({ "batch": { "enabled": true, "maxRequests": 5 } })).await.ok();
        let relation = |name: &str, to: &Json, max: u8, cascade: bool| json!({ "name": name, "type": "relation", "collectionId": to["id"], "maxSelect": max, "cascadeDelete": cascade });
        let text = |name: &str| json!({ "name": name, "type": "text" });
        let teams = app.open_collection("teams", json!([text("name")])).await;
        let users = root.get("/api/collections/users").await.ok();
        let mut fields = users["fields"].as_array().cloned().unwrap_or_default();
        fields.push(relation("team", &teams, 1, false));
        let open = json!({ "listRule": "", "viewRule": "", "fields": fields });
        root.patch("/api/collections/users", open).await.ok();
        let posts = json!([
            { "name": "n", "type": "number" },
            { "name": "secret", "type": "text", "hidden": true },
            relation("author", &users, 1, false),
            relation("team", &teams, 1, false),
            relation("tags", &teams, 3, false),
        ]);
        let posts = app.open_collection("posts", posts).await;
        let comments = json!([text("text"), relation("post", &posts, 1, true), relation("author", &users, 1, false)]);
        app.open_collection("comments", comments).await;
        let query =
            "SELECT posts.id, posts.title, teams.name AS team FROM posts LEFT JOIN teams ON teams.id = posts.team";
        let view = json!({ "name": "titles", "type": "view", "listRule": "", "viewRule": "", "viewQuery": query });
        root.post("/api/collections", view).await.ok();
        let mut tokens = vec![None, root.token.clone()];
        for (number, name) in PEOPLE.iter().enumerate() {
            let email = format!("{name}@example.com");
            let id = id("user", number);
            let body = json!({ "id": id, "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
            root.post("/api/collections/users/records", body).await.ok();
            tokens.push(None);
        }
        let plain = Records::new(
            app.app.store.clone(),
            app.app.registry.clone(),
            app.app.clock.clone(),
            Hasher::start(1).expect("a thread"),
            Sealer::new(&[0; SEAL_KEY_BYTES]),
            0,
        );
        let mut world = Self { app, plain, tokens, seen: HashMap::new() };
        world.sign_in().await;
        world
    }

    async fn sign_in(&mut self) {
        let users = self.app.app.registry.load().by_name("users").expect("a collection").clone();
        for number in 0..PEOPLE.len() {
            let signed_in = self.app.app.auth.impersonate(&users, &id("user", number), 0).await.expect("a token");
            self.tokens[2 + number] = Some(signed_in.token);
        }
    }

    /// Everybody asks this, from memory and anew; twice, so that it is kept.
    async fn read(&mut self, query: &Query) -> Result<(), TestCaseError> {
        let (collection, filter, sort, expand, fields, skip_total, page) = *query;
        let params = ListParams {
            page: Some(page.to_string()),
            per_page: Some("3".into()),
            skip_total: Some(skip_total.to_string()),
            cursor: None,
            sort: sort.into(),
            filter: filter.into(),
        };
        let shape = Shape { expand: expand.into(), fields: fields.into() };
        for _ in 0..2 {
            for (number, token) in self.tokens.iter().enumerate() {
                let caller: Caller = self.app.app.auth.caller(token.as_deref()).await.expect("the database answers");
                let request = Request { method: "GET".into(), caller, ..Request::default() };
                let kept = self.app.app.records.list(&request, collection, &params, &shape, None).await;
                let anew = self.plain.list(&request, collection, &params, &shape, None).await;
                prop_assert_eq!(text(kept), text(anew), "{:?} as {:?}", query, request.caller.id());
                let id = id("post", number % 2);
                let seen = self.seen.entry((number, expand)).or_default();
                let known = IfNoneMatch::parse(seen);
                let kept = self.app.app.records.view_unless(&request, "posts", &id, &shape, &known).await;
                let anew = self.plain.view(&request, "posts", &id, &shape).await;
                match (kept, anew) {
                    (Ok(Answered::Unchanged(tag)), Ok(anew)) => prop_assert_eq!(tag, anew.tag),
                    (Ok(Answered::Body(body, _)), Ok(anew)) => {
                        prop_assert_eq!(body, anew.body);
                        prop_assert_ne!(&*seen, anew.tag.quoted());
                        *seen = anew.tag.into();
                    }
                    (kept, anew) => prop_assert_eq!(text(kept), text(anew.map(|anew| Answered::Body(anew.body, None)))),
                }
            }
        }
        Ok(())
    }

    /// Whether the write is refused (there is no such record, or nothing to do) does not matter.
    async fn write(&mut self, step: &Step) {
        let root = self.app.superuser().clone();
        let upsert = async |collection: &str, body: Json| {
            let entry =
                json!({ "method": "PUT", "url": format!("/api/collections/{collection}/records"), "body": body });
            root.post("/api/batch", json!({ "requests": [entry] })).await;
        };
        let posts = "/api/collections/posts/records";
        match step {
            Step::Post { id: number, title, n, author, team } => {
                let tags = [id("team", *team), id("team", usize::from(*n) % 3)];
                let body = json!({
                    "id": id("post", *number), "title": NAMES[*title], "n": n, "secret": "s", "tags": tags,
                    "author": id("user", *author), "team": id("team", *team),
                });
                upsert("posts", body).await;
            }
            Step::Comment { id: number, post, text } => {
                let body = json!({
                    "id": id("comment", *number), "post": id("post", *post), "text": NAMES[*text],
                    "author": id("user", *text % PEOPLE.len()),
                });
                upsert("comments", body).await;
            }
            Step::Team { id: number, name } => {
                upsert("teams", json!({ "id": id("team", *number), "name": TEAMS[*name] })).await;
            }
            Step::Person { id: number, boss, team, visible } => {
                let name = if *boss { "boss" } else { PEOPLE[*number] };
                let body = json!({ "name": name, "team": id("team", *team), "emailVisibility": visible });
                root.patch(&format!("/api/collections/users/records/{}", id("user", *number)), body).await;
            }
            Step::NewKey(number) => {
                let body = json!({ "tokenKey": format!("{:0>40}", rand::random::<u64>()) });
                root.patch(&format!("/api/collections/users/records/{}", id("user", *number)), body).await;
            }
            Step::Delete { collection, id: number } => {
                let kind = collection.trim_end_matches('s');
                root.delete(&format!("/api/collections/{collection}/records/{}", id(kind, *number))).await;
            }
            Step::Together { title, n } => {
                let change = |number: usize| {
                    let body = json!({ "id": id("post", number), "title": NAMES[*title], "n": n });
                    json!({ "method": "PUT", "url": posts, "body": body })
                };
                root.post("/api/batch", json!({ "requests": [change(0), change(1)] })).await;
            }
            Step::ByFilter { n, title } => {
                let path = format!("{posts}?filter=title='{}'", NAMES[*title]);
                match n {
                    0 => root.delete(&path).await,
                    n => root.patch(&path, json!({ "n": n })).await,
                };
            }
            Step::Truncate => {
                root.delete("/api/collections/comments/truncate").await;
            }
            Step::ListRule(rule) => {
                root.patch("/api/collections/posts", json!({ "listRule": POST_RULES[*rule] })).await.ok();
            }
            Step::ViewRule(rule) => {
                root.patch("/api/collections/posts", json!({ "viewRule": POST_RULES[*rule] })).await.ok();
            }
            Step::Manage(rule) => {
                root.patch("/api/collections/users", json!({ "manageRule": MANAGE_RULES[*rule] })).await.ok();
            }
            Step::Hide(hidden) => {
                let posts = root.get("/api/collections/posts").await.ok();
                let mut fields = posts["fields"].clone();
                for field in fields.as_array_mut().into_iter().flatten().filter(|field| field["name"] == "secret") {
                    field["hidden"] = (*hidden).into();
                }
                root.patch("/api/collections/posts", json!({ "fields": fields })).await.ok();
            }
        }
    }
}

#[tokio::test]
async fn a_kept_answer_is_the_one_that_would_be_made() {
    let mut world = World::new().await;
    let config = Config { failure_persistence: None, rng_seed: RngSeed::Fixed(4), ..Config::default() };
    let mut runner = TestRunner::new(config);
    for case in 0..CASES {
        let (asked, steps) = cases().new_tree(&mut runner).expect("a case").current();
        world.sign_in().await;
        for (number, step) in steps.iter().enumerate() {
            world.write(step).await;
            for query in &asked {
                if let Err(wrong) = world.read(&QUERIES[*query]).await {
                    panic!("case {case}, after {:#?}: {wrong}", &steps[..=number]);
                }
            }
        }
    }
}

/// No route reads records with a body, but what it would be must not depend on who asks before.
#[tokio::test]
async fn what_was_asked_with_a_body_is_not_kept() {
    let app = TestApp::start().await;
    app.open_collection("notes", json!([])).await;
    for title in ["a", "b", "b"] {
        app.guest().post("/api/collections/notes/records", json!({ "title": title })).await.ok();
    }
    let rule = json!({ "listRule": "title = @request.body.title" });
    app.superuser().patch("/api/collections/notes", rule).await.ok();
    let params = ListParams { per_page: Some("1".into()), ..ListParams::default() };
    for _ in 0..3 {
        for (title, total) in [("a", 1), ("b", 2), ("c", 0)] {
            let body = json!({ "title": title }).as_object().cloned().unwrap_or_default();
            let request = Request { body, ..Request::default() };
            let listed = app.app.records.list(&request, "notes", &params, &Shape::default(), None).await;
            let page: Json = serde_json::from_str(&text(listed)).expect("JSON");
            assert_eq!(page["totalItems"], total);
        }
    }
}

/// A number that only grows, written by one and read by several, by lists and by views, which are not kept: what one of
/// them showed is the least that the next one shows. And what has the same tag is the same.
#[tokio::test]
async fn no_list_is_older_than_what_was_seen_before() {
    const TIME: Duration = Duration::from_secs(2);
    let app = TestApp::start().await;
    app.open_collection("notes", json!([{ "name": "n", "type": "number" }])).await;
    let note = app.guest().post("/api/collections/notes/records", json!({ "n": 0 })).await.ok();
    let id = note["id"].as_str().expect("an id");
    let (seen, reads, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let until = Instant::now() + TIME;
    std::thread::scope(|threads| {
        let readers: Vec<_> = [true, true, false]
            .into_iter()
            .map(|lists| {
                let (app, seen, reads, done) = (&app.app, &seen, &reads, &done);
                threads.spawn(move || {
                    blocking(async {
                        let mut tags: HashMap<String, u64> = HashMap::new();
                        while !done.load(Ordering::SeqCst) {
                            let least = seen.load(Ordering::SeqCst);
                            let (n, tag) = if lists { listed(app).await } else { (viewed(app, id).await, None) };
                            assert!(n >= least, "{n} after {least} was seen");
                            seen.fetch_max(n, Ordering::SeqCst);
                            reads.fetch_add(1, Ordering::SeqCst);
                            if let Some(tag) = tag {
                                assert_eq!(*tags.entry(tag).or_insert(n), n, "of one tag");
                            }
                        }
                    });
                })
            })
            .collect();
        let (app, seen, reads) = (&app.app, &seen, &reads);
        let writer = threads.spawn(move || {
            blocking(async {
                let mut n = 0;
                while Instant::now() < until {
                    n += 1;
                    let body = json!({ "n": n }).as_object().cloned().unwrap_or_default();
                    let request = Request { body, ..Request::default() };
                    app.records
                        .update(request, "notes", id, &Shape::default(), &Terms::default())
                        .await
                        .expect("a write");
                    seen.fetch_max(n, Ordering::SeqCst);
                    // Sometimes long enough that the list is kept, sometimes not.
                    let enough = reads.load(Ordering::SeqCst) + n % 16;
                    while reads.load(Ordering::SeqCst) < enough && Instant::now() < until {
                        std::thread::yield_now();
                    }
                }
                n
            })
        });
        let written = writer.join();
        done.store(true, Ordering::SeqCst);
        readers.into_iter().for_each(|reader| reader.join().expect("a reader"));
        assert!(written.expect("the writer") > 20);
    });
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

async fn listed(app: &App) -> (u64, Option<String>) {
    let (request, params, shape) = (Request::default(), ListParams::default(), Shape::default());
    let listed = app.records.list(&request, "notes", &params, &shape, None).await.expect("a list");
    let Answered::Body(body, tag) = listed else { panic!("nothing was known") };
    let page: Json = serde_json::from_slice(&body).expect("JSON");
    (page["items"][0]["n"].as_u64().expect("a number"), tag.map(String::from))
}

async fn viewed(app: &App, id: &str) -> u64 {
    let presented = app.records.view(&Request::default(), "notes", id, &Shape::default()).await.expect("a record");
    let record: Json = serde_json::from_slice(&presented.body).expect("JSON");
    record["n"].as_u64().expect("a number")
}
