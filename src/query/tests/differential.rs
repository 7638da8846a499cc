//! The same generated cases for all that can answer: SQL on SQLite, the same on PostgreSQL where `TEST_POSTGRES_URL` names
//! a server, and the evaluator wherever it answers. Ids, their order and their number must agree.
//!
//! A case that fails is made smaller and kept in `proptest-regressions/`.

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use serde_json::{Value as Json, json};

use super::fixture::{Fixture, caller, kind_is_list};
use super::generated::{expression, fixture, note, row, sort};
use super::postgres::{differences, emptying, prepared};
use crate::query::{Filter, Request, Trust, eval};
use crate::schema::Record;
use crate::store::postgres::translate::tests::Server;

/// With the filters that each asks, 2,000 cases on the average.
const CASES: u32 = 40;
const MOST_FILTERS: usize = 100;
/// The total says little more than the list.
const COUNT_EVERY: usize = 4;
/// Each attempt to make a case smaller asks the server again.
const ATTEMPTS: u32 = 300;

/// Filters that once were answered differently.
const KEPT: &[&str] = &["m ~ '100%'", "@request.body.s:changed = t", "@request.body.n ~ @request.body.s:changed"];

#[derive(Debug, Clone)]
struct Case {
    rows: Vec<Json>,
    notes: Vec<Json>,
    body: Json,
    /// Filters, each with an order.
    asked: Vec<(String, String)>,
}

fn case() -> impl Strategy<Value = Case> {
    let rows = prop::collection::vec(row(), 1..6);
    let notes = prop::collection::vec(note(), 0..4);
    let asked = prop::collection::vec((expression(), sort()), 1..=MOST_FILTERS);
    (rows, notes, row(), asked).prop_map(|(rows, notes, body, asked)| Case { rows, notes, body, asked })
}

#[test]
fn all_that_can_answer_agree() {
    let server = prepared(&fixture());
    let persistence = FileFailurePersistence::SourceParallel("proptest-regressions");
    let config = ProptestConfig {
        cases: CASES,
        max_shrink_iters: ATTEMPTS,
        failure_persistence: Some(Box::new(persistence)),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let checked = TestRunner::new(config).run(&case(), |case| check(&case, server.as_ref()));
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn what_once_differed_agrees() {
    let server = prepared(&fixture());
    let row = json!({ "s": "", "t": "1", "n": 5, "m": 1e21 });
    let asked = KEPT.iter().map(|filter| ((*filter).to_owned(), String::new())).collect();
    let case = Case { rows: vec![row], notes: Vec::new(), body: json!({ "s": "a", "n": 0 }), asked };
    check(&case, server.as_ref()).unwrap_or_else(|failure| panic!("{failure}"));
}

fn check(case: &Case, server: Option<&Server>) -> Result<(), TestCaseError> {
    let fixture = fixture();
    let request = request(&fixture, &case.body);
    let records: Vec<Record> =
        (0..).zip(&case.rows).map(|(number, row)| insert(&fixture, "rows", number, row)).collect();
    for (number, note) in (0..).zip(&case.notes) {
        insert(&fixture, "notes", number, note);
    }
    for (number, (filter, sort)) in case.asked.iter().enumerate() {
        // What is equal otherwise comes in the order of ids.
        let order = if sort.is_empty() { "id".to_owned() } else { format!("{sort},id") };
        let fail = |error| TestCaseError::fail(format!("{filter} by {order}: {error}"));
        let found = fixture.ids("rows", filter, &order, &request, Trust::Rule).map_err(fail)?;
        if number % COUNT_EVERY == 0 {
            let total = fixture.count("rows", filter, &request, Trust::Rule).map_err(fail)?;
            prop_assert_eq!(total, found.len() as i64, "the number of what {} finds", filter);
        }
        let parsed = Filter::parse(filter).expect("it was read before").expect("it is not empty");
        for record in &records {
            if let Some(answer) = eval(&parsed, &fixture.schema, record, &request) {
                let listed = found.iter().any(|id| id == record.id());
                prop_assert_eq!(answer, listed, "{} on {:?}", filter, record.values);
            }
        }
    }
    let Some(server) = server else { return Ok(()) };
    let log = fixture.log.borrow();
    let empty = emptying(&fixture.schema);
    let wrong = differences(server, empty.iter().chain(log.iter()));
    prop_assert!(wrong.is_empty(), "{:#?}", wrong.iter().take(3).collect::<Vec<_>>());
    Ok(())
}

fn insert(fixture: &Fixture, name: &str, number: usize, json: &Json) -> Record {
    let mut json = json.clone();
    json["id"] = format!("{}{number}", name.trim_end_matches('s')).into();
    fixture.insert(name, json)
}

/// Ada asks, with bob beside her.
pub fn request(fixture: &Fixture, body: &Json) -> Request {
    let mut request = caller(fixture, json!({ "id": "ada", "name": "a", "age": 5 }));
    fixture.insert("users", json!({ "id": "bob", "name": "", "age": 0 }));
    request.method = "GET".into();
    request.query.insert("q".into(), "5".into());
    request.headers.insert("x_probe".into(), "5".into());
    request.body = body.as_object().cloned().unwrap_or_default();
    request.clock = crate::clock::Clock::fixed(1_700_000_000_000);
    request
}

#[test]
fn the_evaluator_answers_what_is_common() {
    let fixture = fixture();
    let request = caller(&fixture, json!({ "id": "ada" }));
    let record =
        fixture.insert("rows", json!({ "id": "x", "rel": "ada", "s": "a", "n": 3, "m": 9_007_199_254_740_992.0 }));
    for (rule, expected) in [
        ("rel = @request.auth.id", Some(true)),
        ("@request.auth.id != '' && rel = @request.auth.id", Some(true)),
        ("s = 'b' && rel.name = 'x'", Some(false)),
        ("s = 'a' && rel.name = 'x'", None),
        ("n > 2 || rel.name = 'x'", Some(true)),
        ("nope = 1", None),
        ("tags:each = 'a'", None),
        ("m = '9007199254740993'", Some(false)),
        ("m < '9007199254740993'", Some(true)),
        ("m = '9007199254740992'", Some(true)),
        ("'9223372036854775807' < m || m > '-9223372036854775808'", Some(true)),
    ] {
        let filter = Filter::parse(rule).unwrap().unwrap();
        assert_eq!(eval(&filter, &fixture.schema, &record, &request), expected, "{rule}");
        if let Some(expected) = expected {
            let found = fixture.ids("rows", rule, "", &request, Trust::Rule).map(|ids| ids.len() == 1);
            assert_eq!(found, Ok(expected), "{rule} in SQL");
        }
    }
    assert!(record.collection.fields.iter().any(kind_is_list));
}
