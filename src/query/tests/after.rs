//! Walks from page to page behind the last row seen: every row once and in order, whatever the order is by and
//! whatever else comes and goes.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fixture::{Fixture, collection, kind, open_rules, text};
use super::generated::{fixture, row, sort};
use crate::query::{Filter, Query, Request, Sort, Trust};
use crate::schema::{Collection, CollectionKind, Schema};
use crate::store::{Statement, Value};

/// A page behind these keys, with the keys of its last row.
pub fn page(
    fixture: &Fixture,
    name: &str,
    (filter, sort): (&str, &str),
    after: Option<&[Value]>,
    limit: u64,
) -> (Vec<String>, Option<Vec<Value>>) {
    let (statement, first_key) = statement(fixture, name, (filter, sort), after, limit);
    let rows = fixture.run(&statement);
    let keys = rows.last().map(|row| row[first_key..].to_vec());
    (rows.into_iter().map(|row| row[0].as_str().to_owned()).collect(), keys)
}

fn statement(
    fixture: &Fixture,
    name: &str,
    (filter, sort): (&str, &str),
    after: Option<&[Value]>,
    limit: u64,
) -> (Statement, usize) {
    let request = Request::default();
    let collection = fixture.schema.by_name(name).expect("a collection");
    let mut query = Query::new(&fixture.schema, collection, &request);
    if let Some(filter) = Filter::parse(filter).expect("a filter") {
        query.filter(&filter, Trust::Rule).expect("a filter that fits");
    }
    query.sort(&Sort::parse(sort).expect("a sort"), Trust::Rule).expect("a sort that fits");
    (query.select_after(after, limit).expect("an order to go on with"), query.first_key())
}

fn filled(rows: Vec<Json>) -> Fixture {
    let fixture = fixture();
    fixture.insert("users", json!({ "id": "ada", "name": "a", "age": 5 }));
    fixture.insert("users", json!({ "id": "bob", "name": "", "age": 0 }));
    for (index, row) in rows.into_iter().enumerate() {
        insert(&fixture, row, index);
    }
    fixture
}

fn insert(fixture: &Fixture, mut row: Json, number: usize) -> String {
    // Spread, so that the order of ids is not that of their creation.
    let id = format!("row{:02}", number * 37 % 100);
    row["id"] = id.as_str().into();
    fixture.insert("rows", row);
    id
}

/// All ids by walking, with pages of these sizes in turn; `between` is called between two pages.
fn walk(fixture: &Fixture, name: &str, what: (&str, &str), sizes: &[u64], mut between: impl FnMut()) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after: Option<Vec<Value>> = None;
    for size in sizes.iter().cycle().take(1000) {
        let (ids, keys) = page(fixture, name, what, after.as_deref(), *size);
        let Some(keys) = keys else { return seen };
        seen.extend(ids);
        after = Some(keys);
        between();
    }
    panic!("{what:?} goes on for ever: {seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_sees_every_row_once_and_in_order(
        rows in prop::collection::vec(row(), 0..14),
        sorts in prop::collection::vec(sort(), 1..5),
        sizes in prop::collection::vec(1u64..4, 1..4),
        filter in prop::sample::select(&["", "s != 'a'", "tags:each ?= 'a' || n >= 0", "rel.name = ''"][..]),
    ) {
        let fixture = filled(rows);
        for sort in &sorts {
            let tie = match sort.rsplit(',').next().is_some_and(|term| term.starts_with('-')) {
                true => "-@rowid",
                false => "@rowid",
            };
            let whole = if sort.is_empty() { tie.to_owned() } else { format!("{sort},{tie}") };
            let expected = fixture.ids("rows", filter, &whole, &Request::default(), Trust::Rule);
            let found = walk(&fixture, "rows", (filter, sort), &sizes, || {});
            prop_assert_eq!(Ok(found), expected, "by {:?}", sort);
        }
    }

    #[test]
    fn rows_that_come_and_go_move_no_other(
        rows in prop::collection::vec(row(), 4..14),
        changes in prop::collection::vec((row(), any::<prop::sample::Index>()), 0..12),
        sort in sort(),
        size in 1u64..4,
    ) {
        let count = rows.len();
        let fixture = filled(rows);
        let stays: Vec<String> = walk(&fixture, "rows", ("", &sort), &[size], || {});
        let mut gone = Vec::new();
        let mut changes = changes.into_iter().enumerate();
        let found = walk(&fixture, "rows", ("", &sort), &[size], || {
            let Some((number, (row, which))) = changes.next() else { return };
            insert(&fixture, row, count + number);
            let id = which.get(&stays);
            fixture.db.execute("DELETE FROM rows WHERE id = ?1", [id]).expect("a delete");
            gone.push(id.clone());
        });
        for id in stays.iter().filter(|id| !gone.contains(id)) {
            prop_assert_eq!(found.iter().filter(|seen| *seen == id).count(), 1, "{} by {:?}", id, sort);
        }
        let mut distinct = found.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), found.len(), "by {:?}: {:?}", sort, found);
    }
}

