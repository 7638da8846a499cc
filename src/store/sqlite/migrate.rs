//! The system tables: embedded files, applied in order, each in a transaction of its own.

use rusqlite::{Connection, params};

use super::super::{Result, StoreError};
use super::connection::{batch, number};
use super::error::classify;

/// Number, name, text. A file that was released never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "system", include_str!("../../../migrations/sqlite/0001_system.sql")),
    (2, "idempotency", include_str!("../../../migrations/sqlite/0002_idempotency.sql")),
    (3, "jobs", include_str!("../../../migrations/sqlite/0003_jobs.sql")),
];

/// Brings the database up to this program.
///
/// # Errors
/// A database of a later program is refused: its tables may mean something else.
pub(super) fn run(connection: &Connection, now_text: &str) -> Result<()> {
    batch(
        connection,
        "CREATE TABLE IF NOT EXISTS _migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied TEXT NOT NULL)",
    )?;
    let applied = number(connection, "SELECT coalesce(max(number), 0) FROM _migrations")?;
    let known = MIGRATIONS.last().map_or(0, |(number, ..)| *number);
    if applied > known {
        return Err(StoreError::Other(format!(
            "the data directory was written by a later version (migration {applied}, this program knows {known})"
        )));
    }
    for (number, name, sql) in MIGRATIONS.iter().filter(|(number, ..)| *number > applied) {
        apply(connection, *number, name, sql, now_text).inspect_err(|_| {
            // A failed one leaves nothing behind; when there is nothing to roll back the error changes nothing.
            let _ = connection.execute_batch("ROLLBACK");
        })?;
    }
    Ok(())
}

fn apply(connection: &Connection, number: i64, name: &str, sql: &str, now_text: &str) -> Result<()> {
    batch(connection, "BEGIN IMMEDIATE")?;
    batch(connection, sql)?;
    connection
        .execute("INSERT INTO _migrations (number, name, applied) VALUES (?1, ?2, ?3)", params![number, name, now_text])
        .map_err(|error| classify(error, Some(connection)))?;
    batch(connection, "COMMIT")
}
