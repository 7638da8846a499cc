//! What the tests read on SQLite, read on PostgreSQL over the same rows.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::after::page;
use super::differential::request;
use super::fixture::{Fixture, Logged};
use super::generated::{fixture, row, sort};
use crate::query::{AggregateTexts, Aggregation, Query, Request};
use crate::schema::Schema;
use crate::store::Statement;
use crate::store::postgres::translate::tests::{Case, Server, alike};

/// Fixtures, and what is asked of each.
const FIXTURES: usize = 10;
const PAGES: usize = 12;

/// Does everything that was done on SQLite, and compares what is read.
pub fn replay(fixture: &Fixture) {
    let Some(server) = prepared(fixture) else { return };
    let log = fixture.log.borrow();
    let wrong = differences(&server, log.iter());
    let shown: Vec<&String> = wrong.iter().take(8).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{shown:#?}", wrong.len(), log.len());
}

/// A server with the tables of the fixture; `None` where there is no server.
pub fn prepared(fixture: &Fixture) -> Option<Server> {
    let mut server = Server::find()?;
    for logged in fixture.log.borrow().iter().filter(|logged| logged.statement.sql.starts_with("CREATE")) {
        server.execute(&logged.statement.sql, &[]).expect("a table");
    }
    Some(server)
}

/// What takes all rows out.
pub fn emptying(schema: &Schema) -> Vec<Logged> {
    let delete = |name: &str| Statement::new(format!("DELETE FROM \"{name}\""), Vec::new());
    let logged = |name: &str| Logged { statement: delete(name), rows: None };
    schema.collections().iter().map(|collection| logged(&collection.name)).collect()
}

/// Does what was done but for tables that were made, and tells what is answered otherwise.
pub fn differences<'a>(server: &Server, log: impl Iterator<Item = &'a Logged>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut asked: Vec<(&Logged, Case)> = Vec::new();
    for logged in log.filter(|logged| !logged.statement.sql.starts_with("CREATE")) {
        match server.case(&logged.statement.sql, &logged.statement.params) {
            Ok(case) => asked.push((logged, case)),
            Err(refused) => wrong.push(refused),
        }
    }
    let (asked, cases): (Vec<&Logged>, Vec<Case>) = asked.into_iter().unzip();
    for ((logged, case), answer) in asked.iter().zip(&cases).zip(server.answers(&cases)) {
        let found = match answer {
            Ok(found) => found,
            Err(error) => {
                wrong.push(format!("{:?}\n  {error}", logged.statement));
                continue;
            }
        };
        // What comes by chance comes in another order.
        let Some(expected) = logged.rows.as_ref().filter(|_| !logged.statement.sql.contains("RANDOM()")) else {
            continue;
        };
        if expected.len() != found.len() || !expected.iter().zip(&found).all(|(a, b)| alike(a, b)) {
            let (sql, translated) = (&logged.statement, &case.translated.sql);
            wrong.push(format!("{sql:?}\n  {translated}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    wrong
}

fn draw<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).expect("a value").current()
}

const GROUPS: &[&str] =
    &["s", "n", "b", "j", "j.a", "tags:each", "rel.name", "rels.age", "month(d)", "quarter(d)", "week(d)", "s:lower"];
const FUNCTIONS: &[&str] = &[
    "count()",
    "countDistinct(s)",
    "countDistinct(j)",
    "sum(n)",
    "avg(n)",
    "min(s)",
    "max(j)",
    "min(n)",
    "sum(j)",
    "max(b)",
    "avg(rel.age)",
];
const HAVING: &[&str] = &["", "count() > 1", "count() >= 1", "count() = 2 || count() < 2"];

#[test]
fn generated_pages_and_groups_are_the_same() {
    let given = std::env::var("DIFFERENTIAL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    // Shown where the test fails.
    println!("DIFFERENTIAL_SEED={seed}");
    let seed: Vec<u8> = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    for _ in 0..FIXTURES {
        let fixture = fixture();
        let request = request(&fixture, &draw(&mut runner, &row()));
        let rows = draw(&mut runner, &prop::collection::vec(row(), 3..9));
        for (index, mut row) in rows.into_iter().enumerate() {
            row["id"] = format!("row{index}").into();
            fixture.insert("rows", row);
        }
        for _ in 0..PAGES {
            let order = draw(&mut runner, &sort());
            let mut after = None;
            for _ in 0..4 {
                let (_, keys) = page(&fixture, "rows", ("", &order), after.as_deref(), 2);
                let Some(keys) = keys else { break };
                after = Some(keys);
            }
        }
        for group in GROUPS {
            for select in FUNCTIONS {
                let having = draw(&mut runner, &prop::sample::select(HAVING));
                aggregate(&fixture, &request, group, select, having);
            }
        }
        replay(&fixture);
    }
}

fn aggregate(fixture: &Fixture, request: &Request, group: &str, select: &str, having: &str) {
    let having = if select == "count()" { having } else { "" };
    let texts =
        AggregateTexts { group: group.into(), select: select.into(), having: having.into(), sort: String::new() };
    let aggregation = Aggregation::parse(&texts).unwrap_or_else(|error| panic!("{texts:?}: {error:?}"));
    let collection = fixture.schema.by_name("rows").expect("a collection");
    let grouped = Query::new(&fixture.schema, collection, request).aggregate(&aggregation);
    // Not every function takes every field.
    let Ok(grouped) = grouped else { return };
    fixture.run(&grouped.page(100, 0));
    fixture.run(&grouped.count());
}
