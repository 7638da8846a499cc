//! Which engine the tests run on: the embedded one, or with `TEST_ENGINE=postgres` the server of `TEST_POSTGRES_URL`, where
//! every test has a database of its own, copied from one that has the system tables.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use basalt::config::Config;
use basalt::store::postgres::{Engine, Options};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::sync::OnceCell;

/// A database of one test, which goes with it.
pub struct Database {
    name: String,
}

/// The server, where the tests are to run on one.
fn server() -> Option<String> {
    let wanted = std::env::var("TEST_ENGINE").is_ok_and(|engine| engine == "postgres");
    wanted.then(|| std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL, as .ci/postgres sets it"))
}

/// Whether the tests run on a server.
pub fn is_postgres() -> bool {
    server().is_some()
}

/// Host and port of the server.
pub fn address() -> String {
    let server = url::Url::parse(&server().expect("a server")).expect("a URL");
    format!("{}:{}", server.host_str().unwrap_or_default(), server.port().unwrap_or(5432))
}

impl Database {
    /// `None` on the embedded engine.
    pub async fn create() -> Option<Self> {
        server()?;
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let template = TEMPLATE.get_or_init(make_template).await;
        let name = format!("{template}_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        run(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Some(Self { name })
    }

    pub fn url(&self) -> String {
        url_of(&self.name)
    }

    /// Runs a statement in it.
    pub async fn run(&self, sql: &str) {
        run_at(&self.url(), sql).await;
    }

    /// The one number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server answers");
        let row = connection.fetch_one(AssertSqlSafe(sql.to_owned())).await.expect(sql);
        row.try_get_unchecked::<i64, _>(0).expect("a number")
    }

    pub fn configure(&self, config: &mut Config) {
        config.database.url = self.url();
        // Enough for what a test does at once, and few enough for many tests at once.
        config.database.pool_size = 8;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&sql));
        });
        // What fails was reported by the thread.
        let _ = dropping.join();
    }
}

fn url_of(name: &str) -> String {
    let server = server().expect("a server");
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}

async fn make_template() -> String {
    let name = format!("test_{}", std::process::id());
    run(&format!("CREATE DATABASE {name}")).await;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = Options { pool_size: 1, start_wait_ms: 5000, ..options(dir.path(), url_of(&name)) };
    Engine::open(options).await.expect("the system tables").close().await;
    // Its keeper may still be on its way out.
    run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    name
}

/// Those of an engine over a server that is there.
pub fn options(dir: &Path, url: String) -> Options {
    Options {
        dir: dir.join("data"),
        url,
        direct_url: String::new(),
        replica_urls: Vec::new(),
        pool_size: 2,
        wait_ms: 1000,
        query_timeout_ms: 10_000,
        start_wait_ms: 0,
    }
}

/// Why the engine does not start over this URL.
pub async fn refusal(url: String) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    match Engine::open(options(dir.path(), url)).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

/// Runs a statement on the server, in no test's database.
pub async fn run(sql: &str) {
    run_at(&server().expect("a server"), sql).await;
}

async fn run_at(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
}
