//! Statements in, rows out; transactions, migrations and the change feed.
//!
//! A [`Store`] is one of the engines. Reading goes through a [`Reader`], which is either the store
//! itself (any thread's read-only connection) or an open transaction, so that the code above reads the
//! same way inside a batch as outside. Writing is a [`WriteSet`] (the fast lane: group commit, checks
//! inside) or a [`Store::transaction`] (the interactive lane: batch, cascades, schema changes).
//!
//! *Invariant:* only `store/<engine>/` names `rusqlite` or `sqlx`; no connection leaves it. Every row
//! carries its revision and every write of a record appends its feed row in the same transaction.
//!
//! Start reading at `write.rs`, then `sqlite/mod.rs`.

mod changes;
mod counters;
mod error;
mod feed;
mod instance_key;
mod mark;
mod nodes;
mod statement;
mod value;
mod write;

pub mod postgres;
pub mod sqlite;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use changes::{FeedEntry, FeedLimits, FeedPage, FeedRead, Image, Position};
pub use counters::{Counted, Total};
pub use error::{Result, StoreError};
pub use feed::Change;
pub use mark::Mark;
pub use nodes::Shared;
pub use sqlite::{ColumnInfo, ViewInspection};
pub use statement::{Columns, Cost, Quoted, Row, Sink, Statement, quote};
pub use value::{Value, ValueRef};
pub use write::{Check, Committed, Expect, Keep, Op, Priority, Rows, Table, WriteSet};

/// The name of the hidden revision column: no field can have it, as field names are `\w+`.
pub const REV_COLUMN: &str = "@rev";

/// A storage engine. Cheap to clone.
#[derive(Clone)]
pub enum Store {
    Sqlite(sqlite::Engine),
    Postgres(postgres::Engine),
}

/// What of the change feed stays.
#[derive(Debug, Clone, Copy)]
pub struct FeedKeep {
    /// Entries of this time, in Unix milliseconds, and later ones; `i64::MIN` is all.
    pub since_ms: i64,
    /// But no more than about so many bytes of the latest; `None` is without limit.
    pub bytes: Option<u64>,
}

/// Where to read: the store, or a transaction that sees its own writes.
///
/// Not `Send`: a transaction stays on the thread that runs it.
#[derive(Clone)]
pub enum Reader {
    Store(Store),
    Tx(Tx),
}

/// An open transaction of the interactive lane. Cheap to clone; valid inside its closure only.
#[derive(Clone)]
pub enum Tx {
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

impl Store {
    pub fn reader(&self) -> Reader {
        Reader::Store(self.clone())
    }

    /// All rows of the statement; [`Reader::rows`] where a task moves between threads.
    pub async fn rows(&self, statement: Statement) -> Result<Vec<Row>> {
        match self {
            Store::Sqlite(engine) => engine.stream(statement, Vec::new()).await,
            Store::Postgres(engine) => engine.stream(statement, Vec::new()).await,
        }
    }

    /// Commits a set, together with others that wait. Returns after it is durable.
    pub async fn write(&self, set: WriteSet) -> Result<Committed> {
        match self {
            Store::Sqlite(engine) => engine.write(set).await,
            Store::Postgres(engine) => engine.write(set).await,
        }
    }

