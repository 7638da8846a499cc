//! What the engine costs: CPU time of the whole process for one operation, through the public face of the store.
//!
//! `cargo bench --bench store` prints one table. CPU time is steady where wall time is not.

use std::sync::Arc;
use std::time::Instant;

use basalt::crypto::time_ordered_id;
use basalt::store::sqlite::{Durability, Engine, Options};
use basalt::store::{Check, Columns, Expect, Keep, Op, Sink, Statement, Store, Table, Value, ValueRef, WriteSet};
use futures_util::future::join_all;

const ROWS: usize = 20_000;
const LIST: &str = "SELECT id, created, updated, title, body, n, author, pub FROM posts
    WHERE author = ?1 ORDER BY created DESC LIMIT 30";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{:<44} {:>10} {:>12}", "operation", "CPU µs", "per second");
    for (name, durability) in [("NORMAL", Durability::Normal), ("FULL", Durability::Full)] {
        runtime.block_on(run(name, durability))?;
    }
    Ok(())
}

async fn run(name: &str, durability: Durability) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let store = Store::Sqlite(Engine::open(Options {
        dir: dir.path().to_owned(),
        durability,
        query_timeout_ms: 30_000,
        reader_threads: 2,
        mmap_size_bytes: 1 << 30,
        external_checkpoint: false,
        write_wait_ms: 10_000,
        vfs: None,
    })?);
    let table = create_table(&store).await?;
    for clients in [1, 16, 256] {
        let sets = sets(&store, &table, if clients == 1 { ROWS / 10 } else { ROWS }, false);
        let title = format!("insert, {name}, {clients} clients");
        writes(&title, &store, sets, clients).await?;
    }
    writes(&format!("the same with a check afterwards, {name}"), &store, sets(&store, &table, ROWS, true), 256).await?;
    batches(name, &store, &table).await?;
    if durability == Durability::Normal {
        reads(&store).await?;
    }
    let bytes = |file: &str| std::fs::metadata(dir.path().join(file)).map_or(0, |meta| meta.len() >> 20);
    println!("{:<44} {:>7} MB", format!("main file, {name}"), bytes("data.db"));
    println!("{:<44} {:>7} MB", format!("log, {name}"), bytes("data.db-wal"));
    store.close().await;
    Ok(())
}

async fn create_table(store: &Store) -> Result<Arc<Table>, Failure> {
    let done: basalt::store::Result<()> = store
        .transaction(async |tx| {
            for sql in [
                "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
                 title TEXT NOT NULL, body TEXT NOT NULL, n NUMERIC NOT NULL, author TEXT NOT NULL,
                 pub BOOLEAN NOT NULL, \"@rev\" INTEGER NOT NULL)",
                "CREATE INDEX posts_author ON posts (author, created)",
            ] {
                tx.execute(&Statement::new(sql, vec![])).await?;
            }
            Ok(())
        })
        .await;
    done?;
    let columns = ["id", "created", "updated", "title", "body", "n", "author", "pub"];
    Ok(Arc::new(Table { number: 1, name: "posts".into(), columns: columns.map(str::to_owned).into(), id_column: 0 }))
}

fn sets(store: &Store, table: &Arc<Table>, count: usize, check: bool) -> Vec<WriteSet> {
    let mut sets = Vec::with_capacity(count);
    for index in 0..count {
        let id = time_ordered_id(1_700_000_000_000 + i64::try_from(index).unwrap_or_default());
        let after = if check {
            let sql = "SELECT 1 FROM posts WHERE id = ?1 AND author != ''";
            vec![Check {
                statement: Statement::new(sql, vec![id.as_str().into()]),
                expect: Expect::Row,
                tag: 0,
                keeps: Keep::Nothing,
            }]
        } else {
            vec![]
        };
        let op = insert(table, id, index);
        sets.push(WriteSet { schema_version: store.schema_version(), ops: vec![op], after, ..WriteSet::default() });
    }
    sets
}

