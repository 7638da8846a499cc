//! How connections are opened, and how one statement runs on one.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef as SqlRef};
use rusqlite::{CachedStatement, Connection, OpenFlags};

use super::super::{Columns, Result, Row, Sink, Statement, StoreError, Value, ValueRef};
use super::error::classify;
use super::{Durability, Options, functions};

/// Pages of 4 KiB that a WAL keeps on disk after a reset.
const JOURNAL_LIMIT_BYTES: u64 = 64 << 20;
const WRITER_STATEMENTS: usize = 512;
const READER_STATEMENTS: usize = 256;
/// Checkpoints with another connection may cross for a moment.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of a page of the main database.
pub(super) const PAGE_BYTES: u32 = 4096;

/// The connection that writes. An existing database keeps its page size. What an index over a large table sorts goes to
/// files; the journals of savepoints stay in memory (`SQLITE_STMTJRNL_SPILL` in `.cargo/config.toml`).
pub(super) fn writer(path: &Path, page_bytes: u32, durability: Durability, vfs: Option<&str>) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, WRITER_STATEMENTS, vfs)?;
    batch(
        &connection,
        &format!(
            "PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = -32768; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES};
             PRAGMA temp_store = FILE;"
        ),
    )?;
    synchronize(&connection, durability)?;
    Ok(connection)
}

/// Whether the commits from now on wait for the disk. A commit that does makes all before it durable: the log is one
/// file. Not inside a transaction.
pub(super) fn synchronize(connection: &Connection, durability: Durability) -> Result<()> {
    batch(
        connection,
        match durability {
            Durability::Full => "PRAGMA synchronous = FULL",
            Durability::Normal => "PRAGMA synchronous = NORMAL",
        },
    )
}

/// A connection that only reads, and may map the file into memory. Mapped pages are looked at anew in every
/// transaction, so a check of all their cells would cost a list a quarter of its CPU: that is left to the writer.
pub(super) fn reader(path: &Path, options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, READER_STATEMENTS, options.vfs.as_deref())?;
    batch(
        &connection,
        &format!("PRAGMA query_only = ON; PRAGMA mmap_size = {}; PRAGMA cache_size = -8192;", options.mmap_size_bytes),
    )?;
    Ok(connection)
}

/// A connection for a copy or a checkpoint: small caches.
pub(super) fn maintenance(path: &Path, vfs: Option<&str>) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX, 16, vfs)?;
    batch(&connection, "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -1024;")?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags, statements: usize, vfs: Option<&str>) -> Result<Connection> {
    let fail = |error| classify(error, None);
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(fail)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(fail)?;
    connection.set_prepared_statement_cache_capacity(statements);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(fail)?;
    // Plans must not depend on bound values, or SQLite prepares again whenever one changes (a fifth of a view's CPU).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fail)?;
    batch(
        &connection,
        "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = MEMORY;",
    )?;
    functions::register(&connection)?;
    Ok(connection)
}

/// Runs statements without parameters, one after another.
pub(super) fn batch(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(|error| classify(error, Some(connection)))
}

/// The cached form of a statement, with its parameters bound.
fn bound<'a>(connection: &'a Connection, sql: &str, params: &[Value]) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(sql)?;
    for (index, value) in params.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value))?;
    }
    Ok(prepared)
}

/// Hands every row to the sink.
pub(super) fn stream(connection: &Connection, statement: &Statement, sink: &mut dyn Sink) -> Result<()> {
    let mut run = || {
        let mut prepared = bound(connection, &statement.sql, &statement.params)?;
        let count = prepared.column_count();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            sink.row(&RowColumns { row, count });
        }
        Ok(())
    };
    run().map_err(|error| classify(error, Some(connection)))
}

/// The first rows of a prepared statement.
pub(super) fn sample(prepared: &mut rusqlite::Statement<'_>, limit: usize) -> rusqlite::Result<Vec<Row>> {
    let count = prepared.column_count();
    let mut sampled: Vec<Row> = Vec::new();
    let mut rows = prepared.raw_query();
    while sampled.len() < limit
        && let Some(row) = rows.next()?
    {
        sampled.row(&RowColumns { row, count });
    }
    Ok(sampled)
}

/// Whether the statement yields a row.
pub(super) fn yields(connection: &Connection, statement: &Statement) -> Result<bool> {
    let run = || bound(connection, &statement.sql, &statement.params)?.raw_query().next().map(|row| row.is_some());
    run().map_err(|error| classify(error, Some(connection)))
}

/// Runs a statement that yields no rows; the number of rows it touched.
pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<u64> {
    let run = || bound(connection, sql, params)?.raw_execute();
    run().map(|count| count as u64).map_err(|error| classify(error, Some(connection)))
}

/// One number, such as a value of `_meta`.
pub(super) fn number(connection: &Connection, sql: &str) -> Result<i64> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(|error| classify(error, Some(connection)))
}

/// Refuses a library with the fault that corrupts under a checkpoint beside a commit (releases before 3.51.3).
pub(super) fn assert_version() -> Result<()> {
    if rusqlite::version_number() < 3_051_003 {
        return Err(StoreError::Other(format!(
            "SQLite 3.51.3 or later is needed, this build has {}",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// A value on its way into a statement, without a copy.
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => SqlRef::Null,
            Value::Bool(flag) => SqlRef::Integer(i64::from(*flag)),
            Value::Int(number) => SqlRef::Integer(*number),
            Value::Real(number) => SqlRef::Real(*number),
            Value::Text(text) => SqlRef::Text(text.as_bytes()),
            Value::Blob(bytes) => SqlRef::Blob(bytes),
        }))
    }
}

struct RowColumns<'a, 'b> {
    row: &'a rusqlite::Row<'b>,
    count: usize,
}

impl Columns for RowColumns<'_, '_> {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> ValueRef<'_> {
        match self.row.get_ref(index) {
            Ok(SqlRef::Integer(number)) => ValueRef::Int(number),
            Ok(SqlRef::Real(number)) => ValueRef::Real(number),
            Ok(SqlRef::Text(bytes)) => ValueRef::Text(readable(bytes)),
            Ok(SqlRef::Blob(bytes)) => ValueRef::Blob(bytes),
            Ok(SqlRef::Null) | Err(_) => ValueRef::Null,
        }
    }
}

/// Stored text up to its first byte that is not UTF-8: SQLite does not check, and a cut blob cast to text is legal.
fn readable(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes)
        .unwrap_or_else(|error| std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default())
}
