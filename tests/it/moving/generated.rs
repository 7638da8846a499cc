//! Requests that a seed repeats: by whom, to which collection, with which parameters and values.

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::app::{ODD_NAMES, id};
use super::asks::{Ask, get};
use crate::differential::random::Random;

const THINGS: [&str; 4] = ["things", "closed", "owned", "shared"];
const VIEWS: [&str; 3] = ["things_view", "view_of_view", "joined"];
const OTHERS: [&str; 7] = ["users", "members", "documents", "_externalAuths", "_mfas", "_authOrigins", "nowhere"];

const OF_THINGS: &[&str] = &[
    "id",
    "title",
    "n",
    "whole",
    "flag",
    "email_field",
    "link",
    "body",
    "when",
    "one",
    "many",
    "owner",
    "json",
    "json.a.b",
    "json.0",
    "geo.lon",
    "code",
    "_odd9",
    "list",
    "owner.name",
    "owner.id",
    "owner.verified",
    "list.title",
    "list.n",
    "list.owner.name",
    "list.list.n",
    "many:each",
    "many:length",
    "list:length",
    "title:lower",
    "@request.auth.id",
    "@request.auth.name",
    "list.owner.id",
    "things_via_list.title",
];
const OF_VIEWS: &[&str] =
    &["id", "title", "id", "title", "title:lower", "n", "twice", "c", "who", "owner.name", "many:length"];
const OF_OTHERS: &[&str] = &[
    "id",
    "id",
    "id",
    "name",
    "nick",
    "verified",
    "doc",
    "pics",
    "pics:length",
    "title",
    "recordRef",
    "provider",
    "from",
    "GROUP",
    "constraint",
    "unknown",
    "@request.auth.nick",
    "things_via_owner.n",
];
const OPERATORS: &[&str] = &["=", "!=", ">", ">=", "<", "<=", "~", "!~"];
const LITERALS: &[&str] = &[
    "''",
    "null",
    "true",
    "false",
    "0",
    "1",
    "7",
    "-1.5",
    "0.1",
    "1e15",
    "'a'",
    "'b'",
    "'ü \" ,'",
    "'Title 1'",
    "'%1%'",
    "'changed'",
    "'ada000000000000'",
    "'r00000000000003'",
    "'Ada'",
    "'2024-01-01'",
    "'2023-01-01 00:00:00.000Z'",
    "@now",
    "@year",
    "'m3@example.com'",
    "12",
    "'0012'",
];
const SORTS: &[&str] = &[
    "id",
    "-id",
    "n,id",
    "-n,id",
    "title,-id",
    "-when,id",
    "owner,id",
    "json,id",
    "many,-id",
    "one,n,id",
    "unknown",
    "from,id",
];
const EXPANDS: &[&str] = &[
    "owner",
    "list",
    "owner,list",
    "list.list",
    "list.owner,owner",
    "unknown",
    "things_via_owner",
    "members_via_x",
    "list.list.list.owner",
];
const FIELDS: &[&str] = &[
    "id",
    "id,title",
    "*,expand.owner.name",
    "id,body:excerpt(3,true)",
    "expand",
    "*",
    "id,unknown",
    "json,geo",
    "id,expand.list.*",
];

/// Reads and writes with a number that chooses the caller.
pub struct Generated {
    pub reads: Vec<(usize, Ask)>,
    pub writes: Vec<(usize, Ask)>,
}

/// As many requests as there are cases, a quarter of them writes.
pub fn asks(seed: usize, cases: usize) -> Generated {
    let mut random = Random::new(seed as u64);
    let reads = (0..cases - cases / 4).map(|_| (random.below(1000), read(&mut random))).collect();
    let writes = (0..cases / 4).map(|number| (random.below(1000), write(&mut random, number))).collect();
    Generated { reads, writes }
}

fn collection(random: &mut Random) -> &'static str {
    match random.below(10) {
        0..=5 => random.pick(&THINGS),
        6..=7 => random.pick(&VIEWS),
        8 => random.pick(&OTHERS),
        _ => random.pick(&ODD_NAMES),
    }
}

