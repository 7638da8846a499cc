//! Writers at the same time, in an order that the seed decides as far as threads allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _};

use super::super::super::super::Tx;
use super::super::super::{Engine, connection, error};
use super::super::{Op, Result, Statement, Store, StoreError, Table, Value, WriteSet};
use super::Random;
use super::disk::Disk;
use super::history::{CREATE, Change, DELETE, History, Outcome, UPDATE, Written, texts};

/// Every so many operations somebody copies the log, and every so many it begins again.
const COPY_EACH: u32 = 12;
const RESTART_EACH: u32 = 25;
/// Every so many sets may be lost. In a transaction that means nothing.
const RELAXED_EACH: u32 = 4;
/// Rows long enough for several pages now and then.
const PADDING: usize = 6_000;

/// A running engine over the shim, and everything that was asked of it.
pub struct Bench {
    pub store: Store,
    pub history: Arc<Mutex<History>>,
    disk: &'static Disk,
    vfs: String,
    dir: std::path::PathBuf,
    posts: Arc<Table>,
    stamps: AtomicU64,
}

/// What one writer knows of its own records.
struct Writer<'a> {
    bench: &'a Bench,
    random: Random,
    name: String,
    /// Those that are there for certain.
    records: Vec<String>,
    made: usize,
}

impl Bench {
    pub async fn open(dir: &std::path::Path, vfs: &str, disk: &'static Disk, durability: super::Durability) -> Self {
        let store = open(dir, vfs, durability);
        let posts = Arc::new(Table {
            number: 7,
            name: "posts".into(),
            columns: vec!["id".into(), "title".into(), "n".into()],
            id_column: 0,
        });
        let epoch = texts(&store, "SELECT v FROM _meta WHERE k = 'epoch'").await.expect("a meta table").remove(0);
        let history = History { opened: Some((disk.moment(), epoch)), ..History::default() };
        let bench = Self {
            store,
            history: Arc::new(Mutex::new(history)),
            disk,
            vfs: vfs.to_owned(),
            dir: dir.to_owned(),
            posts,
            stamps: AtomicU64::new(1),
        };
        for sql in [
            "CREATE TABLE posts (id TEXT PRIMARY KEY NOT NULL, title TEXT, n NUMERIC, \"@rev\" INTEGER)",
            "CREATE UNIQUE INDEX posts_title ON posts (title)",
        ] {
            super::super::execute(&bench.store, sql).await;
        }
        bench
    }

    /// Closes the engine and opens it again, as a restart does.
    pub async fn reopen(&mut self, durability: super::Durability) {
        self.store.close().await;
        self.store = open(&self.dir, &self.vfs, durability);
    }

    /// Runs `writers` at once, each with so many operations.
    pub async fn run(&self, label: &str, seed: u64, writers: u64, operations: usize) {
        let start = |number: u64| async move {
            let mut writer = Writer {
                bench: self,
                random: Random::seed_from_u64(seed ^ (number + 1) << 32),
                name: format!("{label}{number}"),
                records: Vec::new(),
                made: 0,
            };
            for _ in 0..operations {
                writer.step().await;
                if writer.random.random_ratio(1, COPY_EACH) {
                    self.copy_log().await;
                }
                if writer.random.random_ratio(1, RESTART_EACH) {
                    self.engine().0.queue.ask_checkpoint();
                }
            }
        };
        join_all((0..writers).map(start)).await;
    }

    fn engine(&self) -> &Engine {
        let Store::Sqlite(engine) = &self.store else { panic!("a store of this engine") };
        engine
    }

    /// What the checkpointer's thread does, at a moment of our choice.
    async fn copy_log(&self) {
        let (path, vfs) = (self.dir.join("data.db"), self.vfs.clone());
        let trusted = self.engine().0.health.trusted().is_ok();
        let health = self.engine().0.health.clone();
        let copy = move || {
            let Ok(connection) = connection::maintenance(&path, Some(&vfs)) else { return };
            let result = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            if let Err(error) = result {
                health.note(&error::classify(error, None));
            }
            health.keep_log(&connection);
        };
        if trusted {
            tokio::task::spawn_blocking(copy).await.expect("no panic");
        }
    }

    /// A single row, and whether it was taken.
    pub async fn probe(&self, record: &str) -> Result<()> {
        let mut draft = Draft::default();
        draft.insert(self, record, 1);
        self.commit(draft).await
    }

    pub async fn commit(&self, draft: Draft) -> Result<()> {
        let relaxed = draft.relaxed;
        let (changes, set) = self.set(draft);
        let result = self.store.write(set).await.map(|committed| committed.revs);
        self.note_from(changes, result, if relaxed { usize::MAX } else { self.disk.moment() })
    }

    pub fn set(&self, draft: Draft) -> (Vec<Change>, WriteSet) {
        let (schema_version, relaxed) = (self.store.schema_version(), draft.relaxed);
        let set = WriteSet { schema_version, ops: draft.ops, relaxed, ..WriteSet::default() };
        (draft.changes, set)
    }

    /// Remembers how a write ended.
    pub fn note(&self, changes: Vec<Change>, result: Result<Vec<i64>>) -> Result<()> {
        self.note_from(changes, result, self.disk.moment())
    }

