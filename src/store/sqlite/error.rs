//! Errors of the library, classified into the cases that callers tell apart.

use rusqlite::{Connection, Error, ErrorCode, ffi};

use super::super::StoreError;

const UNIQUE_PREFIX: &str = "UNIQUE constraint failed: ";

/// The sense of a library error. With the connection, a violated index on expressions is looked up too.
pub(super) fn classify(error: Error, connection: Option<&Connection>) -> StoreError {
    match error {
        Error::SqliteFailure(failure, message) => {
            let message = message.unwrap_or_else(|| failure.to_string());
            if matches!(failure.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) {
                return StoreError::Unsynced(message);
            }
            by_code(failure.code, message, connection)
        }
        Error::SqlInputError { error, msg, .. } => by_code(error.code, msg, connection),
        Error::InvalidParameterCount(..)
        | Error::InvalidParameterName(_)
        | Error::InvalidQuery
        | Error::MultipleStatement
        | Error::ExecuteReturnedResults
        | Error::NulError(_) => StoreError::Statement(error.to_string()),
        other => StoreError::Other(other.to_string()),
    }
}

fn by_code(code: ErrorCode, message: String, connection: Option<&Connection>) -> StoreError {
    match code {
        ErrorCode::ConstraintViolation => match message.strip_prefix(UNIQUE_PREFIX) {
            Some(detail) => unique(detail, connection),
            None => StoreError::Statement(message),
        },
        ErrorCode::OperationInterrupted => StoreError::Timeout,
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase => StoreError::Disk(message),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Overloaded,
        // Syntax, unknown tables and columns, wrong types, and what the authorizer refuses.
        ErrorCode::Unknown
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::TypeMismatch
        | ErrorCode::TooBig
        | ErrorCode::ParameterOutOfRange => StoreError::Statement(message),
        _ => StoreError::Other(message),
    }
}

/// `posts.title, posts.slug`, or `index 'name'` where the index has an expression.
fn unique(detail: &str, connection: Option<&Connection>) -> StoreError {
    if let Some(index) = detail.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        let (table, columns) =
            connection.and_then(|connection| expression_index(connection, index).ok()).unwrap_or_default();
        return StoreError::Unique { table, columns };
    }
    let mut table = String::new();
    let columns = detail
        .split(", ")
        .filter_map(|part| part.rsplit_once('.'))
        .map(|(owner, column)| {
            owner.clone_into(&mut table);
            column.to_owned()
        })
        .collect();
    StoreError::Unique { table, columns }
}

/// The table of an index and its columns, those that its expressions name included.
fn expression_index(connection: &Connection, index: &str) -> Result<(String, Vec<String>), Error> {
    let (table, sql): (String, String) = connection.query_row(
        "SELECT tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'index' AND name = ?1",
        [index],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let parts = sql.find('(').map_or("", |start| &sql[start..]);
    let words: Vec<&str> = parts.split(|character: char| !(character.is_alphanumeric() || character == '_')).collect();
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let mut columns = statement.query_map([&table], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    columns.retain(|column| words.iter().any(|word| word.eq_ignore_ascii_case(column)));
    Ok((table, columns))
}
