//! The engine's behaviour, through the face of the store.

#[cfg(unix)]
mod crash;
mod faults;
mod foreign;
mod lifecycle;
mod limits;
mod retention;
mod transactions;
mod views;
mod writes;

use std::sync::Arc;

use super::super::tests::{Fixture, check, execute, rows, sqlite_fixture};
use super::super::{Expect, Op, Priority, Result, Row, Statement, Store, StoreError, Table, Value, WriteSet};
use super::{Durability, Engine, Options};

impl Options {
    /// What tests open a directory with, here and in the rooms above.
    pub(crate) fn for_tests(dir: &std::path::Path) -> Self {
        Self {
            dir: dir.to_owned(),
            durability: Durability::Normal,
            query_timeout_ms: 2_000,
            reader_threads: 1,
            mmap_size_bytes: 0,
            external_checkpoint: false,
            write_wait_ms: 10_000,
            vfs: None,
        }
    }
}

fn reopen(dir: &std::path::Path) -> Store {
    Store::Sqlite(Engine::open(Options::for_tests(dir)).expect("the directory is free"))
}

async fn fixture() -> Fixture {
    sqlite_fixture().await
}

async fn number(store: &Store, sql: &str) -> i64 {
    rows(store, sql).await[0][0].as_i64().expect("a number")
}

/// The feed has every revision from 1 on, once.
async fn assert_gapless(store: &Store) {
    let facts = rows(store, "SELECT count(*), coalesce(min(rev), 1), coalesce(max(rev), 0) FROM _feed").await;
    let [count, first, last] = [0, 1, 2].map(|index| facts[0][index].as_i64().expect("a number"));
    assert_eq!((first, count), (1, last), "the feed has a gap");
    assert_eq!(number(store, "SELECT v FROM _meta WHERE k = 'last_rev'").await, last);
}
