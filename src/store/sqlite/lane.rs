//! The writer's side of a transaction: its connection, the revision counter, and how a set is applied.
//!
//! *Invariant:* after a failed [`Lane::apply`] either nothing of the set is left, or the failure says `poisoned` and the
//! whole transaction must be rolled back.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rusqlite::Connection;

use super::super::{Check, Committed, Expect, Op, Result, Row, StoreError, Table, Value, WriteSet};
use super::Durability;
use super::connection::{self, Bound, batch, yields};
use super::error::classify;
use super::feed::{self, Change, Entry};
use super::generation::{Generations, Touched};
use super::health::Health;
use super::inspect::Inspector;
use super::limit::Limit;
use super::sql::{self, SqlCache};

/// One writing connection, used by one thread.
pub(super) struct Lane {
    pub(super) connection: Connection,
    /// What was promised for all writes.
    pub(super) durability: Durability,
    /// What the connection does at the moment.
    pub(super) synchronous: Cell<Durability>,
    pub(super) health: Arc<Health>,
    pub(super) limit: Limit,
    pub(super) inspector: Inspector,
    /// The last revision that was given out; falls back when a transaction does.
    pub(super) rev: Cell<i64>,
    pub(super) schema_version: Arc<AtomicU64>,
    /// The number of the schema version inside the lane, which alone changes it.
    pub(super) version: Cell<u64>,
    pub(super) sql: RefCell<SqlCache>,
    pub(super) generations: Arc<Generations>,
    pub(super) touched: Touched,
}

/// Why a set was not applied.
pub(super) struct Failure {
    pub(super) error: StoreError,
    /// Something of the set may be left: the transaction is lost.
    pub(super) poisoned: bool,
}

/// What the feed says about the transaction that a set is part of.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// `None`: the set's own first revision.
    pub(super) txn: Option<i64>,
    pub(super) at_ms: i64,
}

impl Lane {
    pub(super) fn begin(&self) -> Result<()> {
        self.begin_as(self.durability)
    }

    /// A transaction that a power loss may undo after its commit. Not those that were committed before or after it.
    pub(super) fn begin_relaxed(&self) -> Result<()> {
        self.begin_as(Durability::Normal)
    }

    /// Whether the commit of the transaction that runs, or of the last one, waits for the disk.
    pub(super) fn syncs(&self) -> bool {
        self.synchronous.get() == Durability::Full
    }

    fn begin_as(&self, durability: Durability) -> Result<()> {
        self.health.trusted()?;
        if self.synchronous.get() != durability {
            connection::synchronize(&self.connection, durability)?;
            self.synchronous.set(durability);
        }
        self.control("BEGIN IMMEDIATE")
    }

    /// Writes the counter and commits.
    pub(super) fn commit(&self, rev_before: i64) -> Result<()> {
        if self.rev.get() != rev_before {
            feed::set_meta(&self.connection, "last_rev", self.rev.get())
                .inspect_err(|error| self.health.note(error))?;
        }
        self.generations.suspend(&self.touched);
        self.control("COMMIT")?;
        self.generations.raise(&self.touched);
        Ok(())
    }

