//! Errors of the server and of the way to it, classified into the cases that callers tell apart.

use sqlx::postgres::PgDatabaseError;

use super::super::StoreError;
use super::catalog::Indexes;

/// Raised by `basalt_fail`: a check of a set does not hold; the message is its tag.
const CHECK: &str = "BA001";
/// Raised by `basalt_write`: the schema is at another version.
const SCHEMA: &str = "BA002";

/// The sense of an error, with the columns of a violated index.
pub(super) fn classify(error: sqlx::Error, indexes: &Indexes) -> StoreError {
    match error {
        sqlx::Error::Database(inner) => match inner.try_downcast::<PgDatabaseError>() {
            Ok(inner) => by_code(&inner, indexes),
            Err(other) => StoreError::Other(other.to_string()),
        },
        sqlx::Error::Io(error) => StoreError::Away(error.to_string()),
        error @ (sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => {
            StoreError::Away(error.to_string())
        }
        sqlx::Error::Encode(reason) => StoreError::Statement(reason.to_string()),
        other => StoreError::Other(other.to_string()),
    }
}

/// The same where no index can be violated.
pub(super) fn plain(error: sqlx::Error) -> StoreError {
    classify(error, &Indexes::default())
}

/// Whether the connection can be used again after this.
pub(super) fn breaks(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_away(&code) || code == "25006"),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether a prepared statement is older than the tables that it names.
pub(super) fn is_outdated_plan(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    // 0A000: the cached plan would give other columns; 26000: a pooler lost it.
    matches!(error.code().as_deref(), Some("26000"))
        || (error.code().as_deref() == Some("0A000") && error.message().contains("cached plan"))
}

/// Whether the statement names a table, a column or a function that is not there (any more).
pub(super) fn is_unknown_name(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    matches!(error.code().as_deref(), Some("42P01" | "42703" | "42704"))
}

/// Whether the statement calls a function that is not there.
pub(super) fn is_unknown_function(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.code().as_deref() == Some("42883")
}

fn by_code(error: &PgDatabaseError, indexes: &Indexes) -> StoreError {
    let message = || error.message().to_owned();
    match error.code() {
        CHECK => StoreError::Check { tag: error.message().parse().unwrap_or_default() },
        SCHEMA => StoreError::SchemaChanged,
        "22021" => StoreError::NullCharacter,
        "23505" => unique(error, indexes),
        "57014" => StoreError::Timeout,
        "40001" | "40P01" => StoreError::Stale,
        "55P03" | "53300" | "53400" => StoreError::Overloaded,
        "53100" | "58030" => StoreError::Disk(message()),
        // A server that was a primary and is none any more is as good as away.
        "25006" => StoreError::Away(message()),
        code if is_away(code) => StoreError::Away(message()),
        // Data, syntax and names; what a constraint refuses; what a function raises; limits of the server.
        code if ["21", "22", "23", "2F", "38", "39", "42", "54", "0A", "P0"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            StoreError::Statement(message())
        }
        code => StoreError::Other(format!("{} ({code})", error.message())),
    }
}

/// The connection is gone, or the server is starting or stopping.
fn is_away(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

fn unique(error: &PgDatabaseError, indexes: &Indexes) -> StoreError {
    let found = error.constraint().and_then(|name| indexes.get(name));
    match found {
        Some((table, columns)) => StoreError::Unique { table: table.clone(), columns: columns.clone() },
        // An index that is being made: all that is told is which table it was for.
        None => StoreError::Unique { table: error.table().unwrap_or_default().to_owned(), columns: Vec::new() },
    }
}
