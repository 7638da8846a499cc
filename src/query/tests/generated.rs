//! Generated rows, expressions and orders, for every test that compares.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fixture::{Fixture, collection, kind, open_rules, relation, select, text};

/// None spells a whole number that no real can be: PostgreSQL compares it rounded.
pub const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b",
    "5",
    "5.0",
    "05",
    " 5",
    "1e21",
    "-0",
    "-1.5",
    "É",
    "é",
    "\u{1F600}",
    "\u{7f}",
    "\t",
    "%",
    "_",
    "\\",
    "\\%",
    "a_b",
    "a'b",
    "100%",
    "true",
    "null",
    "0",
    "1",
    "[]",
    "[\"a\"]",
    "ada",
    "2022-01-01",
    "2022-01-01 00:00:00.000Z",
];
/// Texts that differ in little, so that conditions meet what they just find and just miss.
const RELATED: &[&str] = &["a", "A", "aB", "Ab", "bA", "É", "é", "éA", "a%", "A_b"];
const NUMBERS: &[f64] =
    &[0.0, -0.0, 1.0, -1.5, 5.0, 5.5, 0.1, 1e21, 9_007_199_254_740_991.0, 9_007_199_254_740_993.0, 100.0];
const DATES: &[&str] = &["", "2022-01-01", "2022-01-01 10:00:00.123Z", "1999-12-31", "2023-11-14 22:13:20.000Z"];

/// Paths of plain columns, which come most often.
const PLAIN: &[&str] = &["s", "t", "n", "m", "b", "d", "rel", "tags", "rels", "rel.id", "id"];
/// Paths to texts.
const WORDS: &[&str] = &["s", "t", "s:lower", "rel.name", "rels.name", "notes_via_row.label"];
const PATHS: &[&str] = &[
    "j",
    "j.a",
    "j.a.b",
    "j.0",
    "j:length",
    "tags:each",
    "tags:length",
    "tags:lower",
    "s:lower",
    "g",
    "g.lon",
    "rel.name",
    "rel.age",
    "rel.name:lower",
    "rels.id",
    "rels.age",
    "rels.name",
    "rels:each",
    "rels:length",
    "notes_via_row.votes",
    "notes_via_row.label",
    "notes_via_row.id",
    "notes_via_row.rows:length",
    "notes_via_rows.votes",
    "@collection.notes.label",
    "@collection.notes.votes",
    "@collection.users:u.age",
    "geoDistance(g.lon, g.lat, 0, 0)",
    "geoDistance(g.lon, g.lat, 10.5, n)",
    "strftime('%Y', d)",
    "strftime('%m-%d', d, '+1 month')",
];
const ASKED: &[&str] = &[
    "@request.auth.id",
    "@request.auth.name",
    "@request.auth.age",
    "@request.auth.none",
    "@request.body.s",
    "@request.body.n",
    "@request.body.j.a",
    "@request.body.tags:each",
    "@request.body.tags:length",
    "@request.body.s:isset",
    "@request.body.s:changed",
    "@request.body.n:changed",
    "@request.query.q",
    "@request.headers.x_probe",
    "@request.method",
    "@request.context",
    "@year",
    "@month",
    "@now",
    "@todayStart",
];
const NUMERALS: &[&str] = &["0", "1", "5", "5.0", "-1.5", "5.5", "9007199254740993", "true", "false", "null"];
const OPERATORS: &[&str] =
    &["=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~", "?!~"];

const TERMS: &[&str] = &[
    "s",
    "n",
    "b",
    "d",
    "j",
    "j.a",
    "tags",
    "tags:each",
    "tags:length",
    "s:lower",
    "rel",
    "rel.name",
    "rel.age",
    "rels.age",
    "@rowid",
    "id",
];

