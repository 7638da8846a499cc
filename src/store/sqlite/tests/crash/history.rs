//! What was asked for, what was promised, and whether a data directory holds it.
//!
//! Every change carries a stamp of its own, in the row and in its feed row, so that the feed alone tells which changes
//! a directory has, and its rows must be what the feed adds up to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::super::super::{Durability, Engine, Options};
use super::super::{Result as StoreResult, Statement, Store, StoreError, Value};

/// The position of a feed row's kind, as it is stored.
pub const CREATE: i64 = 1;
pub const UPDATE: i64 = 2;
pub const DELETE: i64 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub record: String,
    pub kind: i64,
    pub stamp: u64,
}

/// A set or a transaction, with its end.
#[derive(Debug)]
pub struct Written {
    pub changes: Vec<Change>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// To be found from this moment of the disk on.
    Acknowledged { revs: Vec<i64>, moment: usize },
    /// The engine says that nothing of it happened.
    Refused,
    /// The disk failed: it may be there or not, but not in part.
    Unknown,
}

#[derive(Default)]
pub struct History {
    pub written: Vec<Written>,
    /// When the engine was first open, and the epoch of the database.
    pub opened: Option<(usize, String)>,
}

/// What is demanded of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Everything that was acknowledged before the moment.
    Full,
    /// Some state of the past: whole sets in their order, up to one of them.
    Prefix,
}

/// One row of the feed: revision, record, kind, stamp.
type Entry = (i64, Change);

/// Opens the directory with the engine and compares. The error tells what is wrong.
pub async fn verify(dir: &Path, history: &History, moment: usize, promise: Promise) -> Result<(), String> {
    let opened = Engine::open(Options { durability: Durability::Normal, ..Options::for_tests(dir) });
    let store = Store::Sqlite(opened.map_err(|error| format!("it does not open: {error}"))?);
    let result = compare(&store, history, moment, promise).await;
    store.close().await;
    result
}

/// The same with a store that is open.
pub async fn compare(store: &Store, history: &History, moment: usize, promise: Promise) -> Result<(), String> {
    let sound = texts(store, "PRAGMA integrity_check").await?;
    require(sound == ["ok"], || format!("the database is damaged: {sound:?}"))?;
    if let Some((opened, epoch)) = &history.opened
        && *opened <= moment
        && promise == Promise::Full
    {
        let found = texts(store, "SELECT v FROM _meta WHERE k = 'epoch'").await?;
        require(found == [epoch.clone()], || "it is another database".to_owned())?;
    }
    let feed = feed(store).await?;
    let last = texts(store, "SELECT CAST(v AS TEXT) FROM _meta WHERE k = 'last_rev'").await?;
    require(last == [feed.len().to_string()], || format!("the counter says {last:?}, the feed {}", feed.len()))?;
    for (index, (rev, _)) in feed.iter().enumerate() {
        require(*rev == index as i64 + 1, || format!("the feed has a gap before {rev}"))?;
    }
    known_sets(&feed, history, moment, promise)?;
    rows_add_up(store, &feed).await
}

/// Every acknowledged set is there whole or, where that is allowed, not at all; and nothing else is there.
fn known_sets(feed: &[Entry], history: &History, moment: usize, promise: Promise) -> Result<(), String> {
    let by_stamp: HashMap<u64, &Entry> = feed.iter().map(|entry| (entry.1.stamp, entry)).collect();
    let mut explained = 0;
    for Written { changes, outcome } in &history.written {
        let found: Vec<&Entry> = changes.iter().filter_map(|change| by_stamp.get(&change.stamp).copied()).collect();
        explained += found.len();
        require(found.is_empty() || found.len() == changes.len(), || format!("half of {changes:?} is there"))?;
        require(found.iter().map(|entry| &entry.1).eq(changes.iter().take(found.len())), || {
            format!("{changes:?} became {found:?}")
        })?;
        match outcome {
            Outcome::Refused => require(found.is_empty(), || format!("{changes:?} was refused and is there"))?,
            Outcome::Unknown => {}
            Outcome::Acknowledged { revs, moment: acknowledged } => {
                let due = *acknowledged <= moment && promise == Promise::Full;
                require(!found.is_empty() || !due, || format!("{changes:?} was acknowledged and is lost"))?;
                let same = found.iter().map(|entry| entry.0).eq(revs.iter().copied());
                require(found.is_empty() || same, || format!("{revs:?} became {found:?}"))?;
            }
        }
    }
    require(explained == feed.len(), || format!("{} of {} changes are known", explained, feed.len()))
}

async fn rows_add_up(store: &Store, feed: &[Entry]) -> Result<(), String> {
    let mut expected: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
    for (rev, change) in feed {
        match change.kind {
            DELETE => expected.remove(change.record.as_str()),
            _ => expected.insert(&change.record, (change.stamp, *rev)),
        };
    }
    let expected: Vec<String> =
        expected.iter().map(|(record, (stamp, rev))| format!("{record} {stamp} {rev}")).collect();
    if !has_table(store).await? {
        return require(expected.is_empty(), || "the table is lost".to_owned());
    }
    let by_row =
        "SELECT id || ' ' || substr(title, 1, instr(title, ':') - 1) || ' ' || \"@rev\" FROM posts ORDER BY id";
    let found = texts(store, by_row).await?;
    let differs = || {
        let pair = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        format!("{} rows for {} that the feed gives; first different: {pair:?}", found.len(), expected.len())
    };
    require(found == expected, differs)
}

async fn has_table(store: &Store) -> Result<bool, String> {
    Ok(!texts(store, "SELECT name FROM sqlite_schema WHERE name = 'posts'").await?.is_empty())
}

async fn feed(store: &Store) -> Result<Vec<Entry>, String> {
    let sql = "SELECT rev, rec, op, CAST(coalesce(after, old) AS TEXT) FROM _feed ORDER BY rev";
    let rows = rows(store, sql).await?;
    let entry = |row: &Vec<Value>| {
        let stamp = row[3].as_str().parse().ok()?;
        Some((row[0].as_i64()?, Change { record: row[1].as_str().to_owned(), kind: row[2].as_i64()?, stamp }))
    };
    rows.iter().map(|row| entry(row).ok_or_else(|| format!("a foreign feed row: {row:?}"))).collect()
}

pub async fn texts(store: &Store, sql: &str) -> Result<Vec<String>, String> {
    Ok(rows(store, sql).await?.iter().map(|row| row[0].as_str().to_owned()).collect())
}

async fn rows(store: &Store, sql: &str) -> Result<Vec<Vec<Value>>, String> {
    let rows: StoreResult<_, StoreError> = store.reader().rows(Statement::new(sql, vec![]).dear()).await;
    Ok(rows.map_err(|error| format!("{sql}: {error}"))?.into_iter().map(|row| row.0).collect())
}

fn require(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}
