//! What a view query written by a person yields, and what it reads: prepared and run under SQLite's authorizer.
//!
//! *Invariant:* nothing but reading of allowed tables and columns passes; the system tables of ours and of SQLite never.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::super::{Result, Row, StoreError};
use super::connection;
use super::error::classify;

/// Our own tables, which are nobody's collection.
const SYSTEM_TABLES: &[&str] =
    &["_collections", "_params", "_feed", "_meta", "_migrations", "_idempotency", "_jobs", "_job_runs"];
/// Tables that SQLite makes up.
const SYSTEM_PREFIXES: &[&str] = &["sqlite_", "pragma_", "dbstat", "fts", "rtree"];
/// Functions of SQLite that give a table made of their arguments.
const TABLE_FUNCTIONS: &[&str] = &["json_each", "json_tree"];
/// What comes out of these depends on nothing but what goes in. Dates are not among them, as `now` may be a value.
#[rustfmt::skip]
const STABLE_FUNCTIONS: &[&str] = &[
    "->", "->>", "abs", "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count", "dense_rank",
    "first_value", "floor", "format", "glob", "group_concat", "hex", "if", "ifnull", "iif", "instr", "json",
    "json_array", "json_array_length", "json_extract", "json_group_array", "json_group_object", "json_insert",
    "json_object", "json_patch", "json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid",
    "lag", "last_value", "lead", "length", "like", "lower", "ltrim", "max", "min", "mod", "nullif", "pow", "power",
    "printf", "quote", "rank", "replace", "round", "row_number", "rtrim", "sign", "sqrt", "string_agg", "substr",
    "substring", "sum", "total", "trim", "trunc", "typeof", "unicode", "upper",
];
const DENIED_FUNCTIONS: &[&str] =
    &["shared_time", "load_extension", "fts3_tokenizer", "sqlite_log", "randomblob", "zeroblob"];

/// What a `SELECT` would yield.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ViewInspection {
    pub columns: Vec<ColumnInfo>,
    /// Every table or view that is read, sorted.
    pub tables_read: Vec<String>,
    /// Whether the same rows always give the same: no time and no chance is asked for.
    pub stable: bool,
    /// The first rows.
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnInfo {
    pub name: String,
    /// The declared type of the column behind it.
    pub decltype: Option<String>,
    /// Table and column that it comes from; `None` for an expression.
    pub origin: Option<(String, String)>,
}

/// The authorizer of one connection: lets everything pass until a view is inspected. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Inspector(Arc<State>);

#[derive(Default)]
struct State {
    active: AtomicBool,
    guard: Mutex<Guard>,
}

#[derive(Default)]
struct Guard {
    denied: Vec<(String, String)>,
    tables: BTreeSet<String>,
    /// A function was called that is not known to be stable.
    unstable: bool,
}

impl Inspector {
    pub(super) fn install(connection: &mut Connection) -> Result<Self> {
        let inspector = Self::default();
        let asked = inspector.clone();
        connection
            .authorizer(Some(move |context: AuthContext<'_>| asked.0.answer(&context.action)))
            .map_err(|error| classify(error, None))?;
        Ok(inspector)
    }

    /// Prepares the query and reads its first rows.
    ///
    /// # Errors
    /// `Statement` with the reason when it is not a single `SELECT`, does not compile, or reads what it must not.
    pub(super) fn view(
        &self,
        connection: &Connection,
        sql: &str,
        denied: &[(String, String)],
        sample_rows: usize,
    ) -> Result<ViewInspection> {
        *self.0.guard.lock() = Guard { denied: denied.to_vec(), ..Guard::default() };
        self.0.active.store(true, Ordering::Release);
        let result = describe(connection, sql, sample_rows);
        self.0.active.store(false, Ordering::Release);
        let (columns, rows) = result?;
        let Guard { tables, unstable, .. } = std::mem::take(&mut *self.0.guard.lock());
        Ok(ViewInspection { columns, tables_read: tables.into_iter().collect(), stable: !unstable, rows })
    }
}

impl State {
    fn answer(&self, action: &AuthAction<'_>) -> Authorization {
        if !self.active.load(Ordering::Acquire) {
            return Authorization::Allow;
        }
        match action {
            AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
            AuthAction::Function { function_name } if !named(DENIED_FUNCTIONS, function_name) => {
                self.guard.lock().unstable |= !named(STABLE_FUNCTIONS, function_name);
                Authorization::Allow
            }
            AuthAction::Read { table_name, column_name } => self.guard.lock().read(table_name, column_name),
            _ => Authorization::Deny,
        }
    }
}

impl Guard {
    fn read(&mut self, table: &str, column: &str) -> Authorization {
        let lower = table.to_ascii_lowercase();
        let system = named(SYSTEM_TABLES, table) || SYSTEM_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
        let secret = self
            .denied
            .iter()
            .any(|(owner, name)| owner.eq_ignore_ascii_case(table) && name.eq_ignore_ascii_case(column));
        if system || secret {
            return Authorization::Deny;
        }
        if !table.is_empty() && !named(TABLE_FUNCTIONS, table) {
            self.tables.insert(table.to_owned());
        }
        Authorization::Allow
    }
}

fn named(list: &[&str], name: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

fn describe(connection: &Connection, sql: &str, sample_rows: usize) -> Result<(Vec<ColumnInfo>, Vec<Row>)> {
    let fail = |error| classify(error, Some(connection));
    let mut statement = connection.prepare(sql).map_err(fail)?;
    if statement.column_count() == 0 || !statement.readonly() || statement.is_explain() != 0 {
        return Err(StoreError::Statement("a view query is a single SELECT".into()));
    }
    if statement.parameter_count() > 0 {
        return Err(StoreError::Statement("a view query has no parameters".into()));
    }
    let decltypes: Vec<Option<String>> =
        statement.columns().map(|column| column.decl_type().map(str::to_owned)).collect();
    let columns = statement
        .columns_with_metadata()
        .zip(decltypes)
        .map(|(column, decltype)| ColumnInfo {
            name: column.name().to_owned(),
            decltype,
            origin: column.table_name().zip(column.origin_name()).map(|(table, name)| (table.into(), name.into())),
        })
        .collect();
    let rows = connection::sample(&mut statement, sample_rows).map_err(fail)?;
    Ok((columns, rows))
}
