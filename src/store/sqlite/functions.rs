//! SQL functions of ours, on every connection.
//!
//! There are none: what the filter language needs, SQLite has. One that is added here and used in an index or a
//! view must be registered as innocuous, because `trusted_schema` is off.

use rusqlite::Connection;

use super::super::Result;

#[expect(clippy::unnecessary_wraps, reason = "registering a function can fail; the callers are ready for it")]
pub(super) fn register(_connection: &Connection) -> Result<()> {
    Ok(())
}