    /// Runs `work` in a transaction of its own on the writer: committed when it returns `Ok`, rolled
    /// back when it returns an error. On SQLite the future runs on the writer's thread and must wait
    /// for nothing but this transaction.
    pub async fn transaction<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Store::Sqlite(engine) => engine.transaction(async move |tx| work(Tx::Sqlite(tx)).await).await,
            Store::Postgres(engine) => engine.transaction(async move |tx| work(Tx::Postgres(tx)).await).await,
        }
    }

    /// The version of the schema, raised by every transaction that called [`Tx::schema_changed`].
    pub fn schema_version(&self) -> u64 {
        match self {
            Store::Sqlite(engine) => engine.schema_version(),
            Store::Postgres(engine) => engine.schema_version(),
        }
    }

    /// Names the history that revisions count in: another value after the history was rewritten, as by a restored
    /// backup.
    pub fn epoch(&self) -> Arc<String> {
        match self {
            Store::Sqlite(engine) => engine.epoch(),
            Store::Postgres(engine) => engine.epoch(),
        }
    }

    /// A number that rises whenever rows of the table were written, before anybody can see them. What was read from the
    /// table after asking for the number still holds while the number is the same. `None` while rows of the table are
    /// being committed: what is read then may be from before or from after it.
    pub fn generation(&self, table: &Table) -> Option<u64> {
        match self {
            Store::Sqlite(engine) => engine.generation(table),
            Store::Postgres(engine) => engine.generation(table),
        }
    }

    /// What a view query written by a person yields and reads, and its first rows. Only reading of tables and columns
    /// that are not `denied` passes; see [`Tx::inspect_view`] for a look from inside a transaction.
    pub async fn inspect_view(
        &self,
        sql: &str,
        denied: Vec<(String, String)>,
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        match self {
            Store::Sqlite(engine) => engine.inspect_view(sql.to_owned(), denied, sample_rows).await,
            Store::Postgres(engine) => engine.inspect_view(sql, &denied, sample_rows).await,
        }
    }

    /// Writes a consistent copy of the main database to `target`, which must not exist.
    pub async fn backup(&self, target: std::path::PathBuf) -> Result<()> {
        match self {
            Store::Sqlite(engine) => engine.backup(target).await,
            Store::Postgres(engine) => engine.backup(),
        }
    }

    /// Shortens the change feed from its old end, in steps that yield to requests. Returns how many entries went.
    pub async fn trim_feed(&self, keep: FeedKeep) -> Result<u64> {
        match self {
            Store::Sqlite(engine) => engine.trim_feed(keep).await,
            Store::Postgres(engine) => engine.trim_feed(keep).await,
        }
    }

    /// Renews the statistics that the engine plans queries by.
    pub async fn optimize(&self) -> Result<()> {
        match self {
            Store::Sqlite(engine) => engine.optimize().await,
            Store::Postgres(engine) => engine.optimize().await,
        }
    }

    /// Whether a write would be accepted right now.
    pub fn ready(&self) -> bool {
        match self {
            Store::Sqlite(engine) => engine.ready(),
            Store::Postgres(engine) => engine.ready(),
        }
    }

    /// The calling thread is going to serve requests as long as it lives: connections to a server are opened on it.
    pub fn serve_here(&self) {
        match self {
            Store::Sqlite(_) => {}
            Store::Postgres(engine) => engine.serve_here(),
        }
    }

    /// Finishes what is queued, checkpoints and closes. Later calls answer [`StoreError::Closed`].
    pub async fn close(&self) {
        match self {
            Store::Sqlite(engine) => engine.close().await,
            Store::Postgres(engine) => engine.close().await,
        }
    }
}

impl Reader {
    /// Runs the statement and hands each row to the sink, which comes back when all are seen.
    /// A cheap statement runs on the calling thread; one that turns out dear, or is known to be, runs
    /// on a pool after [`Sink::reset`].
    pub async fn stream<S: Sink>(&self, statement: Statement, sink: S) -> Result<S> {
        match self {
            Reader::Store(Store::Sqlite(engine)) => engine.stream(statement, sink).await,
            Reader::Store(Store::Postgres(engine)) => engine.stream(statement, sink).await,
            Reader::Tx(tx) => tx.stream(&statement, sink).await,
        }
    }

    /// All rows of the statement.
    pub async fn rows(&self, statement: Statement) -> Result<Vec<Row>> {
        self.stream(statement, Vec::new()).await
    }

    /// The first row, if there is one.
    pub async fn first(&self, statement: Statement) -> Result<Option<Row>> {
        Ok(self.rows(statement).await?.into_iter().next())
    }
}

impl Tx {
    pub fn reader(&self) -> Reader {
        Reader::Tx(self.clone())
    }

    /// Like [`Reader::stream`].
    pub async fn stream<S: Sink>(&self, statement: &Statement, sink: S) -> Result<S> {
        match self {
            Tx::Sqlite(tx) => tx.stream(statement, sink),
            Tx::Postgres(tx) => tx.stream(statement, sink).await,
        }
    }

    /// Applies a set inside this transaction, with a savepoint: a failing set leaves no trace and the
    /// transaction goes on.
    pub async fn apply(&self, set: &WriteSet) -> Result<Committed> {
        match self {
            Tx::Sqlite(tx) => tx.apply(set),
            Tx::Postgres(tx) => tx.apply(set).await,
        }
    }

    /// Keeps all others from writing this record until the transaction ends: what is read of it from now on holds. Who
    /// holds the id `""` keeps out those that do the same. On SQLite nobody else writes anyway.
    pub async fn hold(&self, table: &Table, id: &str) -> Result<()> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => tx.hold(table, id).await,
        }
    }

    /// Runs a statement of ours that yields no rows (schema changes, system tables). Returns the number
    /// of rows it touched. Records are written by [`Tx::apply`] only.
    pub async fn execute(&self, statement: &Statement) -> Result<u64> {
        match self {
            Tx::Sqlite(tx) => tx.execute(statement),
            Tx::Postgres(tx) => tx.execute(statement).await,
        }
    }

    /// Like [`Store::inspect_view`], seeing what this transaction changed.
    pub async fn inspect_view(
        &self,
        sql: &str,
        denied: &[(String, String)],
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        match self {
            Tx::Sqlite(tx) => tx.inspect_view(sql, denied, sample_rows),
            Tx::Postgres(tx) => tx.inspect_view(sql, denied, sample_rows).await,
        }
    }

    /// Begins a change of the schema: no other one runs, on any node, until this transaction ends. Returns the version
    /// that is in force; the commit raises it and writes the feed's schema row.
    pub async fn change_schema(&self) -> Result<u64> {
        match self {
            Tx::Sqlite(tx) => tx.change_schema(),
            Tx::Postgres(tx) => tx.change_schema().await,
        }
    }
}
