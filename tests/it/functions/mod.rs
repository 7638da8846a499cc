//! The functions that PostgreSQL gets from `migrations/postgres/0000_functions.sql`, beside those of SQLite.
//!
//! Each case is an expression for either engine over the same values, which are made to be awkward. `DIFFERENTIAL_SEED`
//! chooses others. The file is run twice first, by a role that may do nothing but create in its schema. Without a server
//! (the URL in `TEST_POSTGRES_URL`, and `psql`) the test says so and passes.
//!
//! *Invariant:* where SQLite answers, PostgreSQL gives the same; where SQLite refuses, PostgreSQL does not raise.

mod cases;
mod server;
mod values;
mod words;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::differential::random::Random;
use cases::{As, CASES, Case};
use server::Server;

const SEED: u64 = 20_261_124;
/// Rows of a case that takes several values; all pairs where there are fewer.
const MOST_ROWS: usize = 4000;
/// Differences that a failure prints of each case.
const SHOWN: usize = 10;

#[test]
fn postgres_answers_as_sqlite() {
    let Some(server) = Server::find() else {
        eprintln!("skipped: no PostgreSQL in $TEST_POSTGRES_URL, or no psql");
        return;
    };
    let seed = std::env::var("DIFFERENTIAL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    let mut random = Random::new(seed);
    let sqlite = Connection::open_in_memory().expect("a database in memory");
    let differences: Vec<String> =
        CASES.iter().flat_map(|case| differences(&sqlite, &server, case, &rows(case, &mut random))).collect();
    assert!(differences.is_empty(), "answers differ (DIFFERENTIAL_SEED={seed}):\n{}", differences.join("\n"));
}

/// Every combination of the values where those are few, else some of them.
fn rows(case: &Case, random: &mut Random) -> Vec<Vec<Value>> {
    let columns: Vec<Vec<Value>> = case.values.iter().map(|kind| values::of(*kind, random)).collect();
    let all = columns.iter().map(Vec::len).product::<usize>();
    let most = if columns.len() == 1 { all } else { MOST_ROWS };
    let row = |mut number: usize| {
        let value = |column: &Vec<Value>| {
            let value = column[number % column.len()].clone();
            number /= column.len();
            value
        };
        columns.iter().map(value).collect()
    };
    if all <= most {
        return (0..all).map(row).collect();
    }
    (0..most).map(|_| columns.iter().map(|column| column[random.below(column.len())].clone()).collect()).collect()
}

fn differences(sqlite: &Connection, server: &Server, case: &Case, rows: &[Vec<Value>]) -> Vec<String> {
    let expected = sqlite_answers(sqlite, case, rows);
    let answers = match server.answers(case.postgres, rows) {
        Ok(answers) => answers,
        Err(message) => return vec![format!("{}: {message}", case.postgres)],
    };
    assert_eq!(answers.len(), rows.len(), "{}", case.postgres);
    rows.iter()
        .zip(expected.iter().zip(&answers))
        .filter(|(_, (expected, answer))| {
            expected.as_ref().is_some_and(|value| !same(value, answer.as_deref(), case.r#as))
        })
        .map(|(row, (expected, answer))| format!("{} of {row:?}: {expected:?}, not {answer:?}", case.postgres))
        .take(SHOWN)
        .collect()
}

/// What SQLite says of each row; `None` where it refuses.
fn sqlite_answers(sqlite: &Connection, case: &Case, rows: &[Vec<Value>]) -> Vec<Option<Value>> {
    let names: Vec<String> = (1..=case.values.len()).map(|number| format!("?{number} AS v{number}")).collect();
    let sql = format!("SELECT {} FROM (SELECT {})", case.sqlite, names.join(", "));
    let mut statement = sqlite.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let read = |row: &rusqlite::Row<'_>| {
        Ok(match row.get_ref(0)? {
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            other => other.try_into().expect("no blobs in the cases"),
        })
    };
    rows.iter().map(|row| statement.query_row(params_from_iter(row), read).ok()).collect()
}

fn same(expected: &Value, answer: Option<&str>, how: As) -> bool {
    let Some(answer) = answer else { return *expected == Value::Null };
    let (expected, answer) = match (expected, how) {
        (Value::Null, _) => return false,
        (expected, As::Text) => return server::spelled(expected).as_deref() == Some(answer),
        (Value::Integer(number), _) => (*number as f64, number_of(answer)),
        (Value::Real(number), _) => (*number, number_of(answer)),
        _ => return false,
    };
    let near = (expected - answer).abs() <= expected.abs() * 1e-12;
    expected == answer || (how == As::Near && near)
}

/// A number as PostgreSQL prints it; a boolean is one, too.
fn number_of(answer: &str) -> f64 {
    match answer {
        "true" => 1.0,
        "false" => 0.0,
        other => other.parse().unwrap_or(f64::NAN),
    }
}
