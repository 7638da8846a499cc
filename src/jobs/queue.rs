//! The statements of the queue. Each is one step that is right alone, so that they can be committed together in any
//! number.
//!
//! Their time is `shared_time(now)`: over a database of many nodes it is the server's, so that nodes whose clocks differ
//! agree on when a lease ends; else it is `now`, that of the one process. All other times are told from it.
//!
//! *Invariant:* a job is changed by the holder of its lease only, while the lease lasts: every statement of a holder
//! asks for the attempt and for the end of the lease.

use crate::error::{Error, Kind, Result};
use crate::store::{Check, Expect, Keep, Row, Statement, Value};

use super::job::{NewJob, Page, Priority, State, StoredJob, Taken};
use crate::clock::wire_text;

/// The largest payload.
const PAYLOAD_BYTES: usize = 1 << 20;

/// Returns the id of the job: the new one, or the one that lives under its key already.
const ENQUEUE: &str = "INSERT INTO _jobs (id, name, payload, priority, due, max_attempts, unique_key, created)
    VALUES (?1, ?2, ?3, ?4, coalesce(?5, shared_time(?8)), ?6, ?7, shared_time(?8))
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND state < 2
    DO UPDATE SET unique_key = excluded.unique_key RETURNING id";

/// What waits and is due, and what ran when its lease ended. Each priority is a range of the index. The outer condition
/// says again what the inner one found: of two servers that find the same job, the second sees it taken.
const TAKE: &str = "UPDATE _jobs SET state = 1, attempt = attempt + 1, due = shared_time(?1) + ?2 WHERE id IN (
        SELECT id FROM (
            SELECT id, priority, due FROM (SELECT id, priority, due FROM _jobs
                WHERE state < 2 AND priority = 2 AND due <= shared_time(?1) ORDER BY due LIMIT ?3) AS high
            UNION ALL SELECT id, priority, due FROM (SELECT id, priority, due FROM _jobs
                WHERE state < 2 AND priority = 1 AND due <= shared_time(?1) ORDER BY due LIMIT ?3) AS normal
            UNION ALL SELECT id, priority, due FROM (SELECT id, priority, due FROM _jobs
                WHERE state < 2 AND priority = 0 AND due <= shared_time(?1) ORDER BY due LIMIT ?3) AS low
        ) AS waiting ORDER BY priority DESC, due, id LIMIT ?3)
        AND state < 2 AND due <= shared_time(?1)
    RETURNING id, name, payload, attempt, max_attempts, priority";

const NEXT_DUE: &str = "SELECT min(due) - shared_time(?1) FROM (
    SELECT min(due) AS due FROM _jobs WHERE state < 2 AND priority = 2
    UNION ALL SELECT min(due) FROM _jobs WHERE state < 2 AND priority = 1
    UNION ALL SELECT min(due) FROM _jobs WHERE state < 2 AND priority = 0) AS first";

const COMPLETE: &str = "DELETE FROM _jobs WHERE id = ?1 AND attempt = ?2 AND state = 1 AND due > shared_time(?3)
    RETURNING id";
const RENEW: &str = "UPDATE _jobs SET due = shared_time(?3) + ?4
    WHERE id = ?1 AND attempt = ?2 AND state = 1 AND due > shared_time(?3) RETURNING id";
const FAIL: &str = "UPDATE _jobs SET state = ?4, due = shared_time(?3) + ?5, error = ?6
    WHERE id = ?1 AND attempt = ?2 AND state = 1 AND due > shared_time(?3) RETURNING id";

const IS_HOLDER: &str = "SELECT 1 FROM _jobs WHERE id = ?1 AND attempt = ?2 AND state = 1";

/// By hand; the count of attempts starts again.
const REVIVE: &str = "UPDATE _jobs SET state = 0, due = shared_time(?2), attempt = 0
    WHERE id = ?1 AND state = 2 RETURNING id";

const LIST: &str = "SELECT id, name, state, priority, attempt, max_attempts, unique_key, due, error, created FROM _jobs
    WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3";
const COUNT: &str = "SELECT count(*) FROM _jobs WHERE ?1 IS NULL OR state = ?1";

/// The right of one holder to one job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease<'a> {
    pub id: &'a str,
    pub attempt: i64,
}

/// # Errors
/// `TooLarge` for a payload over 1 MiB.
pub(super) fn enqueue(job: &NewJob, now_ms: i64) -> Result<Statement> {
    let payload = job.payload.to_string();
    if payload.len() > PAYLOAD_BYTES {
        return Err(Error::new(Kind::TooLarge, "the payload of the job is too large"));
    }
    let params = vec![
        crate::crypto::time_ordered_id(now_ms).into(),
        job.name.as_str().into(),
        payload.into(),
        Value::Int(job.priority as i64),
        job.run_at_ms.map_or(Value::Null, Value::Int),
        Value::Int(job.max_attempts.max(1).into()),
        job.unique_key.as_deref().map_or(Value::Null, Value::from),
        Value::Int(now_ms),
    ];
    Ok(Statement::new(ENQUEUE, params))
}

