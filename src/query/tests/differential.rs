//! Generated expressions on generated rows: SQL and the evaluator must agree wherever the evaluator answers.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fixture::{Fixture, caller, collection, kind, kind_is_list, open_rules, relation, select, text};
use crate::query::{Filter, Trust, eval};

const TEXTS: &[&str] = &[
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
    "É",
    "é",
    "\u{1F600}",
    "%",
    "_",
    "\\",
    "a_b",
    "100%",
    "true",
    "null",
    "0",
    "1",
    "[]",
    "ada",
];
const NUMBERS: &[f64] = &[0.0, 1.0, -1.5, 5.0, 5.5, 1e21, 9_007_199_254_740_993.0, 100.0];

pub fn fixture() -> Fixture {
    let fields = [
        ("s", text()),
        ("t", text()),
        ("n", kind("number")),
        ("m", kind("number")),
        ("b", kind("bool")),
        ("d", kind("date")),
        ("j", kind("json")),
        ("tags", select(3)),
        ("rel", relation("users", 1)),
        ("rels", relation("users", 4)),
    ];
    Fixture::new(vec![
        collection("users", open_rules(), &[("name", text()), ("age", kind("number"))]),
        collection("rows", open_rules(), &fields),
    ])
}

pub fn row() -> impl Strategy<Value = Json> {
    let texts = || prop::sample::select(TEXTS);
    let numbers = || prop::sample::select(NUMBERS);
    let dates = prop::sample::select(&["", "2022-01-01", "2022-01-01 10:00:00.123Z", "1999-12-31"][..]);
    let jsons = prop::sample::select(vec![
        json!(null),
        json!(5),
        json!("5"),
        json!(true),
        json!([]),
        json!({ "a": 1 }),
        json!(""),
    ]);
    let tags = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    let relation = || prop::sample::select(&["", "ada", "bob"][..]);
    (texts(), texts(), numbers(), numbers(), any::<bool>(), dates, jsons, tags, relation(), prop::sample::subsequence(vec!["ada", "bob"], 0..=2)).prop_map(
        |(s, t, n, m, b, d, j, tags, rel, rels)| json!({ "s": s, "t": t, "n": n, "m": m, "b": b, "d": d, "j": j, "tags": tags, "rel": rel, "rels": rels }),
    )
}

fn operand() -> impl Strategy<Value = String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    prop_oneof![
        5 => prop::sample::select(&["s", "t", "n", "m", "b", "d", "rel", "tags", "rel.id", "id"][..]).prop_map(str::to_owned),
        1 => prop::sample::select(&["j", "j.a", "tags:each", "tags:length", "rel.name", "rels.id", "rels.age", "s:lower", "users_via_x"][..8]).prop_map(str::to_owned),
        2 => prop::sample::select(&["@request.auth.id", "@request.auth.name", "@request.auth.age", "@request.auth.none", "@request.body.s", "@request.body.n", "@request.query.q", "@request.method", "@request.body.s:isset", "@request.body.s:changed", "@request.body.n:changed", "@year", "@now"][..]).prop_map(str::to_owned),
        3 => prop::sample::select(TEXTS).prop_map(quoted),
        2 => prop::sample::select(&["0", "1", "5", "5.0", "-1.5", "5.5", "true", "false", "null"][..]).prop_map(str::to_owned),
    ]
}

pub fn expression() -> impl Strategy<Value = String> {
    let operators =
        prop::sample::select(&["=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?~", "?!~"][..]);
    let leaf = (operand(), operators, operand()).prop_map(|(left, op, right)| format!("{left} {op} {right}"));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::collection::vec(inner, 1..4), prop::sample::select(&[" && ", " || "][..]))
            .prop_map(|(parts, operator)| format!("({})", parts.join(operator)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn sql_and_memory_agree(rows in prop::collection::vec(row(), 1..6), filters in prop::collection::vec(expression(), 1..8), body in row()) {
        let fixture = fixture();
        let mut request = caller(&fixture, json!({ "id": "ada", "name": "a", "age": 5 }));
        fixture.insert("users", json!({ "id": "bob", "name": "", "age": 0 }));
        request.method = "GET".into();
        request.query.insert("q".into(), "5".into());
        request.body = body.as_object().cloned().unwrap_or_default();
        request.clock = crate::clock::Clock::fixed(1_700_000_000_000);
        let records: Vec<_> = rows.into_iter().enumerate().map(|(index, mut row)| {
            row["id"] = format!("row{index}").into();
            fixture.insert("rows", row)
        }).collect();
        for filter in filters {
            let found = fixture.ids("rows", &filter, "", &request, Trust::Rule).map_err(|error| TestCaseError::fail(format!("{filter}: {error}")))?;
            let parsed = Filter::parse(&filter).unwrap().unwrap();
            for record in &records {
                if let Some(answer) = eval(&parsed, &fixture.schema, record, &request) {
                    prop_assert_eq!(answer, found.iter().any(|id| id == record.id()), "{} on {:?}", filter, record.values);
                }
            }
        }
    }
}

#[test]
fn the_evaluator_answers_what_is_common() {
    let fixture = fixture();
    let request = caller(&fixture, json!({ "id": "ada" }));
    let record = fixture.insert("rows", json!({ "id": "x", "rel": "ada", "s": "a", "n": 3 }));
    for (rule, expected) in [
        ("rel = @request.auth.id", Some(true)),
        ("@request.auth.id != '' && rel = @request.auth.id", Some(true)),
        ("s = 'b' && rel.name = 'x'", Some(false)),
        ("s = 'a' && rel.name = 'x'", None),
        ("n > 2 || rel.name = 'x'", Some(true)),
        ("nope = 1", None),
        ("tags:each = 'a'", None),
    ] {
        let filter = Filter::parse(rule).unwrap().unwrap();
        assert_eq!(eval(&filter, &fixture.schema, &record, &request), expected, "{rule}");
    }
    assert!(record.collection.fields.iter().any(kind_is_list));
}
