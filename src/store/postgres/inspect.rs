//! What a view query written by a person yields and reads: found by its translation, its first rows by running it.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use super::super::{Result, Row, Sink as _, StoreError, ViewInspection};
use super::Engine;
use super::dialect::Dialect;
use super::error::classify;
use super::row::RowColumns;
use super::translate::{self, Inspected};

impl Engine {
    pub async fn inspect_view(
        &self,
        sql: &str,
        denied: &[(String, String)],
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        let dialect = self.0.dialect.load_full();
        let inspected = inspect(sql, denied, &dialect)?;
        let mut lease = self.lease().await?;
        let rows = lease.run(async |connection| sample(connection, &inspected, sample_rows).await).await;
        Ok(whole(inspected, rows.map_err(|error| classify(error, &dialect.loaded.indexes))?))
    }
}

/// # Errors
/// `Statement` with the reason when it is not a single `SELECT`, can't be translated, or reads what it must not.
pub(super) fn inspect(sql: &str, denied: &[(String, String)], dialect: &Dialect) -> Result<Inspected> {
    translate::view_inspection(sql, denied, &dialect.loaded.catalog)
        .map_err(|refused| StoreError::Statement(refused.to_string()))
}

/// The first rows. Also where none are wanted the query runs: it must not fail once it is a view.
pub(super) async fn sample(
    connection: &mut PgConnection,
    inspected: &Inspected,
    rows: usize,
) -> Result<Vec<Row>, sqlx::Error> {
    let sql = format!("SELECT * FROM ({}) AS inspected LIMIT {rows}", inspected.query.sql);
    let mut sampled: Vec<Row> = Vec::new();
    let mut found = connection.fetch(sqlx::query(AssertSqlSafe(sql)).persistent(false));
    while let Some(row) = found.try_next().await? {
        sampled.row(&RowColumns { row: &row, outputs: &inspected.query.columns });
    }
    Ok(sampled)
}

pub(super) fn whole(inspected: Inspected, rows: Vec<Row>) -> ViewInspection {
    let Inspected { columns, tables_read, stable, .. } = inspected;
    ViewInspection { columns, tables_read, stable, rows }
}
