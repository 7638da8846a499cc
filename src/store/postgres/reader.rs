//! Reads: one statement on a pooled connection, its rows handed on as they come.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{AssertSqlSafe, Executor as _};

use super::super::{Result, Sink, Statement, StoreError};
use super::dialect::{Dialect, Ready};
use super::error::{self, classify};
use super::row::RowColumns;
use super::{Engine, in_time};

/// What an attempt at a read came to.
enum Attempt {
    Done,
    /// Not a row was lost: another connection, or newer knowledge of the tables, may do better.
    Again,
}

/// Attempts at a read: one with a connection that may have died in the pool, one with old knowledge of the tables.
const ATTEMPTS: usize = 3;

impl Engine {
    /// Hands every row to the sink.
    pub async fn stream<S: Sink>(&self, statement: Statement, mut sink: S) -> Result<S> {
        // Apart, as few reads need room for it.
        if self.1.is_some()
            && let Some(read) = Box::pin(self.stream_from_replica(&statement, &mut sink)).await
        {
            return read.map(|()| sink);
        }
        for _ in 1..ATTEMPTS {
            if matches!(self.try_stream(&statement, &mut sink, false).await?, Attempt::Done) {
                return Ok(sink);
            }
            sink.reset();
        }
        self.try_stream(&statement, &mut sink, true).await?;
        Ok(sink)
    }

    async fn try_stream<S: Sink>(&self, statement: &Statement, sink: &mut S, last: bool) -> Result<Attempt> {
        if !only_reads(&statement.sql) {
            return Err(StoreError::Statement("a reader only reads".into()));
        }
        let dialect = self.0.dialect.load_full();
        let (ready, arguments) = dialect.query(statement)?;
        let mut lease = self.lease().await?;
        let fresh = lease.is_fresh();
        let run = lease.run(async |connection| stream(connection, &ready[0], arguments, sink).await);
        // The server ends it in time; who does not hear of that any more is not on the line.
        let result = match in_time(self.0.query_timeout * 2, run, self.0.health.loss()).await {
            Ok(result) => result,
            Err(silence) => {
                lease.spoil();
                // The others lead to the same silence.
                self.0.pool.forget();
                return Err(silence);
            }
        };
        drop(lease);
        let Err(error) = result else { return Ok(Attempt::Done) };
        if !last && error::breaks(&error) && !fresh {
            self.0.health.suspect(&self.0.pool);
            return Ok(Attempt::Again);
        }
        if !last && (error::is_outdated_plan(&error) || error::is_unknown_name(&error)) && self.renew(&dialect).await? {
            return Ok(Attempt::Again);
        }
        let error = classify(error, &dialect.loaded.indexes);
        if fresh {
            self.0.health.note(&error, &self.0.pool);
        }
        Err(error)
    }

    /// Learns the tables anew where the schema is not that of `known` any more; whether it was so.
    pub(super) async fn renew(&self, known: &Dialect) -> Result<bool> {
        let mut lease = self.lease().await?;
        let loading = lease.ask(async |connection| {
            let version = super::feed::schema_version(connection).await?;
            match version == known.version {
                true => Ok(None),
                false => Dialect::load(connection, version).await.map(Some),
            }
        });
        match loading.await.map_err(error::plain)? {
            Some(newer) => self.publish(newer),
            // Another request was first.
            None => return Ok(self.schema_version() != known.version),
        }
        Ok(true)
    }

    /// The newest knowledge of the tables wins.
    pub(super) fn publish(&self, newer: Dialect) {
        let newer = std::sync::Arc::new(newer);
        self.0.dialect.rcu(|known| if known.version > newer.version { known.clone() } else { newer.clone() });
    }
}

fn only_reads(sql: &str) -> bool {
    let start = sql.trim_start().trim_start_matches('(').trim_start();
    let word = start.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    ["SELECT", "WITH", "VALUES"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

/// Runs a statement and hands every row to the sink.
pub(super) async fn stream(
    connection: &mut PgConnection,
    ready: &Ready,
    arguments: PgArguments,
    sink: &mut dyn Sink,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(ready.sql.clone()), arguments);
    let mut rows = pin!(connection.fetch(query));
    while let Some(row) = rows.try_next().await? {
        sink.row(&RowColumns { row: &row, outputs: &ready.outputs });
    }
    Ok(())
}

/// Runs a statement that yields no rows; the number of rows it touched.
pub(super) async fn execute(
    connection: &mut PgConnection,
    ready: &Ready,
    arguments: PgArguments,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(ready.sql.clone()), arguments);
    Ok(connection.execute(query).await?.rows_affected())
}