/// A union has columns with texts and numbers under one affinity, and no row number.
#[test]
fn a_view_of_mixed_values_is_walked_too() {
    let mut fixture = Fixture::new(vec![collection("rows", open_rules(), &[("s", text()), ("n", kind("number"))])]);
    for (id, s, n) in [("a", "5", 5), ("b", "x", 7), ("c", "", 5), ("d", "10", 9)] {
        fixture.insert("rows", json!({ "id": id, "s": s, "n": n }));
    }
    let query = "SELECT id || '1' AS id, n AS x FROM rows UNION SELECT id || '2', s FROM rows \
                 UNION SELECT id || '3', NULL FROM rows";
    fixture.db.execute_batch(&format!("CREATE VIEW mixed AS {query}")).expect("a view");
    let view = Collection {
        kind: CollectionKind::View { query: query.to_owned(), sources: None },
        ..Collection::clone(&collection("mixed", open_rules(), &[("x", kind("number"))]))
    };
    let collections = fixture.schema.collections().iter().cloned().chain([Arc::new(view)]).collect();
    fixture.schema = Schema::new(2, collections);
    for sort in ["", "x", "-x", "x,-id", "-x,id", "-id"] {
        let found = walk(&fixture, "mixed", ("", sort), &[1, 2], || {});
        let (whole, _) = page(&fixture, "mixed", ("", sort), None, 100);
        assert_eq!(found, whole, "by {sort:?}");
        assert_eq!(found.len(), 12, "by {sort:?}");
    }
}

#[test]
fn what_has_no_behind_is_refused() {
    let fixture = filled(Vec::new());
    let collection = fixture.schema.by_name("rows").expect("a collection");
    let request = Request::default();
    for (sort, after) in
        [("@random", None), ("s,-@random", None), ("s", Some(vec![])), ("", Some(vec![1.into(), 2.into()]))]
    {
        let after: Option<Vec<Value>> = after.map(|keys: Vec<i64>| keys.into_iter().map(Value::Int).collect());
        let mut query = Query::new(&fixture.schema, collection, &request);
        query.sort(&Sort::parse(sort).expect("a sort"), Trust::Client).expect("a sort that fits");
        assert!(query.select_after(after.as_deref(), 1).is_err(), "{sort:?}");
    }
}

/// An index that serves an order serves also what is behind a row of it: nothing before it is read.
#[test]
fn an_index_serves_what_is_behind() {
    let fixture = fixture();
    fixture
        .db
        .execute_batch(
            "CREATE UNIQUE INDEX i0 ON rows (id); CREATE INDEX i1 ON rows (s); CREATE INDEX i2 ON rows (n, d); CREATE INDEX i3 ON rows (rel, d);
             CREATE INDEX i4 ON rows (LOWER(t));",
        )
        .expect("indexes");
    for (filter, sort, values, expected) in [
        ("", "", vec![json!(3)], &["INTEGER PRIMARY KEY (rowid>?)"][..]),
        ("b = true", "-@rowid", vec![json!(3)], &["INTEGER PRIMARY KEY (rowid<?)"]),
        ("", "id", vec![json!("a")], &["INDEX i0 (id>?)"]),
        ("", "s", vec![json!("a"), json!(3)], &["INDEX i1 (s=? AND rowid>?)", "INDEX i1 (s>?)"]),
        ("", "-s", vec![json!("a"), json!(3)], &["INDEX i1 (s=? AND rowid<?)", "INDEX i1 (s<?)"]),
        (
            "",
            "-n,-d",
            vec![json!(1), json!(""), json!(3)],
            &["INDEX i2 (n=? AND d=? AND rowid<?)", "INDEX i2 (n=? AND d<?)", "INDEX i2 (n<?)"],
        ),
        (
            "rel = 'x'",
            "-d",
            vec![json!("x"), json!(3)],
            &["INDEX i3 (rel=? AND d=? AND rowid<?)", "INDEX i3 (rel=? AND d<?)"],
        ),
        ("", "t:lower", vec![json!("x"), json!(3)], &["INDEX i4 (<expr>=? AND rowid>?)", "INDEX i4 (<expr>>?)"]),
        (
            "",
            "-n,d",
            vec![json!(1), json!(""), json!(3)],
            &["INDEX i2 (n=? AND d=? AND rowid>?)", "INDEX i2 (n=? AND d>?)", "INDEX i2 (n<?)"],
        ),
    ] {
        let value =
            |json: &Json| json.as_str().map_or_else(|| Value::Int(json.as_i64().unwrap_or_default()), Value::from);
        let values: Vec<Value> = values.iter().map(value).collect();
        let (statement, _) = statement(&fixture, "rows", (filter, sort), Some(&values), 30);
        let explain = Statement::new(format!("EXPLAIN QUERY PLAN {}", statement.sql), statement.params);
        let steps: Vec<String> = fixture.run(&explain).into_iter().map(|row| row[3].as_str().to_owned()).collect();
        let used: Vec<&str> = steps.iter().filter_map(|step| step.strip_prefix("SEARCH r USING ")).collect();
        assert_eq!(used, expected, "{filter:?} by {sort:?}: {steps:#?}");
        let sorts = steps.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY" || step.starts_with("MATERIALIZE"));
        assert!(!sorts, "{filter:?} by {sort:?}: {steps:#?}");
    }
}