fn read(random: &mut Random) -> Ask {
    let name = collection(random);
    let mut query: Vec<(&str, String)> = Vec::new();
    let one = random.percent(15);
    if !one {
        if random.percent(80) {
            query.push(("filter", filter(random, name)));
        }
        query.push(("sort", random.pick(SORTS).to_owned()));
        for (key, values) in [
            ("page", ["1", "2", "0", "x"]),
            ("perPage", ["3", "30", "1000", "-1"]),
            ("skipTotal", ["1", "true", "0", ""]),
        ] {
            if random.percent(25) {
                query.push((key, random.pick(&values).to_owned()));
            }
        }
    }
    if random.percent(35) {
        query.push(("expand", random.pick(EXPANDS).to_owned()));
    }
    if random.percent(20) {
        query.push(("fields", random.pick(FIELDS).to_owned()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let (method, path, body) = get(name, &query);
    match one {
        true => (method, path.replacen("/records?", &format!("/records/{}?", id(random.below(45))), 1), body),
        false => (method, path, body),
    }
}

fn filter(random: &mut Random, collection: &str) -> String {
    let mut operands = match collection {
        thing if THINGS.contains(&thing) => OF_THINGS,
        view if VIEWS.contains(&view) => OF_VIEWS,
        _ => OF_OTHERS,
    };
    if random.percent(5) {
        operands = OF_OTHERS;
    }
    let mut text = comparison(random, operands);
    for _ in 0..random.below(3) {
        let joint = random.pick(&["&&", "||"]);
        let next = comparison(random, operands);
        text = if random.percent(30) { format!("({text}) {joint} {next}") } else { format!("{text} {joint} {next}") };
    }
    text
}

/// One that compares with each of several related records asks for any of them: those that the caller may not list do not
/// count for all of them here (docs/compatibility.md).
fn comparison(random: &mut Random, operands: &[&str]) -> String {
    let others = if random.percent(85) { LITERALS } else { operands };
    let (left, right) = (random.pick(operands).to_owned(), random.pick(others));
    let crosses = |operand: &str| operand.starts_with("list.") || operand.contains("_via_");
    let any = crosses(&left) || crosses(right) || random.percent(30);
    format!("{left} {}{} {right}", if any { "?" } else { "" }, random.pick(OPERATORS))
}

fn write(random: &mut Random, number: usize) -> Ask {
    let path = format!("/api/collections/{}/records", random.pick(&THINGS));
    let body = Json::Object(values(random));
    match random.below(10) {
        0..=2 => {
            let mut body = body;
            body["id"] = id(1000 + number).into();
            (Method::POST, path, body)
        }
        3..=8 => (Method::PATCH, format!("{path}/{}", id(random.below(45))), body),
        _ => (Method::DELETE, format!("{path}/{}", id(random.below(45))), Json::Null),
    }
}

/// A few fields with values of which some are refused.
fn values(random: &mut Random) -> Map<String, Json> {
    let choices: [(&str, Vec<Json>); 17] = [
        (
            "title",
            vec![
                json!("plain"),
                json!(""),
                json!("ü\u{1F600}\t<i>"),
                json!(5),
                json!(null),
                json!("x".repeat(201)),
                json!(["a"]),
            ],
        ),
        (
            "n",
            vec![
                json!(0),
                json!(-7.25),
                json!("12"),
                json!("nonsense"),
                json!(null),
                json!(1e20),
                json!(true),
                json!(0.1),
            ],
        ),
        ("n+", vec![json!(1), json!(-0.5), json!("2")]),
        ("n-", vec![json!(1)]),
        ("whole", vec![json!(5), json!(1.5), json!(-6), json!(1001), json!("8")]),
        ("flag", vec![json!(true), json!("false"), json!("1"), json!(null), json!("x")]),
        ("email_field", vec![json!("a@example.com"), json!("a@example.org"), json!("no"), json!("")]),
        ("link", vec![json!("https://example.com/x"), json!("https://other.com"), json!("no"), json!("")]),
        ("body", vec![json!("<p>x</p>"), json!("")]),
        (
            "when",
            vec![
                json!("2024-02-29"),
                json!("2024-02-29 12:30:00.5Z"),
                json!("1999-01-01"),
                json!(0),
                json!(""),
                json!("no"),
            ],
        ),
        ("one", vec![json!("a"), json!("ü \" ,"), json!("no"), json!(null), json!(["b"])]),
        ("many", vec![json!(["a", "b"]), json!("c"), json!(["a", "a"]), json!(["no"]), json!([])]),
        ("many+", vec![json!("b"), json!(["a", "c"])]),
        ("list", vec![json!([id(0), id(1)]), json!(id(5)), json!(["no"]), json!([]), json!([id(1), id(1)])]),
        ("owner", vec![json!("ada000000000000"), json!("bob000000000000"), json!("no"), json!("")]),
        (
            "json",
            vec![
                json!({ "b": [1, { "c": null }] }),
                json!("text"),
                json!("[1"),
                json!(0),
                json!(false),
                json!("x".repeat(6000)),
                json!(null),
            ],
        ),
        ("code", vec![json!("ABC"), json!("abc"), json!("ABCDEFGHIJ"), json!("")]),
    ];
    let mut body = Map::new();
    for _ in 0..=random.below(4) {
        let (key, values) = &choices[random.below(choices.len())];
        body.insert((*key).to_owned(), values[random.below(values.len())].clone());
    }
    body
}
