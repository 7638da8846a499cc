//! How a write set is applied: each op is one statement with its entry in the feed, the first one carries the checks.
//!
//! A set of one op is one statement, which commits by itself. All others run in a transaction, here or in that of a
//! closure (`tx.rs`).
//!
//! *Invariant:* a statement that fails leaves nothing; a set that failed in between leaves nothing once its transaction
//! is rolled back, which is the caller's part.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::super::feed::{Change, Images};
use super::super::{Committed, Op, Result, Row, StoreError, Table, WriteSet};
use super::compose::Composed;
use super::dialect::{Dialect, Ready};
use super::error::{self, classify};
use super::generation::Writing;
use super::pool::Lease;
use super::reader;
use super::translate::Relation;
use super::{Engine, in_time};

/// How long a set of several statements may hold its locks.
const TRANSACTION: &str = "BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '5s'";
/// Of what is found again and done again, the commit does not wait for the disk.
const RELAXED: &str = "; SET LOCAL synchronous_commit = off";

/// Attempts at a set whose statements were prepared before the tables changed.
const ATTEMPTS: usize = 2;

impl Engine {
    /// Commits a set. Returns after the commit.
    pub async fn write(&self, set: WriteSet) -> Result<Committed> {
        if is_one_statement(&set) {
            return self.attempt(&set).await;
        }
        // On its own, to its end even if nobody waits any more: half a set would be undone.
        let engine = self.clone();
        let writing = self.0.handle.spawn(async move { engine.attempt(&set).await });
        writing.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn attempt(&self, set: &WriteSet) -> Result<Committed> {
        for _ in 1..ATTEMPTS {
            let dialect = self.0.dialect.load_full();
            match self.commit(set, &dialect).await {
                // Nothing of it is left; the tables may be known better now.
                Err(StoreError::SchemaChanged) if self.renew(&dialect).await? => {}
                result => return result,
            }
        }
        let dialect = self.0.dialect.load_full();
        self.commit(set, &dialect).await
    }

    async fn commit(&self, set: &WriteSet, dialect: &Dialect) -> Result<Committed> {
        if set.depends_on_schema() && set.schema_version != dialect.version {
            return Err(StoreError::SchemaChanged);
        }
        let mut lease = self.lease().await?;
        let fresh = lease.is_fresh();
        let mut writing = self.0.generations.writing();
        touch(&mut writing, set);
        lease.writing = Some(writing);
        let whole = async {
            match is_one_statement(set) {
                true => apply(&mut lease, dialect, set).await,
                false => in_transaction(&mut lease, dialect, set).await,
            }
        };
        let result = match in_time(self.0.query_timeout * 2, whole, self.0.health.loss()).await {
            Ok(result) => result,
            Err(silence) => {
                lease.spoil();
                // The others lead to the same silence.
                self.0.pool.forget();
                Err(silence)
            }
        };
        // Before the answer: who hears of a write finds new numbers.
        drop(lease);
        if result.is_ok() {
            self.0.node.wrote();
        }
        result.inspect_err(|error| match error {
            StoreError::Away(_) if !fresh => self.0.health.suspect(&self.0.pool),
            error => self.0.health.note(error, &self.0.pool),
        })
    }
}

/// Whether the set commits with its statement.
fn is_one_statement(set: &WriteSet) -> bool {
    // The checks of a statement of the system tables are another one.
    let carries = set.before.is_empty() || !matches!(set.ops.first(), Some(Op::System(_)));
    set.ops.len() == 1 && set.after.is_empty() && carries && !set.relaxed
}

pub(super) fn touch(writing: &mut Writing, set: &WriteSet) {
    for op in &set.ops {
        match op {
            Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. } | Op::Load { table, .. } => {
                writing.add(table.number);
            }
            Op::System(_) => {}
        }
    }
}

async fn in_transaction(lease: &mut Lease, dialect: &Dialect, set: &WriteSet) -> Result<Committed> {
    let begin = if set.relaxed { format!("{TRANSACTION}{RELAXED}") } else { TRANSACTION.to_owned() };
    control(lease, begin).await?;
    let result = match apply(lease, dialect, set).await {
        Ok(committed) => control(lease, "COMMIT".to_owned()).await.map(|()| committed),
        Err(error) => Err(error),
    };
    if result.is_err() && control(lease, "ROLLBACK".to_owned()).await.is_err() {
        lease.spoil();
    }
    result
}

/// Runs statements that control a transaction.
pub(super) async fn control(lease: &mut Lease, sql: String) -> Result<()> {
    let run = lease.run(async |connection| connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await);
    run.await.map(drop).map_err(error::plain)
}

