//! Generated write sets: both engines answer them alike, and are left with the same rows and the same feed but for the
//! numbers of revisions. What the feed tells, done from empty, gives the rows (F1).

use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value as Json, json};

use super::*;
use crate::store::{Change, FeedLimits, FeedRead, Image};

const STEPS: usize = 400;
const RECORDS: u32 = 8;
/// Fewer than records, so that they are fought for.
const TITLES: u32 = 6;

/// What both engines are told, before revisions are known.
#[derive(Debug, Clone)]
enum Plan {
    Insert { id: String, title: String, n: i64 },
    Update { id: String, title: Option<String>, n: i64, expect: Expected },
    Delete { id: String, expect: Expected },
    Load { ids: Vec<String> },
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    Any,
    /// The revision that the record has.
    Right,
    Wrong,
}

#[derive(Debug, Clone)]
struct Set {
    plans: Vec<Plan>,
    before: Option<(String, Expect)>,
    after: Option<(String, Expect)>,
}

#[derive(Debug, Clone)]
enum Step {
    One(Set),
    /// Sets in one transaction, each of which may fail alone; at the end all may be taken back.
    Batch(Vec<Set>, bool),
}

fn id(random: &mut StdRng) -> String {
    format!("r{}", random.random_range(0..RECORDS))
}

fn title(random: &mut StdRng) -> String {
    format!("t{}", random.random_range(0..TITLES))
}

fn expected(random: &mut StdRng) -> Expected {
    match random.random_range(0..6) {
        0 => Expected::Wrong,
        1 | 2 => Expected::Right,
        _ => Expected::Any,
    }
}

fn plan(random: &mut StdRng, loads: bool) -> Plan {
    let n = random.random_range(-3..100);
    match random.random_range(0..12) {
        0..5 => Plan::Insert { id: id(random), title: title(random), n },
        5..9 => {
            let title = (random.random_range(0..2) == 0).then(|| title(random));
            Plan::Update { id: id(random), title, n, expect: expected(random) }
        }
        9 if loads => Plan::Load { ids: (0..random.random_range(1..4)).map(|_| id(random)).collect() },
        _ => Plan::Delete { id: id(random), expect: expected(random) },
    }
}

fn set(random: &mut StdRng, loads: bool) -> Set {
    let check = |random: &mut StdRng| {
        let sql = format!("SELECT 1 FROM posts WHERE id = '{}' AND n >= {}", id(random), random.random_range(0..50));
        let expect = if random.random_range(0..2) == 0 { Expect::Row } else { Expect::NoRow };
        (random.random_range(0..4) == 0).then_some((sql, expect))
    };
    let plans = (0..random.random_range(1..4)).map(|_| plan(random, loads)).collect();
    Set { plans, before: check(random), after: check(random) }
}

fn steps(seed: u64, loads: bool) -> Vec<Step> {
    let random = &mut StdRng::seed_from_u64(seed);
    let step = |_| match random.random_range(0..5) {
        0 => Step::Batch(
            (0..random.random_range(1..5)).map(|_| set(random, loads)).collect(),
            random.random_range(0..4) == 0,
        ),
        _ => Step::One(set(random, loads)),
    };
    (0..STEPS).map(step).collect()
}

/// What is known of a record while a step is prepared, as a request would read it before it writes.
type Known = BTreeMap<String, (i64, Json)>;

async fn known(store: &Store) -> Known {
    let rows = rows(store, "SELECT id, title, n, \"@rev\" FROM posts").await;
    let record = |row: Vec<Value>| {
        let json = record_json(row[0].as_str(), row[1].as_str(), row[2].as_i64().unwrap_or_default());
        (row[0].as_str().to_owned(), (row[3].as_i64().unwrap_or_default(), json))
    };
    rows.into_iter().map(record).collect()
}

fn record_json(id: &str, title: &str, n: i64) -> Json {
    json!({ "id": id, "title": title, "n": n })
}

fn image(json: &Json) -> Vec<u8> {
    json.to_string().into_bytes()
}

impl Fixture {
    fn prepared(&self, set: &Set, known: &Known) -> WriteSet {
        // What the set itself has done so far.
        let mut state = known.clone();
        let mut ops = Vec::new();
        for plan in &set.plans {
            ops.push(self.op(plan, &mut state));
        }
        let check = |of: &Option<(String, Expect)>, tag: u32| {
            of.iter().map(|(sql, expect)| check(sql, *expect, tag)).collect::<Vec<_>>()
        };
        WriteSet { before: check(&set.before, 1), after: check(&set.after, 2), ..self.set(ops) }
    }

