//! The interactive lane: a closure that reads and writes inside one transaction on one connection.
//!
//! PostgreSQL ends a transaction in which a statement failed, while the code above expects that only the statement is
//! undone. So a savepoint is kept behind whatever succeeded, and a failure goes back to it.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::{Committed, Result, Sink, Statement, StoreError, Table, ViewInspection, WriteSet};
use super::compose::Composed;
use super::dialect::Dialect;
use super::error::{self, classify};
use super::pool::Lease;
use super::{Engine, feed, inspect, lane, reader};

/// How long a transaction may take; statements of the schema have [`SCHEMA_TIME`], as they may rewrite a table.
const TRANSACTION_TIME: Duration = Duration::from_secs(5);
const SCHEMA_TIME: Duration = Duration::from_secs(600);

const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '5s'; SAVEPOINT s";
const MARK: &str = "RELEASE SAVEPOINT s; SAVEPOINT s";
const BACK: &str = "ROLLBACK TO SAVEPOINT s";
const JOIN: &str = "SELECT pg_advisory_xact_lock_shared(814720, 1)";
/// A change of the schema waits for writes that run, keeps new ones out, and takes the time it needs.
const CHANGE: &str = "SET LOCAL statement_timeout = '600s'; SELECT pg_advisory_xact_lock(814720, 1)";

/// An open transaction of the interactive lane.
#[derive(Clone)]
pub struct Tx(Rc<State>);

struct State {
    engine: Engine,
    lease: Mutex<Lease>,
    /// The tables as this transaction sees them.
    dialect: RefCell<Arc<Dialect>>,
    /// Statements of the schema ran since the tables were looked at.
    outdated: Cell<bool>,
    /// False once the closure returned: a handle that was kept answers `Closed`.
    open: Cell<bool>,
    /// The connection is gone, and the transaction with it.
    lost: Cell<bool>,
    /// Something succeeded behind the savepoint.
    unmarked: Cell<bool>,
    /// The schema is being changed, and other writers of records are kept out.
    changing: Cell<bool>,
    /// No change of the schema runs beside this transaction.
    joined: Cell<bool>,
    deadline: Cell<Instant>,
}

/// Runs the closure in a transaction of its own; commits when it returns `Ok`.
pub(super) async fn run<T, E, F>(engine: Engine, mut lease: Lease, work: F) -> Result<T, E>
where
    F: AsyncFnOnce(Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    answered(lane::control(&mut lease, BEGIN.to_owned()))
        .await
        .inspect_err(|error| engine.0.health.note(error, &engine.0.pool))
        .inspect_err(|_| lease.spoil())?;
    lease.writing = Some(engine.0.generations.writing());
    let dialect = RefCell::new(engine.0.dialect.load_full());
    let tx = Tx(Rc::new(State {
        engine,
        lease: Mutex::new(lease),
        dialect,
        outdated: Cell::new(false),
        open: Cell::new(true),
        lost: Cell::new(false),
        unmarked: Cell::new(false),
        changing: Cell::new(false),
        joined: Cell::new(false),
        deadline: Cell::new(Instant::now() + TRANSACTION_TIME),
    }));
    let outcome = std::panic::AssertUnwindSafe(in_time(&tx, work(tx.clone()))).catch_unwind().await;
    tx.0.open.set(false);
    let result = match outcome {
        Ok(Some(Ok(value))) => answered(tx.0.commit()).await.map(|()| value).map_err(E::from),
        Ok(Some(Err(error))) => Err(error),
        Ok(None) => Err(StoreError::Timeout.into()),
        Err(_panic) => Err(StoreError::Other("a transaction panicked".into()).into()),
    };
    if result.is_err() && answered(tx.0.roll_back()).await.is_err() {
        tx.0.lease.lock().await.spoil();
    }
    result
}

/// What a server answers at once if it answers at all.
async fn answered<T>(asked: impl Future<Output = Result<T>>) -> Result<T> {
    let answer = tokio::time::timeout(TRANSACTION_TIME, asked).await;
    answer.unwrap_or_else(|_elapsed| Err(StoreError::Away("it does not answer".into())))
}

