//! A primary and a standby that streams from it, of a test's own and gone with it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::within;

/// What survives a crash of the machine is not what is tested here.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
fsync = off
full_page_writes = off
shared_buffers = 32MB
log_min_messages = fatal
";
const CATCHING_UP: Duration = Duration::from_secs(20);

pub struct Pair {
    pub primary: Server,
    pub standby: Server,
    #[expect(dead_code, reason = "kept until the end, as its drop deletes the data")]
    dir: TempDir,
}

pub struct Server {
    data: PathBuf,
    port: u16,
}

/// How commits wait for the standby.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    Synchronous,
    Asynchronous,
}

impl Pair {
    /// `None` where the tests are to run on the embedded engine, or PostgreSQL is not installed.
    pub async fn start(replication: Replication) -> Option<Self> {
        if !crate::database::is_postgres() || program("initdb").is_none() {
            eprintln!("skipped: a failover needs the programs of PostgreSQL, as .ci/postgres finds them");
            return None;
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        if let Some(user) = variable("TEST_POSTGRES_USER") {
            run(Command::new("chown").arg(user).arg(dir.path()));
        }
        let server = |name: &str| Server { data: dir.path().join(name), port: free_port() };
        let (primary, standby) = (server("primary"), server("standby"));
        let options = ["-U", "basalt", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        run(command("initdb").arg("-D").arg(&primary.data).args(options));
        primary.configure(SETTINGS);
        primary.start();
        let from = format!("host=127.0.0.1 port={} user=basalt", primary.port);
        let backup = ["-R", "-X", "stream", "--checkpoint=fast", "--no-sync", "-d", &from];
        run(command("pg_basebackup").arg("-D").arg(&standby.data).args(backup));
        standby.configure("cluster_name = 'standby'");
        standby.start();
        if replication == Replication::Synchronous {
            primary.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'").await;
            primary.run("SELECT pg_reload_conf()").await;
        }
        let streams =
            async || primary.tells("SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE state = 'streaming')").await;
        within(CATCHING_UP, "the standby", streams).await;
        Some(Self { primary, standby, dir })
    }

    /// A URL with both hosts.
    pub fn url(&self) -> String {
        format!("postgres://basalt@127.0.0.1:{},127.0.0.1:{}/postgres", self.primary.port, self.standby.port)
    }

    /// Waits until the standby has all that was committed so far.
    pub async fn catch_up(&self) {
        let position: String = self.primary.ask("SELECT pg_current_wal_lsn()::text").await;
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn");
        within(CATCHING_UP, "the standby", async || self.standby.tells(&sql).await).await;
    }

    /// From now on the standby misses what is committed.
    pub async fn cut(&self) {
        self.catch_up().await;
        self.standby.run("ALTER SYSTEM SET primary_conninfo = ''").await;
        self.standby.run("SELECT pg_reload_conf()").await;
        let alone = async || self.standby.tells("SELECT NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver)").await;
        within(CATCHING_UP, "the end of streaming", alone).await;
    }
}

impl Server {
    pub fn url(&self) -> String {
        format!("postgres://basalt@127.0.0.1:{}/postgres", self.port)
    }

    fn configure(&self, settings: &str) {
        let file = self.data.join("postgresql.conf");
        let before = fs::read_to_string(&file).expect("a configuration");
        fs::write(&file, format!("{before}\n{settings}\n")).expect("a writable file");
    }

    pub fn start(&self) {
        // A cluster that was killed left it behind, and its process id may be another's by now.
        let _ = fs::remove_file(self.data.join("postmaster.pid"));
        let log = self.data.with_extension("log");
        let port = format!("-p {}", self.port);
        run(self.control().arg("start").arg("-l").arg(log).args(["-o", &port]));
    }

    pub fn promote(&self) {
        run(self.control().arg("promote"));
    }

    /// `kill -9` of the server with all its processes.
    pub fn kill(&self) {
        let Some(postmaster) = self.postmaster() else { return };
        let children = children_of(&postmaster);
        signal("KILL", [&postmaster]);
        signal("KILL", &children);
    }

    /// Stops all its processes where they are: connections stand, and nothing is answered.
    pub fn pause(&self) {
        self.signal_all("STOP");
    }

    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let postmaster = self.postmaster().expect("a running server");
        let children = children_of(&postmaster);
        signal(name, [&postmaster]);
        signal(name, &children);
    }

    fn control(&self) -> Command {
        let mut command = command("pg_ctl");
        command.arg("-D").arg(&self.data).arg("-w");
        command
    }

    fn postmaster(&self) -> Option<String> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let pid = file.lines().next()?.trim().to_owned();
        Path::new("/proc").join(&pid).try_exists().ok()?.then_some(pid)
    }

    pub async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server answers");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
    }

    /// The one value that the statement gives.
    pub async fn ask<T>(&self, sql: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server answers");
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.expect(sql)
    }

    async fn tells(&self, sql: &str) -> bool {
        self.ask(sql).await
    }

    pub async fn rows<T>(&self, sql: &str) -> Vec<T>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server answers");
        sqlx::query_as(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.expect(sql)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn program(name: &str) -> Option<PathBuf> {
    let path = Path::new(&variable("TEST_POSTGRES_BIN")?).join(name);
    path.try_exists().ok()?.then_some(path)
}

/// A program of PostgreSQL, under the user that `.ci/postgres` runs it under.
fn command(name: &str) -> Command {
    let program = program(name).expect("a program of PostgreSQL");
    let prefix = variable("TEST_POSTGRES_AS").unwrap_or_default();
    let mut words = prefix.split_whitespace();
    let Some(first) = words.next() else { return Command::new(program) };
    let mut command = Command::new(first);
    command.args(words).arg(program);
    command
}

fn run(command: &mut Command) {
    // A server that is started would keep pipes open.
    let status = command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(|status| status.success()), "{command:?}: {status:?}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn children_of(parent: &str) -> Vec<String> {
    let is_child = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in brackets, may hold anything; the parent is the second word behind it.
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)) == Some(parent)
    };
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && is_child(name)).collect()
}

fn signal<'a>(name: &str, pids: impl IntoIterator<Item = &'a String>) {
    for pid in pids {
        // One that is gone already is what is wanted.
        let _ = Command::new("kill").args(["-s", name, pid]).stderr(Stdio::null()).status();
    }
}
