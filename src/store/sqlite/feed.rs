//! The change feed's rows and the counters in `_meta`.

use rusqlite::{Connection, params};

use super::super::Result;
use super::connection::number;
use super::error::classify;

/// An image above this is left out of the feed; consumers read the row again.
const IMAGE_LIMIT_BYTES: usize = 256 << 10;
const AFTER_LEFT_OUT: i64 = 1;
const OLD_LEFT_OUT: i64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Create = 1,
    Update = 2,
    Delete = 3,
    /// Many rows at once, which are not told one by one: whoever follows the collection reads it again.
    Reset = 4,
    Schema = 5,
}

/// One row of the feed.
pub(super) struct Entry<'a> {
    pub(super) rev: i64,
    pub(super) txn: i64,
    pub(super) collection: i64,
    pub(super) record: &'a str,
    pub(super) change: Change,
    pub(super) at_ms: i64,
    pub(super) actor: &'a str,
    pub(super) after: Option<&'a [u8]>,
    pub(super) old: Option<&'a [u8]>,
}

pub(super) fn append(connection: &Connection, entry: &Entry<'_>) -> Result<()> {
    let short = |image: Option<&[u8]>| image.is_none_or(|image| image.len() <= IMAGE_LIMIT_BYTES);
    let mut flags = 0;
    if !short(entry.after) {
        flags |= AFTER_LEFT_OUT;
    }
    if !short(entry.old) {
        flags |= OLD_LEFT_OUT;
    }
    let run = || {
        connection
            .prepare_cached(
                "INSERT INTO _feed (rev, txn, coll, rec, op, ts, actor, after, old, flags)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                entry.rev,
                entry.txn,
                entry.collection,
                entry.record,
                entry.change as i64,
                entry.at_ms,
                entry.actor,
                entry.after.filter(|_| flags & AFTER_LEFT_OUT == 0),
                entry.old.filter(|_| flags & OLD_LEFT_OUT == 0),
                flags,
            ])
    };
    run().map(|_| ()).map_err(|error| classify(error, Some(connection)))
}

/// The last revision that was committed. The counter is in `_meta` because the feed is emptied from its old end, and
/// the feed is asked too because a restored file may carry either.
pub(super) fn last_rev(connection: &Connection) -> Result<i64> {
    number(
        connection,
        "SELECT max(coalesce((SELECT v FROM _meta WHERE k = 'last_rev'), 0), coalesce((SELECT max(rev) FROM _feed), 0))",
    )
}

/// The name of the history that the revisions belong to.
pub(super) fn epoch(connection: &Connection) -> Result<String> {
    let run = || connection.query_row("SELECT v FROM _meta WHERE k = 'epoch'", [], |row| row.get(0));
    run().map_err(|error| classify(error, Some(connection)))
}

pub(super) fn schema_version(connection: &Connection) -> Result<i64> {
    number(connection, "SELECT coalesce((SELECT v FROM _meta WHERE k = 'schema_version'), 1)")
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: i64) -> Result<()> {
    let run = || connection.prepare_cached("UPDATE _meta SET v = ?2 WHERE k = ?1")?.execute(params![key, value]);
    run().map(|_| ()).map_err(|error| classify(error, Some(connection)))
}