/// Users, rows that refer to them, and notes that refer to rows.
pub fn fixture() -> Fixture {
    let fields = [
        ("s", text()),
        ("t", text()),
        ("n", kind("number")),
        ("m", kind("number")),
        ("b", kind("bool")),
        ("d", kind("date")),
        ("j", kind("json")),
        ("g", kind("geoPoint")),
        ("tags", select(3)),
        ("rel", relation("users", 1)),
        ("rels", relation("users", 4)),
    ];
    let notes =
        [("row", relation("rows", 1)), ("rows", relation("rows", 4)), ("label", text()), ("votes", kind("number"))];
    Fixture::new(vec![
        collection("users", open_rules(), &[("name", text()), ("age", kind("number"))]),
        collection("rows", open_rules(), &fields),
        collection("notes", open_rules(), &notes),
    ])
}

pub fn row() -> impl Strategy<Value = Json> {
    let texts = || prop_oneof![prop::sample::select(TEXTS), prop::sample::select(RELATED)];
    let numbers = || prop::sample::select(NUMBERS);
    let jsons = prop::sample::select(vec![
        json!(null),
        json!(5),
        json!(5.5),
        json!("5"),
        json!("a"),
        json!(true),
        json!([]),
        json!([1, "a", null]),
        json!({ "a": 1 }),
        json!({ "a": "5" }),
        json!({ "a": null }),
        json!({ "a": { "b": ["x", 5] } }),
        json!(""),
    ]);
    let points = prop::sample::select(vec![
        json!({ "lon": 0, "lat": 0 }),
        json!({ "lon": 10.5, "lat": -20.25 }),
        json!({ "lon": 180, "lat": 90 }),
    ]);
    let tags = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    let relation = || prop::sample::select(&["", "ada", "bob"][..]);
    let relations = prop::sample::subsequence(vec!["ada", "bob"], 0..=2);
    let plain = (texts(), texts(), numbers(), numbers(), any::<bool>(), prop::sample::select(DATES));
    (plain, jsons, points, tags, relation(), relations).prop_map(|((s, t, n, m, b, d), j, g, tags, rel, rels)| {
        json!({
            "s": s, "t": t, "n": n, "m": m, "b": b, "d": d, "j": j, "g": g,
            "tags": tags, "rel": rel, "rels": rels,
        })
    })
}

/// A note on some of the first rows.
pub fn note() -> impl Strategy<Value = Json> {
    let row = prop::sample::select(&["", "row0", "row1"][..]);
    let rows = prop::sample::subsequence(vec!["row0", "row1", "row2"], 0..=3);
    (row, rows, prop::sample::select(RELATED), prop::sample::select(NUMBERS))
        .prop_map(|(row, rows, label, votes)| json!({ "row": row, "rows": rows, "label": label, "votes": votes }))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(PLAIN).prop_map(str::to_owned),
        3 => prop::sample::select(PATHS).prop_map(str::to_owned),
        2 => prop::sample::select(ASKED).prop_map(str::to_owned),
        3 => prop::sample::select(TEXTS).prop_map(quoted),
        2 => prop::sample::select(NUMERALS).prop_map(str::to_owned),
    ]
}

pub fn expression() -> impl Strategy<Value = String> {
    let any = (operand(), prop::sample::select(OPERATORS), operand());
    let words = (
        prop::sample::select(WORDS).prop_map(str::to_owned),
        prop::sample::select(OPERATORS),
        prop::sample::select(RELATED).prop_map(quoted),
    );
    let leaf = prop_oneof![3 => any, 1 => words].prop_map(|(left, op, right)| format!("{left} {op} {right}"));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner, 1..4), prop::sample::select(&[" && ", " || "][..]))
            .prop_map(|(parts, operator)| format!("({})", parts.join(operator)))
    })
}

pub fn sort() -> impl Strategy<Value = String> {
    let term = (prop::sample::select(TERMS), any::<bool>())
        .prop_map(|(path, descending)| format!("{}{path}", if descending { "-" } else { "" }));
    prop::collection::vec(term, 0..4).prop_map(|terms| terms.join(","))
}
