//! What is asked of both servers.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::data::{draft, id};
use super::expression::{Expression, Kind, expression, path};
use super::pair::{ADA, BOB, Caller, GUEST, Pair, SUPERUSER, Wanted};
use super::random::Random;

const POSTS: &str = "/api/collections/posts/records";
const DRAFTS: &str = "/api/collections/drafts/records";

/// Of a difference in a larger expression, its comparisons are asked one by one: they say more.
async fn filter(pair: &mut Pair, caller: Caller, expression: &Expression) {
    let query = |text| [("filter", text), ("perPage", "100"), ("probe", "5"), ("empty", "")];
    let before = pair.differences();
    let wanted = if caller == SUPERUSER { Wanted::Records } else { Wanted::NoFewer };
    if pair.list(caller, &expression.text, POSTS, &query(&expression.text), wanted).await {
        return;
    }
    for leaf in expression.leaves.iter().filter(|leaf| **leaf != expression.text) {
        pair.list(caller, leaf, POSTS, &query(leaf), wanted).await;
    }
    if pair.differences() > before + 1 {
        pair.forget(before);
    }
}

/// Expressions that a grammar would seldom find.
pub async fn fixed_filters(pair: &mut Pair) {
    for text in [
        "comments_via_post.text ?= 'first' && comments_via_post.votes ?= 2",
        "comments_via_post.text ?= 'first' && comments_via_post.votes ?= 5 || s = 'a'",
        "@collection.tags:a.label ?= 'red' && @collection.tags:a.weight ?= 2",
        "@collection.tags:a.label ?= 'red' && @collection.tags:b.weight ?= 2",
        "@collection.tags.label ?= 'red' && @collection.tags.weight ?= 1",
        "@collection.comments.post ?= id && @collection.comments.votes ?> 1",
        "many.label = many.label",
        "many.weight < readers.age",
        "many.weight ?< readers.age",
        "readers.id = author.friends.id",
        "readers.id ?= author.friends.id",
        "readers.friends.friends.boss.friends.friends.name ?= 'cyd'",
        "author.boss.boss.boss.boss.boss.boss.name ?= 'x'",
        "author.boss.boss.boss.boss.boss.boss.boss.name ?= 'x'",
        "author.email ~ 'example' && readers.email ~ 'example'",
        "author.email != ''",
        "readers.email ?!= 'x'",
        "s ~ s",
        "'abc' ~ s",
        "t ~ '\\%'",
        "s ~ 'b\\\\%'",
        "s ~ '\\\\%'",
        "n = 9007199254740993",
        "m = 1000000000000000000000",
        "t = m",
        "s = n",
        "n = s",
        "n = t",
        "strftime('%Y-%m', d, '+1 month') ?= '2025-02'",
        "strftime('%w', n, 'unixepoch') = '4'",
        "strftime('%Y', '2025-05-05') = '2025'",
        "strftime('%s', '2020-01-01', 'start of year') > '1'",
        "strftime('%H:%M', d, '-30 minutes', 'utc') != ''",
        "strftime('%Y', many.weight, 'unixepoch') = '1970'",
        "geoDistance(g.lon, g.lat, 0, 0) > many.weight",
        "geoDistance(author.pos.lon, author.pos.lat, 0, 0) != ''",
        "one:each <= 1",
        "j.a:lower = null",
        "@request.auth.name:isset = ''",
        "@request.auth.email:length ~ 'admin'",
        "@request.auth.nope_via_nope.x = ''",
        "@request.method:lower = 'get'",
        "@year:lower > 1",
        "@request.query.probe.x = ''",
        "s:changed = 'a'",
        "s:isset = 'a'",
        "many.meta.a:lower = null",
        "author.pos.lon:lower = null",
        "@request.auth.age = '5'",
        "@request.auth.age > '4'",
        "@request.auth.name < 100",
        "'0' ~ @request.auth.verified",
        "'false' ~ @request.auth.verified",
        "'0' ~ false",
        "@request.auth.verified ~ '0'",
        "c:each != j.b",
        "j = '[]'",
        "j = '{}'",
        "j = true",
        "j = 1",
        "j = '{\"a\":1,\"b\":[1,2]}'",
        "j.b = '[1,2]'",
        "j.a = true",
        "j ~ '\"a\"'",
        "j = ''",
        "j = null",
        "j != null",
        "j > 4",
        "j = s",
        "id = 5",
        "id > 5",
        "author = @request.auth.id",
        "@request.auth.id = ''",
        "@request.query.probe = 5",
        "@request.query.probe > 4",
    ] {
        for caller in [SUPERUSER, ADA] {
            filter(pair, caller, &Expression { text: text.to_owned(), leaves: Vec::new() }).await;
        }
    }
}