/// Applies a set, within a transaction where it is more than one statement.
pub(super) async fn apply(lease: &mut Lease, dialect: &Dialect, set: &WriteSet) -> Result<Committed> {
    let mut committed = Committed { revs: Vec::with_capacity(set.ops.len()), rows: Vec::new() };
    let version = set.depends_on_schema().then_some(set.schema_version);
    let mut guarded = version.is_none();
    if !guarded && matches!(set.ops.first(), None | Some(Op::System(_))) {
        guard(lease, dialect, set).await?;
        guarded = true;
    }
    for op in &set.ops {
        if let Op::System(statement) = op {
            committed.rows.push(system(lease, dialect, statement).await?);
            continue;
        }
        let mut composed = Composed::new();
        let (version, before) = if guarded { (None, &[][..]) } else { (version, &set.before[..]) };
        composed.guard(version, before, dialect)?;
        guarded = true;
        compose(&mut composed, dialect, op, &set.actor)?;
        let run = lease.run(async |connection| one_rev(connection, composed).await);
        let rev = run.await.map_err(|error| sense(error, dialect))?;
        let Some(rev) = rev else {
            // Without a row the checks may not have been asked; what they say goes before.
            if !before.is_empty() {
                guard(lease, dialect, set).await?;
            }
            // The row is gone, or at another revision.
            return Err(StoreError::Stale);
        };
        committed.revs.push(rev);
    }
    if !set.after.is_empty() {
        let mut composed = Composed::new();
        composed.push("SELECT ");
        composed.checks(&set.after, dialect)?;
        run(lease, dialect, composed).await?;
    }
    Ok(committed)
}

/// The checks before alone, where no row is written that could carry them.
async fn guard(lease: &mut Lease, dialect: &Dialect, set: &WriteSet) -> Result<()> {
    let mut composed = Composed::new();
    composed.guard(Some(set.schema_version), &set.before, dialect)?;
    composed.push("e AS (SELECT 1) SELECT g.* FROM g, e");
    run(lease, dialect, composed).await
}

pub(super) async fn run(lease: &mut Lease, dialect: &Dialect, composed: Composed) -> Result<()> {
    let run = async |connection: &mut PgConnection| {
        let query = sqlx::query_with(AssertSqlSafe(composed.sql), composed.arguments);
        connection.execute(query).await
    };
    lease.run(run).await.map(drop).map_err(|error| sense(error, dialect))
}

async fn one_rev(connection: &mut PgConnection, composed: Composed) -> Result<Option<i64>, sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(composed.sql), composed.arguments);
    connection.fetch_optional(query).await?.map(|row| row.try_get(0)).transpose()
}

async fn system(lease: &mut Lease, dialect: &Dialect, statement: &super::super::Statement) -> Result<Vec<Row>> {
    let (ready, arguments) = dialect.query(statement)?;
    let ready: &Ready = &ready[0];
    let mut rows: Vec<Row> = Vec::new();
    let run = lease.run(async |connection| reader::stream(connection, ready, arguments, &mut rows).await);
    run.await.map_err(|error| sense(error, dialect))?;
    Ok(rows)
}

fn compose(composed: &mut Composed, dialect: &Dialect, op: &Op, actor: &str) -> Result<()> {
    let relation = |table: &Table| -> Result<&Relation> {
        dialect.loaded.catalog.get(&table.name).map(|relation| &**relation).ok_or(StoreError::SchemaChanged)
    };
    match op {
        Op::Insert { table, values, image } => {
            composed.insert(table, relation(table)?, values)?;
            let id = values.get(table.id_column).map_or("", super::super::Value::as_str);
            composed.entry(table, (id, Change::Create), actor, &Images::new(Some(image), None))
        }
        Op::Update { table, id, expect_rev, set, image, old } => {
            composed.update(table, relation(table)?, (id, *expect_rev), set)?;
            composed.entry(table, (id, Change::Update), actor, &Images::new(Some(image), Some(old)))
        }
        Op::Delete { table, id, expect_rev, old } => {
            composed.delete(table, relation(table)?, (id, *expect_rev))?;
            composed.entry(table, (id, Change::Delete), actor, &Images::new(None, Some(old)))
        }
        Op::Load { table, rows } => {
            composed.load(table, relation(table)?, rows)?;
            composed.entry(table, ("", Change::Reset), actor, &Images::new(None, None))
        }
        // Has no entry; the caller runs it as it is.
        Op::System(_) => Ok(()),
    }
}

/// What a failure means to who prepared the set.
fn sense(error: sqlx::Error, dialect: &Dialect) -> StoreError {
    match error::is_outdated_plan(&error) || error::is_unknown_name(&error) {
        true => StoreError::SchemaChanged,
        false => classify(error, &dialect.loaded.indexes),
    }
}
