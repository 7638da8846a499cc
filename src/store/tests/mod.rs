//! What every engine does alike, through the face of the store: on the embedded one, and on PostgreSQL where
//! `TEST_POSTGRES_URL` names a server.

mod reads;
mod transactions;
mod views;
mod writes;

use std::sync::Arc;

use super::{Check, Expect, Keep, Op, Result, Row, Statement, Store, StoreError, Table, Value, WriteSet, postgres, sqlite};

/// A store with one table `posts (id, title, n)`, unique by title.
struct Fixture {
    store: Store,
    posts: Arc<Table>,
}

/// Runs a test on one engine after the other.
async fn each_engine(test: impl AsyncFn(&Fixture)) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let engine = sqlite::Engine::open(sqlite::Options::for_tests(dir.path())).expect("the directory is free");
    test(&Fixture::new(Store::Sqlite(engine)).await).await;
    if let Some(opened) = postgres::tests::open().await {
        test(&Fixture::new(Store::Postgres(opened.engine.clone())).await).await;
        opened.close().await;
    }
}

async fn execute(store: &Store, sql: &str) {
    let statement = Statement::new(sql, vec![]);
    let change = store.transaction(async move |tx| {
        tx.change_schema().await?;
        tx.execute(&statement).await
    });
    let done: Result<u64> = change.await;
    done.expect("the statement runs");
}

async fn rows(store: &Store, sql: &str) -> Vec<Vec<Value>> {
    let rows = store.reader().rows(Statement::new(sql, vec![])).await.expect("the query runs");
    rows.into_iter().map(|row| row.0).collect()
}

fn check(sql: &str, expect: Expect, tag: u32) -> Check {
    Check { statement: Statement::new(sql, vec![]), expect, tag, keeps: Keep::Nothing }
}

impl Fixture {
    async fn new(store: Store) -> Self {
        let table = "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT, n NUMERIC, \"@rev\" INTEGER)";
        execute(&store, table).await;
        execute(&store, "CREATE UNIQUE INDEX posts_title ON posts (title)").await;
        let columns = vec!["id".into(), "title".into(), "n".into()];
        Self { store, posts: Arc::new(Table { number: 7, name: "posts".into(), columns, id_column: 0 }) }
    }

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

    async fn count(&self) -> usize {
        rows(&self.store, "SELECT id FROM posts").await.len()
    }
}