    fn op(&self, plan: &Plan, state: &mut Known) -> Op {
        let table = self.posts.clone();
        let rev = |state: &Known, id: &str, expect: Expected| match expect {
            Expected::Any => None,
            Expected::Right => Some(state.get(id).map_or(1, |(rev, _)| *rev)),
            Expected::Wrong => Some(state.get(id).map_or(1, |(rev, _)| *rev + 100_000)),
        };
        match plan {
            Plan::Insert { id, title, n } => {
                let json = record_json(id, title, *n);
                let values = vec![id.as_str().into(), title.as_str().into(), Value::Int(*n)];
                state.insert(id.clone(), (0, json.clone()));
                Op::Insert { table, values, image: image(&json) }
            }
            Plan::Update { id, title, n, expect } => {
                let expect_rev = rev(state, id, *expect);
                let old = state.get(id).map_or(json!({}), |(_, json)| json.clone());
                let mut json = record_json(id, old["title"].as_str().unwrap_or_default(), *n);
                let mut set = vec![(2, Value::Int(*n))];
                if let Some(title) = title {
                    json["title"] = title.as_str().into();
                    set.push((1, title.as_str().into()));
                }
                state.insert(id.clone(), (expect_rev.unwrap_or_default(), json.clone()));
                Op::Update { table, id: id.clone(), expect_rev, set, image: image(&json), old: image(&old) }
            }
            Plan::Delete { id, expect } => {
                let expect_rev = rev(state, id, *expect);
                let old = state.remove(id).map_or(json!({}), |(_, json)| json);
                Op::Delete { table, id: id.clone(), expect_rev, old: image(&old) }
            }
            Plan::Load { ids } => {
                let row = |id: &String| vec![id.as_str().into(), format!("loaded {id}").into(), Value::Int(0)];
                Op::Load { table, rows: ids.iter().map(row).collect() }
            }
        }
    }

    /// What came of a step, in words that no engine's revisions are in.
    async fn take(&self, step: &Step) -> String {
        let known = known(&self.store).await;
        match step {
            Step::One(set) => said(&self.store.write(self.prepared(set, &known)).await),
            Step::Batch(sets, taken_back) => {
                let sets: Vec<WriteSet> = sets.iter().map(|set| self.prepared(set, &known)).collect();
                let taken_back = *taken_back;
                let work = async move |tx: crate::store::Tx| {
                    let mut all = Vec::new();
                    for set in &sets {
                        all.push(said(&tx.apply(set).await));
                        let seen =
                            tx.reader().rows(Statement::new("SELECT id, n FROM posts ORDER BY id", vec![])).await?;
                        all.push(format!("{seen:?}"));
                    }
                    if taken_back { Err(StoreError::Other(all.join("; "))) } else { Ok(all.join("; ")) }
                };
                let result: Result<String> = self.store.transaction(work).await;
                format!("{result:?}")
            }
        }
    }
}

fn said(result: &Result<crate::store::Committed>) -> String {
    match result {
        Ok(committed) => format!("{} revisions, rows {:?}", committed.revs.len(), committed.rows),
        // Of a row that clashes in several ways each engine names the first that it meets.
        Err(StoreError::Unique { table, .. }) => format!("not unique in {table}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Answers, rows and feed of one engine.
type Outcome = (Vec<String>, Vec<Vec<Value>>, Vec<Told>);
type Told = (String, Change, Image, Image);

/// The feed from a position on, without revisions and times.
async fn told(store: &Store, start: &crate::store::Position) -> Vec<Told> {
    let (mut all, mut position) = (Vec::new(), start.clone());
    loop {
        let FeedRead::Page(page) =
            store.feed(&position, FeedLimits { entries: 7, bytes: 300 }).await.expect("the feed")
        else {
            panic!("all of it is kept");
        };
        all.extend(page.entries.into_iter().map(|entry| (entry.record, entry.change, entry.after, entry.old)));
        position = page.next;
        if !page.more {
            return all;
        }
    }
}

/// The records that the feed makes of nothing.
fn replayed(feed: &[Told]) -> BTreeMap<String, Json> {
    let mut records = BTreeMap::new();
    for (id, change, after, _) in feed {
        match (change, after) {
            (Change::Create | Change::Update, Image::Json(json)) => {
                records.insert(id.clone(), serde_json::from_slice(json).expect("JSON"));
            }
            (Change::Delete, _) => {
                assert!(records.remove(id).is_some(), "{id} was there");
            }
            other => panic!("{id} is told as {other:?}"),
        }
    }
    records
}

async fn compare(loads: bool) {
    let seed: u64 = rand::random();
    // Shown where the test fails.
    println!("seed {seed}");
    let steps = steps(seed, loads);
    let before: RefCell<Option<Outcome>> = RefCell::default();
    each_engine(async |fixture| {
        let start = fixture.store.position().await.expect("a position");
        let mut answers = Vec::new();
        for step in &steps {
            answers.push(fixture.take(step).await);
        }
        let committed = answers.iter().filter(|answer| answer.contains("revisions")).count();
        assert!(committed > STEPS / 20, "most steps failed: {committed}");
        let feed = told(&fixture.store, &start).await;
        if !loads {
            let known = known(&fixture.store).await;
            let stored: BTreeMap<String, Json> = known.into_iter().map(|(id, (_, json))| (id, json)).collect();
            assert_eq!(replayed(&feed), stored, "what was told is what is there");
        }
        let rows = rows(&fixture.store, "SELECT id, title, n FROM posts ORDER BY id").await;
        let Some((others, other_rows, other_feed)) = before.borrow_mut().take() else {
            *before.borrow_mut() = Some((answers, rows, feed));
            return;
        };
        for ((step, other), answer) in steps.iter().zip(&others).zip(&answers) {
            assert_eq!(other, answer, "{step:?}");
        }
        let plain = |rows: &[Vec<Value>]| -> Vec<_> {
            rows.iter().map(|row| (row[0].clone(), row[1].clone(), row[2].as_f64())).collect()
        };
        assert_eq!(plain(&other_rows), plain(&rows));
        assert_eq!(other_feed, feed);
    })
    .await;
}

#[tokio::test]
async fn write_sets_have_the_same_end_and_the_feed_tells_it() {
    compare(false).await;
}

#[tokio::test]
async fn loads_among_other_writes_have_the_same_end() {
    compare(true).await;
}
