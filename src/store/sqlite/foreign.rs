//! A database that somebody else made: opened for reading its tables, and trusted with nothing.
//!
//! *Invariant:* the file is never changed, and nothing that is written in it runs: its views, triggers and virtual tables
//! are never read, functions of its making are refused, and rows have a largest size.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit as Bound;
use rusqlite::types::ValueRef as SqlRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::{Result, StoreError, Value, quote};
use super::connection::batch;
use super::error::classify;

/// The largest value and the largest row.
pub const FOREIGN_ROW_BYTES: i32 = 64 << 20;
/// A page of rows ends behind the row that makes it so large.
const PAGE_BYTES: usize = 2 << 20;
const PAGE_ROWS: usize = 2000;
/// Columns and terms of a statement.
const STATEMENT_COLUMNS: i32 = 2000;
const STATEMENT_BYTES: i32 = 1 << 20;
/// How often the files are copied when somebody writes them meanwhile.
const COPY_ATTEMPTS: usize = 20;
/// The start of a log, which differs whenever it begins anew.
const LOG_HEADER_BYTES: u64 = 32;
/// For counting, and those of the default values that PocketBase gives its columns, which a check prepares.
const FUNCTIONS: [&str; 5] = ["count", "strftime", "lower", "hex", "randomblob"];
/// What tells a table of rows from everything else that may have its name.
const TABLES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'table'";

/// A foreign database, open for reading.
pub struct Foreign {
    connection: Connection,
    /// The file that is read where it lies, and how it was when it was opened.
    place: Option<(PathBuf, State)>,
}

/// Rows of one table in the order of their row numbers.
#[derive(Debug, Default)]
pub struct ForeignPage {
    pub rows: Vec<Vec<Value>>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<i64>,
    /// The number of a row that is too large to be read; the page ends before it.
    pub too_large: Option<i64>,
}

impl Foreign {
    /// Opens the database at `path`. One that another process may have open is copied, with its log, into the directory
    /// `copies` first, which must be private.
    ///
    /// # Errors
    /// `Disk` when it can't be read, is no database, or changes too fast to be copied.
    pub fn open(path: &Path, copies: &Path) -> Result<Self> {
        let log = with_suffix(path, "-wal");
        let shared = log.try_exists().unwrap_or(true) || with_suffix(path, "-journal").try_exists().unwrap_or(true);
        if shared {
            let copy = copies.join(path.file_name().unwrap_or_default());
            copy_quiet(path, &copy)?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            return Self::guarded(Connection::open_with_flags(&copy, flags), None);
        }
        let before = state(path);
        let mut url = url_of(path)?;
        url.push_str("?immutable=1");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Self::guarded(Connection::open_with_flags(url, flags), Some((path.to_owned(), before)))
    }

    /// Whether all that was read belongs to one moment: nobody began to write what is read where it lies.
    pub fn is_unchanged(&self) -> bool {
        self.place.as_ref().is_none_or(|(path, before)| state(path) == *before)
    }

    fn guarded(opened: rusqlite::Result<Connection>, place: Option<(PathBuf, State)>) -> Result<Self> {
        let fail = |error| classify(error, None);
        let mut connection = opened.map_err(fail)?;
        for (setting, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        ] {
            connection.set_db_config(setting, on).map_err(fail)?;
        }
        for (bound, most) in [
            (Bound::SQLITE_LIMIT_LENGTH, FOREIGN_ROW_BYTES),
            (Bound::SQLITE_LIMIT_COLUMN, STATEMENT_COLUMNS),
            (Bound::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES),
            (Bound::SQLITE_LIMIT_ATTACHED, 0),
        ] {
            connection.set_limit(bound, most).map_err(fail)?;
        }
        batch(
            &connection,
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;
             PRAGMA query_only = ON;",
        )?;
        connection.authorizer(Some(|context: AuthContext<'_>| allow(&context))).map_err(fail)?;
        Ok(Self { connection, place })
    }

    /// The columns of a table of rows; empty if there is none of this name. Its pages are checked before they are read.
    ///
    /// # Errors
    /// `Disk` when the table is damaged.
    pub fn columns(&self, table: &str) -> Result<Vec<String>> {
        if !self.is_table(table)? {
            return Ok(Vec::new());
        }
        let run = || -> rusqlite::Result<Vec<String>> {
            let sql = format!("PRAGMA table_xinfo({})", quote(table));
            self.connection.prepare(&sql)?.query_map([], |row| row.get(1))?.collect()
        };
        let columns = run().map_err(|error| self.fail(error))?;
        self.check(table)?;
        Ok(columns)
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// Those of reading.
    pub fn count(&self, table: &str) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote(table));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| self.fail(error))?;
        Ok(count.unsigned_abs())
    }

