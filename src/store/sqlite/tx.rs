//! The interactive lane: a closure that reads and writes inside one transaction, on the writer's thread.
//!
//! Its future is polled once: everything it may wait for answers at once. A future that waits for something else would
//! stop every write of the server, so it is dropped and its transaction rolled back.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use super::super::{Committed, Result, Sink, Statement, StoreError, WriteSet};
use super::connection;
use super::feed::{self, Change, Entry};
use super::inspect::ViewInspection;
use super::lane::{Context, Lane};

/// How long a transaction may take; statements of the schema have [`SCHEMA_TIME`], as they may rewrite a table.
pub(super) const TRANSACTION_TIME: Duration = Duration::from_secs(5);
const SCHEMA_TIME: Duration = Duration::from_secs(600);

/// An open transaction of the interactive lane.
#[derive(Clone)]
pub struct Tx(Rc<State>);

struct State {
    lane: Rc<Lane>,
    /// False once the closure returned: a handle that was kept answers `Closed`.
    open: Cell<bool>,
    /// SQLite ended the transaction, or a set could not be undone.
    lost: Cell<bool>,
    timed_out: Cell<bool>,
    schema_changed: Cell<bool>,
    context: Context,
}

/// Runs the closure in a transaction of its own; commits when it returns `Ok`.
pub(super) fn run<T, E, F>(lane: &Rc<Lane>, at_ms: i64, work: F) -> Result<T, E>
where
    F: AsyncFnOnce(Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    let rev_before = lane.rev.get();
    lane.begin()?;
    lane.limit.set_deadline(TRANSACTION_TIME);
    let tx = Tx(Rc::new(State {
        lane: lane.clone(),
        open: Cell::new(true),
        lost: Cell::new(false),
        timed_out: Cell::new(false),
        schema_changed: Cell::new(false),
        context: Context { txn: Some(rev_before + 1), at_ms },
    }));
    let outcome = catch_unwind(AssertUnwindSafe(|| poll_once(work(tx.clone()))));
    tx.0.open.set(false);
    let result = match outcome {
        Ok(Some(Ok(value))) => tx.0.commit(rev_before).map(|()| value).map_err(E::from),
        Ok(Some(Err(error))) => Err(error),
        Ok(None) => Err(StoreError::Other("a transaction waited for something outside of itself".into()).into()),
        Err(_panic) => Err(StoreError::Other("a transaction panicked".into()).into()),
    };
    lane.limit.lift();
    if result.is_err() {
        lane.rollback(rev_before);
    }
    result
}

fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

impl Tx {
    pub fn stream<S: Sink>(&self, statement: &Statement, mut sink: S) -> Result<S> {
        self.0.usable()?;
        self.0.watch(connection::stream(&self.0.lane.connection, statement, &mut sink))?;
        Ok(sink)
    }

    pub fn apply(&self, set: &WriteSet) -> Result<Committed> {
        self.0.usable()?;
        self.0.lane.apply(set, self.0.context).map_err(|failure| {
            if failure.poisoned {
                self.0.lost.set(true);
                self.0.timed_out.set(matches!(failure.error, StoreError::Timeout));
            }
            failure.error
        })
    }

    pub fn execute(&self, statement: &Statement) -> Result<u64> {
        self.0.usable()?;
        let lane = &self.0.lane;
        lane.touched.add_all();
        lane.limit.set_deadline(SCHEMA_TIME);
        let result = connection::execute(&lane.connection, &statement.sql, &statement.params);
        lane.limit.set_deadline(TRANSACTION_TIME);
        self.0.watch(result)
    }

    pub fn change_schema(&self) -> Result<u64> {
        self.0.usable()?;
        self.0.schema_changed.set(true);
        Ok(self.0.lane.version.get())
    }

    pub fn inspect_view(&self, sql: &str, denied: &[(String, String)], sample_rows: usize) -> Result<ViewInspection> {
        self.0.usable()?;
        self.0.watch(self.0.lane.inspector.view(&self.0.lane.connection, sql, denied, sample_rows))
    }
}

impl State {
    fn usable(&self) -> Result<()> {
        if !self.open.get() {
            return Err(StoreError::Closed);
        }
        if self.lost.get() { Err(self.loss()) } else { Ok(()) }
    }

    fn loss(&self) -> StoreError {
        if self.timed_out.get() {
            StoreError::Timeout
        } else {
            StoreError::Other("the transaction was rolled back by the engine".into())
        }
    }

    /// Notices when a failed statement ended the transaction.
    fn watch<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.lane.health.note(error);
        }
        if let Err(error) = &result
            && self.lane.connection.is_autocommit()
        {
            self.lost.set(true);
            self.timed_out.set(matches!(error, StoreError::Timeout));
        }
        result
    }

    fn commit(&self, rev_before: i64) -> Result<()> {
        if self.lost.get() {
            return Err(self.loss());
        }
        let lane = &self.lane;
        if !self.schema_changed.get() {
            return lane.commit(rev_before);
        }
        let version = lane.version.get() + 1;
        let rev = lane.rev.get() + 1;
        lane.rev.set(rev);
        feed::append(
            &lane.connection,
            &Entry {
                rev,
                txn: rev_before + 1,
                collection: 0,
                record: "",
                change: Change::Schema,
                at_ms: self.context.at_ms,
                actor: "",
                after: None,
                old: None,
            },
        )?;
        feed::set_meta(&lane.connection, "schema_version", version.cast_signed())?;
        lane.commit(rev_before)?;
        lane.version.set(version);
        lane.schema_version.store(version, Ordering::Release);
        lane.sql.borrow_mut().clear();
        lane.connection.flush_prepared_statement_cache();
        Ok(())
    }
}
