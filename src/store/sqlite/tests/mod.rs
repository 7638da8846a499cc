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

use tempfile::TempDir;

use super::super::{Check, Expect, Keep, Op, Priority, Result, Row, Statement, Store, StoreError, Table, Value, WriteSet};
use super::{Durability, Engine, Options};

/// A store over a directory that goes with it, with one table `posts (id, title, n)`, unique by title.
struct Fixture {
    store: Store,
    posts: Arc<Table>,
    dir: TempDir,
}

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
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = reopen(dir.path());
    execute(&store, "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT, n NUMERIC, \"@rev\" INTEGER)").await;
    execute(&store, "CREATE UNIQUE INDEX posts_title ON posts (title)").await;
    let posts = Arc::new(Table {
        number: 7,
        name: "posts".into(),
        columns: vec!["id".into(), "title".into(), "n".into()],
        id_column: 0,
    });
    Fixture { store, posts, dir }
}

async fn execute(store: &Store, sql: &str) {
    let statement = Statement::new(sql, vec![]);
    let done: Result<u64> = store.transaction(async move |tx| tx.execute(&statement).await).await;
    done.expect("the statement runs");
}

async fn rows(store: &Store, sql: &str) -> Vec<Vec<Value>> {
    let rows = store.reader().rows(Statement::new(sql, vec![])).await.expect("the query runs");
    rows.into_iter().map(|row| row.0).collect()
}

async fn number(store: &Store, sql: &str) -> i64 {
    rows(store, sql).await[0][0].as_i64().expect("a number")
}

impl Fixture {
    fn insert(&self, id: &str, title: &str) -> Op {
        Op::Insert {
            table: self.posts.clone(),
            values: vec![id.into(), title.into(), Value::Int(1)],
            image: format!("{{\"id\":\"{id}\"}}").into_bytes(),
        }
    }

    fn update(&self, id: &str, title: &str, expect_rev: Option<i64>) -> Op {
        Op::Update {
            table: self.posts.clone(),
            id: id.into(),
            expect_rev,
            set: vec![(1, title.into())],
            image: b"{\"new\":1}".to_vec(),
            old: b"{\"old\":1}".to_vec(),
        }
    }

    fn delete(&self, id: &str, expect_rev: Option<i64>) -> Op {
        Op::Delete { table: self.posts.clone(), id: id.into(), expect_rev, old: b"{}".to_vec() }
    }

    fn set(&self, ops: Vec<Op>) -> WriteSet {
        WriteSet { schema_version: self.store.schema_version(), ops, actor: "ada".into(), ..WriteSet::default() }
    }

    async fn write(&self, op: Op) -> Result<Vec<i64>> {
        self.store.write(self.set(vec![op])).await.map(|committed| committed.revs)
    }

    async fn count(&self) -> i64 {
        number(&self.store, "SELECT count(*) FROM posts").await
    }
}

fn check(sql: &str, expect: Expect, tag: u32) -> Check {
    Check { statement: Statement::new(sql, vec![]), expect, tag, keeps: Keep::Nothing }
}

/// The feed has every revision from 1 on, once.
async fn assert_gapless(store: &Store) {
    let facts = rows(store, "SELECT count(*), coalesce(min(rev), 1), coalesce(max(rev), 0) FROM _feed").await;
    let [count, first, last] = [0, 1, 2].map(|index| facts[0][index].as_i64().expect("a number"));
    assert_eq!((first, count), (1, last), "the feed has a gap");
    assert_eq!(number(store, "SELECT v FROM _meta WHERE k = 'last_rev'").await, last);
}