fn insert(table: &Arc<Table>, id: String, index: usize) -> Op {
    let body = "lorem ipsum dolor sit amet ".repeat(8);
    let now = "2026-11-22 07:00:00.000Z";
    let author = format!("user{:011}", index % 500);
    let image = format!(
        r#"{{"id":"{id}","created":"{now}","updated":"{now}","title":"Hello","body":"{body}","n":42.5,"author":"{author}","pub":true}}"#
    );
    let values = vec![
        id.into(),
        now.into(),
        now.into(),
        "Hello".into(),
        body.into(),
        Value::Real(42.5),
        author.into(),
        Value::Bool(true),
    ];
    Op::Insert { table: table.clone(), values, image: image.into_bytes() }
}

async fn writes(title: &str, store: &Store, sets: Vec<WriteSet>, clients: usize) -> Result<(), Failure> {
    let count = sets.len();
    let mut share: Vec<Vec<WriteSet>> = (0..clients).map(|_| Vec::new()).collect();
    for (index, set) in sets.into_iter().enumerate() {
        share[index % clients].push(set);
    }
    let meter = Meter::start();
    let results = join_all(share.into_iter().map(async |sets| {
        for set in sets {
            store.write(set).await?;
        }
        Ok::<(), basalt::store::StoreError>(())
    }))
    .await;
    meter.print(title, count);
    for result in results {
        result?;
    }
    Ok(())
}

/// Transactions of 50 creates with a check each, as a batch request makes them.
async fn batches(name: &str, store: &Store, table: &Arc<Table>) -> Result<(), Failure> {
    let mut groups = Vec::new();
    for _ in 0..200 {
        groups.push(sets(store, table, 50, true));
    }
    let count = groups.iter().map(Vec::len).sum();
    let meter = Meter::start();
    for group in groups {
        let done: basalt::store::Result<()> = store
            .transaction(async move |tx| {
                for set in &group {
                    tx.apply(set).await?;
                }
                Ok(())
            })
            .await;
        done?;
    }
    meter.print(&format!("transaction of 50 creates, a record, {name}"), count);
    Ok(())
}

async fn reads(store: &Store) -> Result<(), Failure> {
    let reader = store.reader();
    let ids = reader.rows(Statement::new("SELECT id FROM posts LIMIT 5000", vec![])).await?;
    let meter = Meter::start();
    let mut bytes = Bytes::default();
    let rounds = 4;
    for _ in 0..rounds {
        for row in &ids {
            let sql = "SELECT id, created, updated, title, body, n, author, pub FROM posts WHERE id = ?1";
            bytes = reader.stream(Statement::new(sql, vec![row.get(0).clone()]), bytes).await?;
            bytes.0.clear();
        }
    }
    meter.print("point read, streamed to bytes", rounds * ids.len());
    let meter = Meter::start();
    for index in 0..5_000 {
        let author = format!("user{:011}", index % 500);
        bytes = reader.stream(Statement::new(LIST, vec![author.into()]), bytes).await?;
        bytes.0.clear();
    }
    meter.print("list of 30, streamed to bytes", 5_000);
    Ok(())
}

/// Writes values as they come: the floor of any encoder.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn row(&mut self, columns: &dyn Columns) {
        use std::io::Write as _;
        for index in 0..columns.len() {
            match columns.get(index) {
                ValueRef::Text(text) => self.0.extend_from_slice(text.as_bytes()),
                ValueRef::Blob(blob) => self.0.extend_from_slice(blob),
                // Writing into memory does not fail.
                ValueRef::Int(number) => drop(write!(self.0, "{number}")),
                ValueRef::Real(number) => drop(write!(self.0, "{number}")),
                ValueRef::Null => self.0.extend_from_slice(b"null"),
            }
            self.0.push(b',');
        }
    }

    fn reset(&mut self) {
        self.0.clear();
    }
}

struct Meter {
    cpu_us: f64,
    wall: Instant,
}

impl Meter {
    fn start() -> Self {
        Self { cpu_us: process_cpu_us(), wall: Instant::now() }
    }

    fn print(&self, title: &str, count: usize) {
        let cpu = (process_cpu_us() - self.cpu_us) / count as f64;
        let rate = count as f64 / self.wall.elapsed().as_secs_f64();
        println!("{title:<44} {cpu:>10.1} {rate:>12.0}");
    }
}

fn process_cpu_us() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value that lives through the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}
