//! The system tables: embedded files, applied in order by one server at a time.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::super::{Result, StoreError};
use super::error::plain;

/// Number, name, text. A file that was released never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (0, "functions", include_str!("../../../migrations/postgres/0000_functions.sql")),
    (1, "system", include_str!("../../../migrations/postgres/0001_system.sql")),
    (2, "idempotency", include_str!("../../../migrations/postgres/0002_idempotency.sql")),
    (3, "jobs", include_str!("../../../migrations/postgres/0003_jobs.sql")),
];

/// Servers that start at the same time take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(814720, 0)";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS _migrations
    (number bigint PRIMARY KEY, name text COLLATE \"C\" NOT NULL, applied text COLLATE \"C\" NOT NULL)";

/// Brings the database up to this program, all or nothing.
///
/// # Errors
/// A database of a later program is refused: its tables may mean something else.
pub(super) async fn run(connection: &mut PgConnection, now_text: &str) -> Result<()> {
    let mut transaction = connection.begin().await.map_err(plain)?;
    let inner = &mut *transaction;
    // A large migration takes as long as it takes.
    sqlx::raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .execute(&mut *inner)
        .await
        .map_err(plain)?;
    sqlx::raw_sql(LOCK).execute(&mut *inner).await.map_err(plain)?;
    let applied = applied(inner).await.map_err(|error| {
        StoreError::Other(format!("the tables of Basalt can't be used by this role of the database: {}", plain(error)))
    })?;
    let known = MIGRATIONS.last().map_or(-1, |(number, ..)| *number);
    if applied > known {
        return Err(StoreError::Other(format!(
            "the database was written by a later version (migration {applied}, this program knows {known})"
        )));
    }
    for (number, name, sql) in MIGRATIONS.iter().filter(|(number, ..)| *number > applied) {
        sqlx::raw_sql(AssertSqlSafe(*sql)).execute(&mut *inner).await.map_err(|error| {
            StoreError::Other(format!("the migration {number} ({name}) of the database failed: {}", plain(error)))
        })?;
        sqlx::query("INSERT INTO _migrations (number, name, applied) VALUES ($1, $2, $3)")
            .bind(number)
            .bind(name)
            .bind(now_text)
            .execute(&mut *inner)
            .await
            .map_err(plain)?;
    }
    transaction.commit().await.map_err(plain)
}

/// The last one that was applied; -1 for none.
async fn applied(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let there = "SELECT to_regclass('_migrations') IS NOT NULL";
    if !sqlx::query(there).fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        sqlx::raw_sql(TABLE).execute(&mut *connection).await?;
    }
    sqlx::query("SELECT coalesce(max(number), -1) FROM _migrations").fetch_one(&mut *connection).await?.try_get(0)
}
