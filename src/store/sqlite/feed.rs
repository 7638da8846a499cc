//! The change feed's rows and the counters in `_meta`.

use rusqlite::{Connection, params};

use super::super::Result;
use super::super::feed::Images;
use super::connection::number;
use super::error::classify;

pub(super) use super::super::feed::Change;

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
    let images = Images::new(entry.after, entry.old);
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
                images.after,
                images.old,
                images.flags,
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
