//! What every engine does alike, through the face of the store: on the embedded one, and on PostgreSQL where
//! `TEST_POSTGRES_URL` names a server.

mod feed;
mod generated;
pub(super) mod order;
mod reads;
mod transactions;
mod views;
mod writes;

use std::sync::Arc;

use tempfile::TempDir;

use super::{
    Check, Expect, Keep, Op, Result, Row, Statement, Store, StoreError, Table, Value, WriteSet, postgres, sqlite,
};

/// A store with one table `posts (id, title, n)`, unique by title.
pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) posts: Arc<Table>,
    /// The embedded engine's place.
    pub(super) dir: TempDir,
}

/// Runs a test on one engine after the other.
async fn each_engine(test: impl AsyncFn(&Fixture)) {
    test(&sqlite_fixture().await).await;
    if let Some(opened) = postgres::tests::open().await {
        let dir = tempfile::tempdir().expect("a temporary directory");
        test(&Fixture::new(Store::Postgres(opened.engine.clone()), dir).await).await;
        opened.close().await;
    }
}

pub(super) async fn sqlite_fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let engine = sqlite::Engine::open(sqlite::Options::for_tests(dir.path())).expect("the directory is free");
    Fixture::new(Store::Sqlite(engine), dir).await
}

pub(super) async fn execute(store: &Store, sql: &str) {
    let (statement, shared) = (Statement::new(sql, vec![]), store.is_shared());
    let change = store.transaction(async move |tx| {
        // A node knows its tables by the version of the schema.
        if shared {
            tx.change_schema().await?;
        }
        tx.execute(&statement).await
    });
    let done: Result<u64> = change.await;
    done.expect("the statement runs");
}

pub(super) async fn rows(store: &Store, sql: &str) -> Vec<Vec<Value>> {
    let rows = store.reader().rows(Statement::new(sql, vec![])).await.expect("the query runs");
    rows.into_iter().map(|row| row.0).collect()
}

pub(super) fn check(sql: &str, expect: Expect, tag: u32) -> Check {
    Check { statement: Statement::new(sql, vec![]), expect, tag, keeps: Keep::Nothing }
}

impl Fixture {
    pub(super) async fn new(store: Store, dir: TempDir) -> Self {
        let table = "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT, n NUMERIC, \"@rev\" INTEGER)";
        execute(&store, table).await;
        execute(&store, "CREATE UNIQUE INDEX posts_title ON posts (title)").await;
        let columns = vec!["id".into(), "title".into(), "n".into()];
        Self { store, posts: Arc::new(Table { number: 7, name: "posts".into(), columns, id_column: 0 }), dir }
    }

    pub(super) fn insert(&self, id: &str, title: &str) -> Op {
        Op::Insert {
            table: self.posts.clone(),
            values: vec![id.into(), title.into(), Value::Int(1)],
            image: format!("{{\"id\":\"{id}\"}}").into_bytes(),
        }
    }

    pub(super) fn update(&self, id: &str, title: &str, expect_rev: Option<i64>) -> Op {
        Op::Update {
            table: self.posts.clone(),
            id: id.into(),
            expect_rev,
            set: vec![(1, title.into())],
            image: b"{\"new\":1}".to_vec(),
            old: b"{\"old\":1}".to_vec(),
        }
    }

    pub(super) fn delete(&self, id: &str, expect_rev: Option<i64>) -> Op {
        Op::Delete { table: self.posts.clone(), id: id.into(), expect_rev, old: b"{}".to_vec() }
    }

    pub(super) fn set(&self, ops: Vec<Op>) -> WriteSet {
        WriteSet { schema_version: self.store.schema_version(), ops, actor: "ada".into(), ..WriteSet::default() }
    }

    pub(super) async fn write(&self, op: Op) -> Result<Vec<i64>> {
        self.store.write(self.set(vec![op])).await.map(|committed| committed.revs)
    }

    pub(super) async fn count(&self) -> usize {
        rows(&self.store, "SELECT id FROM posts").await.len()
    }
}
