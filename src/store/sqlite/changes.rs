//! Reading the feed. Revisions rise in commit order, so the last one that was read says it all.

use super::super::changes::{FeedEntry, FeedLimits, FeedPage, FeedRead, Place, Position, Stored};
use super::super::{Result, Row, Statement, Value};
use super::Engine;

const LAST: &str =
    "SELECT max(coalesce((SELECT v FROM _meta WHERE k = 'last_rev'), 0), coalesce((SELECT max(rev) FROM _feed), 0))";

/// The ends of what is kept, and a page behind `?1` of at most `?2` entries and about `?3` bytes, in one view of the file.
/// `found` counts one entry more, if there is one.
const PAGE: &str = "WITH page AS (
        SELECT rev, coll, rec, op, ts, actor, after, old, flags,
            coalesce(length(after), 0) + coalesce(length(old), 0) AS size
        FROM _feed WHERE rev > ?1 ORDER BY rev LIMIT ?2 + 1),
    sized AS (SELECT *, row_number() OVER w AS place, sum(size) OVER w AS total, count(*) OVER () AS found
        FROM page WINDOW w AS (ORDER BY rev))
    SELECT ends.first, ends.last, p.found, p.rev, p.coll, p.rec, p.op, p.ts, p.actor, p.after, p.old, p.flags
    FROM (SELECT (SELECT v FROM _meta WHERE k = 'feed_floor') AS first,
            max(coalesce((SELECT v FROM _meta WHERE k = 'last_rev'), 0), coalesce((SELECT max(rev) FROM _feed), 0)) AS last
        ) AS ends
    LEFT JOIN sized AS p ON p.place <= ?2 AND (p.place = 1 OR p.total <= ?3) ORDER BY p.rev";

impl Engine {
    pub async fn position(&self) -> Result<Position> {
        let rows = self.stream(Statement::new(LAST, vec![]), Vec::<Row>::new()).await?;
        let last = rows.first().and_then(|row| row.get(0).as_i64()).unwrap_or_default();
        Ok(self.behind(last))
    }

    pub async fn feed(&self, after: &Position, limits: FeedLimits) -> Result<FeedRead> {
        let Place::Rev(rev) = after.place else { return Ok(FeedRead::Reset) };
        if after.epoch != *self.epoch() {
            return Ok(FeedRead::Reset);
        }
        let params = vec![rev.into(), i64::from(limits.entries.max(1)).into(), i64::from(limits.bytes).into()];
        let rows: Vec<Row> = self.stream(Statement::new(PAGE, params), Vec::new()).await?;
        let number = |row: &Row, index: usize| row.get(index).as_i64();
        let Some(ends) = rows.first() else { return Ok(FeedRead::Reset) };
        if number(ends, 0).is_none_or(|first| rev < first) || number(ends, 1).is_none_or(|last| rev > last) {
            return Ok(FeedRead::Reset);
        }
        let found = number(ends, 2).unwrap_or_default();
        let entries = rows.into_iter().filter_map(entry).collect::<Result<Vec<_>>>()?;
        let next = self.behind(entries.last().map_or(rev, |last| last.rev));
        let more = (entries.len() as i64) < found;
        Ok(FeedRead::Page(FeedPage { entries, next, more }))
    }

    fn behind(&self, rev: i64) -> Position {
        Position { epoch: self.epoch().to_string(), place: Place::Rev(rev) }
    }
}

/// `None` for the row that stands for a page without entries.
fn entry(mut row: Row) -> Option<Result<FeedEntry>> {
    let number = |index: usize| row.get(index).as_i64();
    let (rev, collection) = (number(3)?, number(4)?);
    let (op, at_ms, flags) =
        (number(6).unwrap_or_default(), number(7).unwrap_or_default(), number(11).unwrap_or_default());
    let (record, actor) = (row.get(5).as_str().to_owned(), row.get(8).as_str().to_owned());
    let mut bytes = |index: usize| match std::mem::replace(&mut row.0[index], Value::Null) {
        Value::Blob(bytes) => Some(bytes),
        _ => None,
    };
    let stored = Stored { op, flags, after: bytes(9), old: bytes(10) };
    Some(stored.read().map(|(change, after, old)| FeedEntry {
        rev,
        collection,
        record,
        change,
        at_ms,
        actor,
        after,
        old,
    }))
}