    /// Ends the transaction without a trace; one that SQLite ended itself is fine too.
    pub(super) fn rollback(&self, rev_before: i64) {
        self.limit.lift();
        if !self.connection.is_autocommit()
            && let Err(error) = batch(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        // A commit that failed may have come through after all.
        self.generations.raise(&self.touched);
        self.rev.set(rev_before);
    }

    fn control(&self, sql: &str) -> Result<()> {
        let run = || self.connection.prepare_cached(sql)?.raw_execute();
        run()
            .map(|_| ())
            .map_err(|error| classify(error, Some(&self.connection)))
            .inspect_err(|error| self.health.note(error))
    }

    /// Applies a set inside the open transaction.
    pub(super) fn apply(&self, set: &WriteSet, context: Context) -> Result<Committed, Failure> {
        if set.schema_version != self.version.get() && set.depends_on_schema() {
            return Err(self.failure(StoreError::SchemaChanged, false));
        }
        for check in &set.before {
            self.check(check).map_err(|error| self.failure(error, false))?;
        }
        let rev_before = self.rev.get();
        // A single statement undoes itself when it fails; only more than one needs a savepoint.
        let many = set.ops.len() > 1 || set.ops.iter().any(|op| matches!(op, Op::Load { .. }));
        let savepoint = many || !set.after.is_empty();
        if savepoint {
            self.control("SAVEPOINT s").map_err(|error| self.failure(error, true))?;
        }
        let mut poisoned = false;
        match self.ops(set, context, &mut poisoned) {
            Ok(committed) => {
                if savepoint {
                    self.control("RELEASE s").map_err(|error| self.failure(error, true))?;
                }
                Ok(committed)
            }
            Err(error) => {
                self.rev.set(rev_before);
                if savepoint {
                    let undone = !self.connection.is_autocommit()
                        && self.control("ROLLBACK TO s").and_then(|()| self.control("RELEASE s")).is_ok();
                    poisoned = !undone;
                }
                Err(self.failure(error, poisoned))
            }
        }
    }

    fn failure(&self, error: StoreError, poisoned: bool) -> Failure {
        self.health.note(&error);
        // SQLite rolls everything back by itself on a full disk, an interrupted write or RAISE(ROLLBACK).
        Failure { error, poisoned: poisoned || self.connection.is_autocommit() }
    }

    fn check(&self, check: &Check) -> Result<()> {
        let holds = yields(&self.connection, &check.statement)? == (check.expect == Expect::Row);
        if holds { Ok(()) } else { Err(StoreError::Check { tag: check.tag }) }
    }

    fn ops(&self, set: &WriteSet, context: Context, poisoned: &mut bool) -> Result<Committed> {
        let mut committed = Committed { revs: Vec::with_capacity(set.ops.len()), rows: Vec::new() };
        let txn = context.txn.unwrap_or(self.rev.get() + 1);
        for op in &set.ops {
            let rev = self.rev.get() + 1;
            let written = self.row(op, rev)?;
            // From here on the row is written: without a savepoint a failure can not be undone alone.
            *poisoned = true;
            let (table, record, change, after, old) = match written {
                Written::Record(written) => written,
                Written::System(rows) => {
                    committed.rows.push(rows);
                    continue;
                }
            };
            self.rev.set(rev);
            self.touched.add(table.number);
            feed::append(
                &self.connection,
                &Entry {
                    rev,
                    txn,
                    collection: table.number,
                    record,
                    change,
                    at_ms: context.at_ms,
                    actor: &set.actor,
                    after,
                    old,
                },
            )?;
            committed.revs.push(rev);
        }
        for check in &set.after {
            self.check(check)?;
        }
        Ok(committed)
    }

    /// Writes the row of one op; what the feed says about it.
    fn row<'a>(&self, op: &'a Op, rev: i64) -> Result<Written<'a>> {
        match op {
            Op::Insert { table, values, image } => {
                let sql = self.sql.borrow_mut().get(table);
                self.touch(&sql.insert, values.iter(), &[Value::Int(rev)])?;
                let record = values.get(table.id_column).map_or("", Value::as_str);
                Ok(Written::Record((table, record, Change::Create, Some(image), None)))
            }
            Op::Load { table, rows } => {
                let sql = self.sql.borrow_mut().get(table);
                for values in rows {
                    self.touch(&sql.insert, values.iter(), &[Value::Int(rev)])?;
                }
                Ok(Written::Record((table, "", Change::Reset, None, None)))
            }
            Op::Update { table, id, expect_rev, set, image, old } => {
                let sql = sql::update(table, set, expect_rev.is_some());
                let tail = [Value::Int(rev), id.as_str().into(), expect_rev.map_or(Value::Null, Value::Int)];
                let tail = if expect_rev.is_some() { &tail[..] } else { &tail[..2] };
                let touched = self.touch(&sql, set.iter().map(|(_, value)| value), tail)?;
                present(touched)?;
                Ok(Written::Record((table, id, Change::Update, Some(image), Some(old))))
            }
            Op::Delete { table, id, expect_rev, old } => {
                let sql = self.sql.borrow_mut().get(table);
                let id_value = Value::from(id.as_str());
                let touched = match expect_rev {
                    None => self.touch(&sql.delete, std::iter::empty(), &[id_value])?,
                    Some(rev) => self.touch(&sql.delete_at_rev, std::iter::empty(), &[id_value, Value::Int(*rev)])?,
                };
                present(touched)?;
                Ok(Written::Record((table, id, Change::Delete, None, Some(old))))
            }
            Op::System(statement) => {
                let mut rows: Vec<Row> = Vec::new();
                connection::stream(&self.connection, statement, &mut rows)?;
                Ok(Written::System(rows))
            }
        }
    }

    /// Runs a cached statement with two runs of parameters; the number of rows it touched.
    fn touch<'a>(&self, sql: &str, first: impl Iterator<Item = &'a Value>, rest: &'a [Value]) -> Result<usize> {
        let run = move || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut index = 0;
            for value in first.chain(rest) {
                index += 1;
                statement.raw_bind_parameter(index, Bound(value))?;
            }
            statement.raw_execute()
        };
        run().map_err(|error| classify(error, Some(&self.connection)))
    }
}

/// What one op did.
enum Written<'a> {
    Record(RecordWritten<'a>),
    System(Vec<Row>),
}

type RecordWritten<'a> = (&'a Arc<Table>, &'a str, Change, Option<&'a [u8]>, Option<&'a [u8]>);

fn present(touched: usize) -> Result<()> {
    if touched == 0 { Err(StoreError::Stale) } else { Ok(()) }
}