/// Filters of a superuser.
pub async fn filters(pair: &mut Pair, random: &mut Random, count: u64) {
    for _ in 0..count {
        filter(pair, SUPERUSER, &expression(random, Kind::Trusted)).await;
    }
}

/// Filters of those who may not touch everything.
pub async fn client_filters(pair: &mut Pair, random: &mut Random, count: u64) {
    for _ in 0..count {
        let expression = expression(random, Kind::Client);
        for caller in [GUEST, ADA, BOB] {
            filter(pair, caller, &expression).await;
        }
    }
}

/// Orders by any path, then by plain fields. (Of a path that leads to several values the first counts, whichever
/// the engine finds first.)
pub async fn sorts(pair: &mut Pair, random: &mut Random, count: u64) {
    for _ in 0..count {
        let term = path(random, Kind::Sort);
        let sort =
            format!("{}{term},{}", random.pick(&["", "-", "+"]), random.pick(&["id", "-id", "@rowid", "c,-n,id"]));
        let wanted = match crate::database::is_postgres() && has_many_values(&term) {
            true => Wanted::Records,
            false => Wanted::Order,
        };
        for caller in [SUPERUSER, BOB] {
            let query = [("sort", sort.as_str()), ("perPage", "100")];
            pair.list(caller, &format!("sort {sort}"), POSTS, &query, wanted).await;
        }
    }
}

/// By which of them a record is sorted is the engine's choice.
fn has_many_values(term: &str) -> bool {
    ["_via_", "many.", "readers.", ".friends", ".roles", ":each"].iter().any(|part| term.contains(part))
}

/// A number of the caller beside texts.
const CALLER_RULES: [&str; 8] = [
    "@request.auth.age < s",
    "@request.auth.age >= s",
    "s ?< @request.auth.age",
    "@request.auth.age ?<= @request.auth.boss.name",
    "@request.auth.age < readers.name",
    "@request.auth.age > many.label",
    "@request.auth.age <= s:lower",
    "@request.auth.age < j.a",
];

/// The same rule for several callers.
pub async fn list_rules(pair: &mut Pair, random: &mut Random, count: u64) {
    let fixed = CALLER_RULES.iter().map(|rule| (*rule).to_owned());
    let drawn = (0..count).map(|_| expression(random, Kind::Trusted).text);
    for rule in fixed.chain(drawn) {
        if pair.both_try("/api/collections/posts", &json!({ "listRule": rule })).await {
            for caller in [GUEST, ADA, BOB] {
                let query = [("perPage", "100"), ("probe", "5"), ("empty", "")];
                pair.list(caller, &format!("list rule {rule}"), POSTS, &query, Wanted::Records).await;
            }
        }
    }
    pair.both_try("/api/collections/posts", &json!({ "listRule": "" })).await;
}

fn bodies() -> Vec<Json> {
    vec![
        json!({}),
        draft(),
        json!({ "s": "A", "n": "7", "b": "true", "cs": ["c"], "many": [], "one": "", "unknown": { "a": 1, "list": ["x"] } }),
        json!({ "s": "", "n": 0, "j": { "b": [1] }, "cs+": "c", "many": id("t2"), "one": id("t5"), "author": id("bob"), "unknown": "5" }),
        json!({ "s": "a", "n+": 2, "many-": id("t1"), "+many": id("t3"), "c": "b", "d": "2025-01-01", "j": "5" }),
    ]
}

/// A create rule sees the new record and what was sent.
pub async fn create_rules(pair: &mut Pair, random: &mut Random, count: u64) {
    for number in 0..count {
        let rule = expression(random, Kind::Create).text;
        if !pair.both_try("/api/collections/drafts", &json!({ "createRule": rule })).await {
            continue;
        }
        for (index, mut body) in bodies().into_iter().enumerate() {
            let new = id(&format!("n{number}x{index}x"));
            body["id"] = new.as_str().into();
            let caller = [GUEST, ADA, BOB][random.below(3)];
            let created = pair.write(caller, &format!("create rule {rule}"), Method::POST, DRAFTS, &body).await;
            if created != Some(400) {
                pair.write(SUPERUSER, "tidy up", Method::DELETE, &format!("{DRAFTS}/{new}"), &json!({})).await;
            }
        }
    }
}

/// An update rule sees the stored record and what was sent.
pub async fn update_rules(pair: &mut Pair, random: &mut Random, count: u64) {
    let path = format!("{DRAFTS}/{}", id("d1x"));
    for _ in 0..count {
        let rule = expression(random, Kind::Update).text;
        if !pair.both_try("/api/collections/drafts", &json!({ "updateRule": rule })).await {
            continue;
        }
        for body in bodies() {
            let caller = [GUEST, ADA, BOB][random.below(3)];
            if pair.write(caller, &format!("update rule {rule}"), Method::PATCH, &path, &body).await != Some(404) {
                pair.both_do(Method::PATCH, &path, &draft()).await;
            }
        }
    }
}