    /// From this moment of the disk on it must be there, if it was taken. A relaxed set has none of its own: it must be
    /// where a later one is, which the numbers of the feed tell.
    fn note_from(&self, changes: Vec<Change>, result: Result<Vec<i64>>, moment: usize) -> Result<()> {
        let (outcome, result) = match result {
            Ok(revs) => (Outcome::Acknowledged { revs, moment }, Ok(())),
            Err(error @ (StoreError::Disk(_) | StoreError::Unsynced(_))) => (Outcome::Unknown, Err(error)),
            Err(error) => (Outcome::Refused, Err(error)),
        };
        self.history.lock().written.push(Written { changes, outcome });
        result
    }
}

fn open(dir: &std::path::Path, vfs: &str, durability: super::Durability) -> Store {
    let options = super::Options { durability, vfs: Some(vfs.to_owned()), ..super::Options::for_tests(dir) };
    Store::Sqlite(Engine::open(options).expect("the engine opens"))
}

/// Changes on their way into one set.
#[derive(Default)]
pub struct Draft {
    ops: Vec<Op>,
    changes: Vec<Change>,
    /// Makes the rows longer.
    padding: String,
    pub relaxed: bool,
}

impl Draft {
    /// Gives a change its stamp: as the start of the title, and as the image.
    fn change(&mut self, bench: &Bench, record: &str, kind: i64) -> (String, Vec<u8>) {
        let stamp = bench.stamps.fetch_add(1, Ordering::Relaxed);
        self.changes.push(Change { record: record.to_owned(), kind, stamp });
        (format!("{stamp}:{}", self.padding), stamp.to_string().into_bytes())
    }

    pub fn insert(&mut self, bench: &Bench, id: &str, n: i64) {
        let (title, image) = self.change(bench, id, CREATE);
        let values = vec![id.into(), title.into(), Value::Int(n)];
        self.ops.push(Op::Insert { table: bench.posts.clone(), values, image });
    }

    pub fn update(&mut self, bench: &Bench, id: &str) {
        let (title, image) = self.change(bench, id, UPDATE);
        let (table, set) = (bench.posts.clone(), vec![(1, title.into())]);
        self.ops.push(Op::Update { table, id: id.into(), expect_rev: None, set, image, old: vec![] });
    }

    fn delete(&mut self, bench: &Bench, id: &str) {
        let (_, old) = self.change(bench, id, DELETE);
        self.ops.push(Op::Delete { table: bench.posts.clone(), id: id.into(), expect_rev: None, old });
    }
}

impl Writer<'_> {
    async fn step(&mut self) {
        let bench = self.bench;
        let mut draft = self.draft();
        let mut made = Vec::new();
        let known = self.records.len();
        match self.random.random_range(0..100) {
            40..65 if known > 0 => draft.update(bench, &self.records[self.random.random_range(0..known)]),
            65..75 if known > 0 => {
                let id = self.records.swap_remove(self.random.random_range(0..known));
                draft.delete(bench, &id);
            }
            75..85 => {
                made = vec![self.id(), self.id()];
                made.iter().for_each(|id| draft.insert(bench, id, 1));
                draft.update(bench, &made[0]);
            }
            85..95 => return self.transaction().await,
            95..100 => return self.given_up().await,
            _ => {
                made = vec![self.id()];
                draft.insert(bench, &made[0], 1);
            }
        }
        if bench.commit(draft).await.is_ok() {
            self.records.append(&mut made);
        }
    }

    /// Two sets in a transaction of the interactive lane.
    async fn transaction(&mut self) {
        let bench = self.bench;
        let made = [self.id(), self.id()];
        let mut changes = Vec::new();
        let sets = made.clone().map(|id| {
            let mut draft = self.draft();
            draft.insert(bench, &id, 1);
            let (change, set) = bench.set(draft);
            changes.extend(change);
            set
        });
        let work = async move |tx: Tx| {
            let mut revs = Vec::new();
            for set in &sets {
                revs.extend(tx.apply(set).await?.revs);
            }
            tx.reader().rows(Statement::new("SELECT count(*) FROM posts", vec![])).await?;
            Ok::<_, StoreError>(revs)
        };
        let result = bench.store.transaction(work).await;
        if bench.note(changes, result).is_ok() {
            self.records.extend(made);
        }
    }

    /// A transaction that ends with an error.
    async fn given_up(&mut self) {
        let bench = self.bench;
        let mut draft = self.draft();
        draft.insert(bench, &self.id(), 1);
        let (changes, set) = bench.set(draft);
        let work = async move |tx: Tx| {
            tx.apply(&set).await?;
            Err::<Vec<i64>, _>(StoreError::Check { tag: 1 })
        };
        let result = bench.store.transaction(work).await;
        // What matters is that nothing of it is there.
        let _ = bench.note(changes, result);
    }

    fn draft(&mut self) -> Draft {
        let padding = "x".repeat(self.random.random_range(0..PADDING));
        Draft { padding, relaxed: self.random.random_ratio(1, RELAXED_EACH), ..Draft::default() }
    }

    fn id(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.name, self.made)
    }
}
