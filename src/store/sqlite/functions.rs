//! SQL functions of ours, on every connection.
//!
//! What the filter language needs, SQLite has. One that is added here and used in an index or a view must be registered
//! as innocuous, because `trusted_schema` is off.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;

use super::super::Result;
use super::error::classify;

/// `shared_time(now)`: the time by which all processes on the database go. Here there is one, and it is that one's now.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    let registered = connection.create_scalar_function("shared_time", 1, flags, |context| context.get::<Value>(0));
    registered.map_err(|error| classify(error, Some(connection)))
}
