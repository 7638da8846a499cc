//! The system tables: embedded files, applied in order by one server at a time.
//!
//! While nodes are replaced one by one, programs of two versions work on one database. So a step adds what the new one
//! needs and leaves the old one its own; what nobody needs any more is taken away by a later step, which waits until the
//! last program that knew it has ended.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::super::{Result, StoreError};
use super::error::plain;
use super::node::SILENT;

/// One step of the system tables. A file that was released never changes.
pub(super) struct Migration {
    pub(super) number: i64,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// The oldest program that goes on working behind this step is the one that knows the step of this number. A step that
    /// only adds keeps the one of before; a step that takes something away names the first that does without it, and
    /// waits for as long as an older program runs.
    pub(super) needs: i64,
}

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 0,
        name: "functions",
        sql: include_str!("../../../migrations/postgres/0000_functions.sql"),
        needs: 0,
    },
    Migration {
        number: 1,
        name: "system",
        sql: include_str!("../../../migrations/postgres/0001_system.sql"),
        needs: 1,
    },
    Migration {
        number: 2,
        name: "idempotency",
        sql: include_str!("../../../migrations/postgres/0002_idempotency.sql"),
        needs: 2,
    },
    Migration { number: 3, name: "jobs", sql: include_str!("../../../migrations/postgres/0003_jobs.sql"), needs: 3 },
    Migration {
        number: 4,
        name: "counters",
        sql: include_str!("../../../migrations/postgres/0004_counters.sql"),
        needs: 3,
    },
];

/// What this program knows.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].number;

/// Servers that start at the same time take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(814720, 0)";
const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS _migrations (number bigint PRIMARY KEY, name text COLLATE \"C\" NOT NULL,
    needs bigint NOT NULL, applied text COLLATE \"C\" NOT NULL)";
/// Whether a program that knows less than this runs somewhere.
const OLDER: &str =
    "SELECT EXISTS (SELECT 1 FROM _nodes WHERE migration < $1 AND beat > clock_timestamp() - $2::text::interval)";

/// How far the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Whole,
    /// A step that takes something away waits for older programs to end.
    Waiting,
}

/// Brings the database up to this program, all or nothing, apart from steps that have to wait.
///
/// # Errors
/// A database of a later program is refused where its tables mean something else to this one.
pub(super) async fn run(connection: &mut PgConnection, migrations: &[Migration], now_text: &str) -> Result<Progress> {
    let mut transaction = connection.begin().await.map_err(plain)?;
    let inner = &mut *transaction;
    // A large migration takes as long as it takes.
    sqlx::raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .execute(&mut *inner)
        .await
        .map_err(plain)?;
    sqlx::raw_sql(LOCK).execute(&mut *inner).await.map_err(plain)?;
    let (applied, needed) = applied(inner).await.map_err(|error| {
        StoreError::Other(format!("the tables of Basalt can't be used by this role of the database: {}", plain(error)))
    })?;
    let known = migrations.last().map_or(-1, |migration| migration.number);
    if needed > known {
        return Err(StoreError::Other(format!(
            "the database was written by a later version (it needs migration {needed}, this program knows {known})"
        )));
    }
    let mut progress = Progress::Whole;
    for migration in migrations.iter().filter(|migration| migration.number > applied) {
        if applied >= 0 && migration.needs > needed && is_older_alive(inner, migration.needs).await.map_err(plain)? {
            progress = Progress::Waiting;
            break;
        }
        apply(inner, migration, now_text).await?;
    }
    transaction.commit().await.map_err(plain)?;
    Ok(progress)
}

async fn apply(connection: &mut PgConnection, migration: &Migration, now_text: &str) -> Result<()> {
    let Migration { number, name, sql, needs } = migration;
    sqlx::raw_sql(AssertSqlSafe(*sql)).execute(&mut *connection).await.map_err(|error| {
        StoreError::Other(format!("the migration {number} ({name}) of the database failed: {}", plain(error)))
    })?;
    let note = "INSERT INTO _migrations (number, name, needs, applied) VALUES ($1, $2, $3, $4)";
    let noted = sqlx::query(note).bind(number).bind(name).bind(needs).bind(now_text).execute(connection).await;
    noted.map(drop).map_err(plain)
}

async fn is_older_alive(connection: &mut PgConnection, needs: i64) -> Result<bool, sqlx::Error> {
    sqlx::query(OLDER).bind(needs).bind(SILENT).fetch_one(connection).await?.try_get(0)
}

/// The last one that was applied and what a program has to know to work behind it; -1 for none.
async fn applied(connection: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    let there = "SELECT to_regclass('_migrations') IS NOT NULL";
    if !sqlx::query(there).fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        sqlx::raw_sql(TABLE).execute(&mut *connection).await?;
    }
    let sql = "SELECT coalesce(max(number), -1), coalesce(max(needs), -1) FROM _migrations";
    let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