/// `None` when the work did not end by its deadline, which statements of the schema put off.
async fn in_time<T>(tx: &Tx, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    loop {
        let deadline = tx.0.deadline.get();
        match tokio::time::timeout_at(deadline, &mut work).await {
            Ok(done) => return Some(done),
            Err(_elapsed) if tx.0.deadline.get() > deadline => {}
            Err(_elapsed) => return None,
        }
    }
}

impl Tx {
    pub async fn stream<S: Sink>(&self, statement: &Statement, mut sink: S) -> Result<S> {
        let mut lease = self.0.usable().await?;
        self.0.mark(&mut lease).await?;
        let dialect = self.0.dialect(&mut lease).await?;
        let (ready, arguments) = dialect.query(statement)?;
        let run = lease.run(async |connection| reader::stream(connection, &ready[0], arguments, &mut sink).await);
        let result = run.await.map_err(|error| classify(error, &dialect.loaded.indexes));
        self.0.settle(&mut lease, result).await?;
        Ok(sink)
    }

    pub async fn apply(&self, set: &WriteSet) -> Result<Committed> {
        let mut lease = self.0.usable().await?;
        self.0.mark(&mut lease).await?;
        let dialect = self.0.dialect(&mut lease).await?;
        let fits = !set.depends_on_schema() || set.schema_version == dialect.version;
        if !fits {
            return Err(StoreError::SchemaChanged);
        }
        if let Some(writing) = lease.writing.as_mut() {
            lane::touch(writing, set);
        }
        let result = lane::apply(&mut lease, &dialect, set).await;
        self.0.unmarked.set(true);
        self.0.settle(&mut lease, result).await
    }

    pub async fn hold(&self, table: &Table, id: &str) -> Result<()> {
        let mut lease = self.0.usable().await?;
        self.0.mark(&mut lease).await?;
        let dialect = self.0.dialect(&mut lease).await?;
        let Some(relation) = dialect.loaded.catalog.get(&table.name) else { return Ok(()) };
        let mut composed = Composed::new();
        composed.hold(table, relation, id)?;
        let result = lane::run(&mut lease, &dialect, composed).await;
        self.0.settle(&mut lease, result).await
    }

    pub async fn execute(&self, statement: &Statement) -> Result<u64> {
        let mut lease = self.0.usable().await?;
        self.0.mark(&mut lease).await?;
        if let Some(writing) = lease.writing.as_mut() {
            writing.add_all();
        }
        let dialect = self.0.dialect(&mut lease).await?;
        let ready = dialect.translate(&statement.sql, &statement.params)?;
        self.0.deadline.set(Instant::now() + SCHEMA_TIME);
        let mut result = Ok(0);
        for one in ready.iter() {
            let arguments = one.arguments(&statement.params)?;
            let run = lease.run(async |connection| reader::execute(connection, one, arguments).await);
            result = run.await.map_err(|error| classify(error, &dialect.loaded.indexes));
            if result.is_err() {
                break;
            }
        }
        self.0.deadline.set(Instant::now() + TRANSACTION_TIME);
        self.0.unmarked.set(true);
        self.0.outdated.set(self.0.outdated.get() || changes_tables(&statement.sql));
        self.0.settle(&mut lease, result).await
    }

    /// Waits for writes that run and keeps new ones out, on all servers; the version of the schema that is in force.
    pub async fn change_schema(&self) -> Result<u64> {
        let mut lease = self.0.usable().await?;
        self.0.deadline.set(Instant::now() + SCHEMA_TIME);
        lane::control(&mut lease, CHANGE.to_owned()).await.inspect_err(|_| self.0.lost.set(true))?;
        let version = lease.run(async |connection| feed::schema_version(connection).await);
        let version = version.await.map_err(error::plain)?;
        self.0.changing.set(true);
        self.0.joined.set(true);
        // Another server may have changed it a moment ago.
        if self.0.dialect.borrow().version != version {
            let newer = lease.run(async |connection| Dialect::load(connection, version).await).await;
            *self.0.dialect.borrow_mut() = Arc::new(newer.map_err(error::plain)?);
        }
        self.0.deadline.set(Instant::now() + TRANSACTION_TIME);
        Ok(version)
    }