    /// The rows from row number `from` on. Text that is not UTF-8 comes as a blob.
    ///
    /// # Errors
    /// `Statement` for a table without row numbers or with columns that compute something; `Disk` for damage.
    pub fn page(&self, table: &str, columns: &[String], from: i64) -> Result<ForeignPage> {
        let names: Vec<String> = columns.iter().map(|column| format!("t.{}", quote(column))).collect();
        let sql = format!(
            "SELECT t._rowid_, {} FROM {} t WHERE t._rowid_ >= ?1 ORDER BY t._rowid_",
            names.join(", "),
            quote(table)
        );
        let run = || -> rusqlite::Result<ForeignPage> {
            let mut page = ForeignPage::default();
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query([from])?;
            let (mut bytes, mut behind) = (0, from);
            loop {
                let row = match rows.next() {
                    Ok(Some(row)) => row,
                    Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => {
                        let number = self.first_number(table, behind)?;
                        page.too_large = Some(number);
                        page.next = number.checked_add(1);
                        break;
                    }
                    Ok(None) => break,
                    Err(error) => return Err(error),
                };
                let number: i64 = row.get(0)?;
                behind = number.saturating_add(1);
                if page.rows.len() >= PAGE_ROWS || bytes >= PAGE_BYTES {
                    page.next = Some(number);
                    break;
                }
                let values: rusqlite::Result<Vec<Value>> =
                    (1..=columns.len()).map(|index| Ok(owned(row.get_ref(index)?))).collect();
                let values = values?;
                bytes += values.iter().map(size).sum::<usize>();
                page.rows.push(values);
            }
            Ok(page)
        };
        run().map_err(|error| self.fail(error))
    }

    fn first_number(&self, table: &str, from: i64) -> rusqlite::Result<i64> {
        let sql = format!("SELECT t._rowid_ FROM {} t WHERE t._rowid_ >= ?1 ORDER BY t._rowid_ LIMIT 1", quote(table));
        self.connection.query_row(&sql, [from], |row| row.get(0))
    }

    fn is_table(&self, table: &str) -> Result<bool> {
        let run = || -> rusqlite::Result<bool> {
            let mut statement = self.connection.prepare_cached(TABLES)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let sql = row.get_ref(1)?.as_str().unwrap_or_default().trim_start().to_ascii_lowercase();
                if row.get_ref(0)?.as_str() == Ok(table) {
                    return Ok(sql.starts_with("create table"));
                }
            }
            Ok(false)
        };
        run().map_err(|error| self.fail(error))
    }

    fn check(&self, table: &str) -> Result<()> {
        let sql = format!("PRAGMA quick_check({})", quote(table));
        let verdict: String =
            self.connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| self.fail(error))?;
        // A value that breaks a constraint of its table is no damage: the reader of the rows looks at each.
        let sound = verdict == "ok" || verdict.starts_with("NULL value in") || verdict.starts_with("CHECK constraint");
        if sound { Ok(()) } else { Err(StoreError::Disk(format!("the table {table} is damaged: {verdict}"))) }
    }

    fn fail(&self, error: rusqlite::Error) -> StoreError {
        classify(error, Some(&self.connection))
    }
}

/// Reading of tables, and the few questions above; nothing on behalf of a view or a trigger.
fn allow(context: &AuthContext<'_>) -> Authorization {
    let fine = context.accessor.is_none()
        && match &context.action {
            AuthAction::Select | AuthAction::Read { .. } => true,
            AuthAction::Function { function_name } => {
                FUNCTIONS.iter().any(|name| function_name.eq_ignore_ascii_case(name))
            }
            AuthAction::Pragma { pragma_name, .. } => matches!(*pragma_name, "table_xinfo" | "quick_check"),
            _ => false,
        };
    if fine { Authorization::Allow } else { Authorization::Deny }
}

/// Copies a database and its log as they were at one moment: again if they changed in a way that matters.
fn copy_quiet(path: &Path, copy: &Path) -> Result<()> {
    let failed = |error: std::io::Error| StoreError::Disk(format!("{} can not be copied: {error}", path.display()));
    for _ in 0..COPY_ATTEMPTS {
        let before = state(path);
        for suffix in ["", "-wal", "-journal"] {
            let (from, to) = (with_suffix(path, suffix), with_suffix(copy, suffix));
            match std::fs::copy(&from, &to) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && !suffix.is_empty() => {
                    // What an earlier attempt copied of it must not be taken for the log of this copy.
                    let _ = std::fs::remove_file(&to);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        if state(path) == before {
            return Ok(());
        }
    }
    Err(StoreError::Disk(format!(
        "{} is written all the time: stop the server that has it, or take a backup",
        path.display()
    )))
}

type Changed = Option<(u64, std::time::SystemTime)>;
type State = (Changed, Changed, Vec<u8>);

/// What changes with a database, but not while its log only grows: what is behind the last whole transaction in a copy of
/// the log does not count.
fn state(path: &Path) -> State {
    let changed = |suffix: &str| {
        let facts = std::fs::metadata(with_suffix(path, suffix)).ok()?;
        Some((facts.len(), facts.modified().ok()?))
    };
    let mut header = Vec::new();
    if let Ok(log) = std::fs::File::open(with_suffix(path, "-wal")) {
        // A log that can't be read is told by its copy.
        let _ = log.take(LOG_HEADER_BYTES).read_to_end(&mut header);
    }
    (changed(""), changed("-journal"), header)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The path as a URL, in which some letters mean something else.
fn url_of(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).map_err(|error| StoreError::Disk(error.to_string()))?;
    let text = path.to_str().ok_or_else(|| StoreError::Disk("the path is not UTF-8".into()))?;
    Ok(format!("file:{}", text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")))
}

fn owned(value: SqlRef<'_>) -> Value {
    match value {
        SqlRef::Null => Value::Null,
        SqlRef::Integer(number) => Value::Int(number),
        SqlRef::Real(number) => Value::Real(number),
        SqlRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        SqlRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}
