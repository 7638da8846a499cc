//! The engine on a real server: that of `TEST_POSTGRES_URL`, as `.ci/postgres` starts one.

mod examine;
mod migrations;
mod order;
mod threads;

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

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
    let options = options(&url, &dir);
    let engine = Engine::open(options).await.expect("the server answers");
    Some(Opened { engine, url, name, server, dir })
}

fn options(url: &str, dir: &TempDir) -> Options {
    Options {
        dir: dir.path().join("data"),
        url: url.to_owned(),
        direct_url: String::new(),
        replica_urls: Vec::new(),
        pool_size: 20,
        wait_ms: 10_000,
        query_timeout_ms: 2_000,
        start_wait_ms: 5_000,
    }
}

impl Opened {
    /// Another node over the same database.
    pub(in crate::store) async fn beside(&self) -> (Engine, TempDir) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        (Engine::open(options(&self.url, &dir)).await.expect("the server answers"), dir)
    }

    pub(in crate::store) async fn close(self) {
        self.engine.close().await;
        run(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

async fn run(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
}