    pub async fn inspect_view(
        &self,
        sql: &str,
        denied: &[(String, String)],
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        let mut lease = self.0.usable().await?;
        self.0.mark(&mut lease).await?;
        let dialect = self.0.dialect(&mut lease).await?;
        let inspected = inspect::inspect(sql, denied, &dialect)?;
        let run = lease.run(async |connection| inspect::sample(connection, &inspected, sample_rows).await);
        let result = run.await.map_err(|error| classify(error, &dialect.loaded.indexes));
        let rows = self.0.settle(&mut lease, result).await?;
        Ok(inspect::whole(inspected, rows))
    }
}

/// Whether the tables have to be looked at anew after this.
fn changes_tables(sql: &str) -> bool {
    let word = sql.split_whitespace().next().unwrap_or_default();
    ["CREATE", "ALTER", "DROP"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

impl State {
    async fn usable(&self) -> Result<tokio::sync::MutexGuard<'_, Lease>> {
        if !self.open.get() {
            return Err(StoreError::Closed);
        }
        if self.lost.get() {
            return Err(StoreError::Other("the transaction was rolled back by the server".into()));
        }
        Ok(self.lease.lock().await)
    }

    /// What is known of the tables, with what this transaction did to them.
    async fn dialect(&self, lease: &mut Lease) -> Result<Arc<Dialect>> {
        if self.outdated.get() {
            let version = self.dialect.borrow().version;
            let newer = lease.run(async |connection| Dialect::load(connection, version).await).await;
            *self.dialect.borrow_mut() = Arc::new(newer.map_err(error::plain)?);
            self.outdated.set(false);
        }
        Ok(self.dialect.borrow().clone())
    }

    /// Before something that may fail alone; before the first of these no change of the schema may be under way, or it and
    /// this transaction could come to wait for each other.
    async fn mark(&self, lease: &mut Lease) -> Result<()> {
        if !self.joined.replace(true) {
            lane::control(lease, format!("{JOIN}; {MARK}")).await.inspect_err(|_| self.lost.set(true))?;
            self.unmarked.set(false);
        }
        if self.unmarked.replace(false) {
            lane::control(lease, MARK.to_owned()).await.inspect_err(|_| self.lost.set(true))?;
        }
        Ok(())
    }

    /// After a failure the transaction goes on as if the statement had never been.
    async fn settle<T>(&self, lease: &mut Lease, result: Result<T>) -> Result<T> {
        if result.is_err() {
            // What is undone may have changed the tables.
            self.outdated.set(self.outdated.get() || self.changing.get());
            self.unmarked.set(false);
            if lane::control(lease, BACK.to_owned()).await.is_err() {
                self.lost.set(true);
            }
        }
        result
    }

    async fn commit(&self) -> Result<()> {
        if self.lost.get() {
            return Err(StoreError::Other("the transaction was rolled back by the server".into()));
        }
        let mut lease = self.lease.lock().await;
        let lease = &mut *lease;
        let mut newer = None;
        if self.changing.get() {
            let raise = async |connection: &mut sqlx::postgres::PgConnection| {
                let version = feed::raise_schema(connection).await?;
                Dialect::load(connection, version).await
            };
            newer = Some(lease.run(raise).await.map_err(error::plain)?);
        }
        lane::control(lease, "COMMIT".to_owned()).await?;
        if let Some(newer) = newer {
            let version = newer.version;
            self.engine.publish(newer);
            // Its own prepared statements may be older than the tables.
            if lease.renew(version).await.is_err() {
                lease.spoil();
            }
        }
        drop(lease.writing.take());
        self.engine.0.node.wrote();
        Ok(())
    }

    async fn roll_back(&self) -> Result<()> {
        let mut lease = self.lease.lock().await;
        // An open transaction must not be handed on.
        let undone = lane::control(&mut lease, "ROLLBACK".to_owned()).await;
        if undone.is_err() || self.changing.get() {
            // Statements were prepared for tables that are not there.
            lease.spoil();
        }
        drop(lease.writing.take());
        Ok(())
    }
}
