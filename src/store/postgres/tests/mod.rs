//! The engine on a real server: that of `TEST_POSTGRES_URL`, as `.ci/postgres` starts one.

mod examine;
mod migrations;
mod order;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::super::{Result, Statement, Table};
use super::{Engine, Options};

/// A database that goes with the test.
pub(in crate::store) struct Opened {
    pub(in crate::store) engine: Engine,
    url: String,
    name: String,
    server: String,
    #[expect(dead_code, reason = "its drop deletes the directory")]
    dir: TempDir,
}

/// `None`, and a line that says so, where there is no server.
pub(in crate::store) async fn open() -> Option<Opened> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        eprintln!("skipped: TEST_POSTGRES_URL names no server");
        return None;
    };
    let name = format!("engine_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    run(&server, &format!("CREATE DATABASE {name}")).await;
    let url = format!("{}/{name}", server.rsplit_once('/').expect("a URL with a database").0);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = Options {
        dir: dir.path().join("data"),
        url: url.clone(),
        direct_url: String::new(),
        replica_urls: Vec::new(),
        pool_size: 20,
        wait_ms: 10_000,
        query_timeout_ms: 2_000,
        start_wait_ms: 5_000,
    };
    let engine = Engine::open(options).await.expect("the server answers");
    Some(Opened { engine, url, name, server, dir })
}

impl Opened {
    pub(in crate::store) async fn close(self) {
        self.engine.close().await;
        run(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// The same with one table `posts (id, n)`.
struct Fixture {
    engine: Engine,
    url: String,
    posts: Arc<Table>,
    opened: Opened,
}

async fn fixture() -> Option<Fixture> {
    let opened = open().await?;
    let engine = opened.engine.clone();
    let make = engine.transaction(async |tx| {
        tx.change_schema().await?;
        let sql = "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, n NUMERIC DEFAULT 0 NOT NULL, \
            \"@rev\" INTEGER DEFAULT 0 NOT NULL)";
        tx.execute(&Statement::new(sql, Vec::new())).await
    });
    let made: Result<u64> = make.await;
    made.expect("the table is made");
    let posts = Table { number: 7, name: "posts".into(), columns: vec!["id".into(), "n".into()], id_column: 0 };
    Some(Fixture { engine, url: opened.url.clone(), posts: posts.into(), opened })
}

impl Fixture {
    async fn close(self) {
        self.opened.close().await;
    }
}

async fn run(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
}