/// Takes up to `limit` jobs on a lease of `lease_ms`; see [`taken`] for what it returns.
pub(super) fn take(now_ms: i64, lease_ms: i64, limit: usize) -> Statement {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Statement::new(TAKE, vec![now_ms.into(), lease_ms.into(), limit.into()])
}

/// The rows of [`take`], first what is to be started first.
pub(super) fn taken(rows: &[Row]) -> Vec<Taken> {
    let number = |row: &Row, index: usize| row.get(index).as_i64().unwrap_or_default();
    let mut taken: Vec<Taken> = rows
        .iter()
        .map(|row| Taken {
            id: row.get(0).as_str().to_owned(),
            name: row.get(1).as_str().to_owned(),
            payload: row.get(2).as_str().to_owned(),
            attempt: number(row, 3),
            max_attempts: number(row, 4),
            priority: number(row, 5),
        })
        .collect();
    taken.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
    taken
}

/// The time by which all servers on the store go, in Unix milliseconds.
pub(super) fn time(now_ms: i64) -> Statement {
    Statement::new("SELECT shared_time(?1)", vec![now_ms.into()])
}

/// How many milliseconds it is until the next job is due, or a lease ends.
pub(super) fn next_due(now_ms: i64) -> Statement {
    Statement::new(NEXT_DUE, vec![now_ms.into()])
}

/// Returns a row if the lease still held; so do [`renew`], [`retry_later`] and [`bury`].
pub(super) fn complete(lease: Lease<'_>, now_ms: i64) -> Statement {
    Statement::new(COMPLETE, held(lease, now_ms, []))
}

pub(super) fn renew(lease: Lease<'_>, now_ms: i64, lease_ms: i64) -> Statement {
    Statement::new(RENEW, held(lease, now_ms, [lease_ms.into()]))
}

pub(super) fn retry_later(lease: Lease<'_>, now_ms: i64, wait_ms: i64, error: &str) -> Statement {
    fail(lease, now_ms, State::Waiting, wait_ms, error)
}

/// The job failed for good.
pub(super) fn bury(lease: Lease<'_>, now_ms: i64, error: &str) -> Statement {
    fail(lease, now_ms, State::Dead, 0, error)
}

/// Nobody took the job since, whether the lease has ended or not, nor does before the commit.
pub(super) fn is_holder(lease: Lease<'_>, tag: u32) -> Check {
    let statement = Statement::new(IS_HOLDER, vec![lease.id.into(), lease.attempt.into()]);
    Check { statement, expect: Expect::Row, tag, keeps: Keep::Found }
}

fn fail(lease: Lease<'_>, now_ms: i64, state: State, wait_ms: i64, error: &str) -> Statement {
    Statement::new(FAIL, held(lease, now_ms, [Value::Int(state as i64), wait_ms.into(), error.into()]))
}

fn held<const N: usize>(lease: Lease<'_>, now_ms: i64, rest: [Value; N]) -> Vec<Value> {
    let mut params = vec![lease.id.into(), lease.attempt.into(), now_ms.into()];
    params.extend(rest);
    params
}

/// Returns a row if there was such a dead job.
pub(super) fn revive(id: &str, now_ms: i64) -> Statement {
    Statement::new(REVIVE, vec![id.into(), now_ms.into()])
}

pub(super) fn list(page: &Page) -> Statement {
    let offset = page.page.saturating_sub(1).saturating_mul(page.per_page);
    let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    Statement::new(LIST, vec![state(page), number(page.per_page), number(offset)]).dear()
}

pub(super) fn count(page: &Page) -> Statement {
    Statement::new(COUNT, vec![state(page)]).dear()
}

fn state(page: &Page) -> Value {
    page.state.map_or(Value::Null, |state| Value::Int(state as i64))
}

/// A row of [`list`].
pub(super) fn stored(row: &Row) -> StoredJob {
    let number = |index: usize| row.get(index).as_i64().unwrap_or_default();
    let text = |index: usize| row.get(index).as_str().to_owned();
    let time = |index: usize| wire_text(chrono::DateTime::from_timestamp_millis(number(index)).unwrap_or_default());
    StoredJob {
        id: text(0),
        name: text(1),
        state: match number(2) {
            0 => State::Waiting,
            1 => State::Running,
            _ => State::Dead,
        },
        priority: match number(3) {
            0 => Priority::Low,
            1 => Priority::Normal,
            _ => Priority::High,
        },
        attempt: number(4),
        max_attempts: number(5),
        unique_key: text(6),
        due: time(7),
        error: text(8),
        created: time(9),
    }
}
