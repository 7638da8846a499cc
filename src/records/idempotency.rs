//! Writes that are done once, however often they are asked for (`Idempotency-Key`).
//!
//! The receipt of a write is committed with it: digests of who asked what and of the body, and the ids of the records.
//! A repeat is answered anew from the records as they are, under the rights that the caller has now. A failed write
//! leaves no receipt, so it may be tried again.
//!
//! *Invariant:* a key is done at most once within [`LIFETIME_MS`], also when the first request was given up while its
//! write was on the way: the writer refuses a second receipt.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value as Json};

use super::session::Session;
use super::written::{Outcome, Written};
use super::{Records, Shape};
use crate::crypto::digest;
use crate::error::{Error, Kind, Result};
use crate::query::{Context, Request};
use crate::schema::{FieldKind, Record, Schema};
use crate::store::{Op, Priority, Statement, Value, WriteSet};

/// How long a key is remembered. Receipts are bounded by what a day of writes can be: each is some 200 bytes beside a
/// write that was let in.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;
pub(super) const TABLE: &str = "_idempotency";
const MAX_KEY_LENGTH: usize = 255;
/// Receipts that are swept together.
const SWEEP_CHUNK: usize = 500;

type Digest = [u8; 32];

/// A write that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    key: Digest,
    request: Digest,
}

impl Once {
    /// `target` is the path with the query; `body` the submitted data in any order of keys. Passwords are passed over:
    /// what is kept would tell them to whoever tries many, as it is made to be quick.
    ///
    /// # Errors
    /// `Invalid` for a key that is not 1 to 255 visible ASCII characters.
    pub fn new(key: &str, request: &Request, target: &str, body: &Map<String, Json>, schema: &Schema) -> Result<Self> {
        if !(1..=MAX_KEY_LENGTH).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("Idempotency-Key must be 1 to 255 visible ASCII characters"));
        }
        let caller = request.caller.record();
        let collection = caller.map(|record| record.collection.id.as_str()).unwrap_or_default();
        let scope = [collection, request.caller.id(), &request.method, target, key].map(str::as_bytes);
        let mut body = Json::Object(body.clone());
        remove_keys(&mut body, &passwords(schema));
        body.sort_all_objects();
        Ok(Self { key: digest(&scope), request: digest(&[body.to_string().as_bytes()]) })
    }
}

/// The keys that may hold a password, whatever the collection.
fn passwords(schema: &Schema) -> HashSet<&str> {
    let fields = schema.collections().iter().flat_map(|collection| &collection.fields);
    let secret = fields.filter(|field| matches!(field.kind, FieldKind::Password(_)));
    secret.map(|field| field.name.as_str()).chain(["passwordConfirm", "oldPassword"]).collect()
}

/// At any depth: the entries of a batch have bodies of their own.
fn remove_keys(value: &mut Json, names: &HashSet<&str>) {
    match value {
        Json::Object(map) => {
            map.retain(|key, _| !names.contains(key.trim_matches(['+', '-'])));
            map.values_mut().for_each(|value| remove_keys(value, names));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| remove_keys(item, names)),
        _ => {}
    }
}

/// Collection and record of one write; `None` for a delete.
pub(super) type Trace = Option<[String; 2]>;

pub(super) fn trace(record: &Record) -> Trace {
    Some([record.collection.id.clone(), record.id().to_owned()])
}

/// The keys that run now: one a request, so as many as there are connections.
pub(super) type RunningKeys = Arc<Mutex<HashSet<Digest>>>;

struct Running {
    keys: RunningKeys,
    key: Digest,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keys.lock().remove(&self.key);
    }
}

impl Session<'_> {
    /// What commits the receipt together with a write: a second receipt of a key that lives is refused as not unique.
    pub(super) fn receipt(&self, once: Option<&Once>, traces: &[Trace]) -> Vec<Op> {
        let Some(once) = once else { return Vec::new() };
        let now_ms = self.records.clock.now_ms();
        let key = || Value::Blob(once.key.to_vec());
        let expired = "DELETE FROM _idempotency WHERE key = ?1 AND at_ms <= ?2";
        let insert = "INSERT INTO _idempotency (key, request, records, at_ms) VALUES (?1, ?2, ?3, ?4)";
        let records = Value::Text(serde_json::json!(traces).to_string());
        let values = vec![key(), Value::Blob(once.request.to_vec()), records, Value::Int(now_ms)];
        let expired = Statement::new(expired, vec![key(), Value::Int(now_ms - LIFETIME_MS)]);
        [expired, Statement::new(insert, values)].map(Op::System).into()
    }
}

impl Records {
    /// Does the write, or replays what an earlier request with the same key did.
    ///
    /// # Errors
    /// `Conflict` while the first request runs, `Unprocessable` where it had another body; those of the two.
    pub(super) async fn once<T, E: From<Error>>(
        &self,
        once: Option<&Once>,
        write: impl Future<Output = Result<T, E>>,
        replay: impl AsyncFnOnce(Vec<Trace>) -> Result<T>,
    ) -> Result<Written<T>, E> {
        let Some(once) = once else { return Ok(Written::now(write.await?)) };
        let _running = self.enter(once)?;
        if let Some(traces) = self.past(once).await? {
            return Ok(Written::replayed(replay(traces).await?));
        }
        let error = match write.await {
            Ok(outcome) => return Ok(Written::now(outcome)),
            Err(error) => error,
        };
        // A first request whose client went away may have been done meanwhile, and stood in the way.
        match self.past(once).await? {
            Some(traces) => Ok(Written::replayed(replay(traces).await?)),
            None => Err(error),
        }
    }

    fn enter(&self, once: &Once) -> Result<Running> {
        match self.running.lock().insert(once.key) {
            true => Ok(Running { keys: self.running.clone(), key: once.key }),
            false => Err(Error::new(Kind::Conflict, "a request with this Idempotency-Key is still running")),
        }
    }

    /// What was written under the key, if something was.
    async fn past(&self, once: &Once) -> Result<Option<Vec<Trace>>> {
        let sql = "SELECT request, records FROM _idempotency WHERE key = ?1 AND at_ms > ?2";
        let params = vec![Value::Blob(once.key.to_vec()), Value::Int(self.clock.now_ms() - LIFETIME_MS)];
        let Some(row) = self.store.reader().first(Statement::new(sql, params)).await? else { return Ok(None) };
        if *row.get(0) != Value::Blob(once.request.to_vec()) {
            let message = "the Idempotency-Key was used for another request, with another body";
            return Err(Error::new(Kind::Unprocessable, message));
        }
        serde_json::from_str(row.get(1).as_str()).map(Some).map_err(Error::internal)
    }

    /// Answers a repeat from what the records are now.
    pub(super) async fn replay(&self, request: &Request, traces: &[Trace], shapes: &[Shape]) -> Result<Vec<Outcome>> {
        let reading =
            Request { context: Context::Default, method: "GET".to_owned(), body: Map::new(), ..request.clone() };
        let mut outcomes = Vec::with_capacity(traces.len());
        for (trace, shape) in traces.iter().zip(shapes) {
            outcomes.push(self.recall(&reading, trace.as_ref(), shape).await?);
        }
        Ok(outcomes)
    }

    /// The same for a request that wrote one record.
    pub(super) async fn replay_one(&self, request: &Request, traces: &[Trace], shape: &Shape) -> Result<Outcome> {
        Ok(self.replay(request, traces, std::slice::from_ref(shape)).await?.pop().unwrap_or(Outcome::Gone))
    }

    async fn recall(&self, request: &Request, trace: Option<&[String; 2]>, shape: &Shape) -> Result<Outcome> {
        let Some([collection, id]) = trace else { return Ok(Outcome::Deleted) };
        match self.view(request, collection, id, shape).await {
            Ok(presented) => Ok(Outcome::Stored(presented)),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden) => Ok(Outcome::Gone),
            Err(error) => Err(error),
        }
    }

    /// Deletes the receipts that have expired, some at a time. Returns how many they were.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sweep_idempotency(&self) -> Result<usize> {
        let expired_ms = self.clock.now_ms() - LIFETIME_MS;
        let sql = "DELETE FROM _idempotency WHERE key IN \
                   (SELECT key FROM _idempotency WHERE at_ms <= ?1 ORDER BY at_ms LIMIT ?2) RETURNING 1";
        let chunk = Statement::new(sql, vec![Value::Int(expired_ms), Value::Int(SWEEP_CHUNK as i64)]);
        let mut swept = 0;
        loop {
            let committed = self.store.write(WriteSet::system([chunk.clone()], Priority::Background)).await?;
            let count = committed.rows.first().map_or(0, Vec::len);
            swept += count;
            if count < SWEEP_CHUNK {
                return Ok(swept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn once(key: &str, target: &str, body: Json) -> Result<Once> {
        Once::new(key, &Request::default(), target, body.as_object().expect("an object"), &Schema::default())
    }

    #[test]
    fn keys_are_short_and_visible() {
        for key in ["", "a b", "ä", "a\t", &"k".repeat(256)] {
            assert!(once(key, "/", json!({})).is_err(), "{key}");
        }
        for key in ["k", "\"quoted\"", &"k".repeat(255)] {
            assert!(once(key, "/", json!({})).is_ok(), "{key}");
        }
    }

    #[test]
    fn the_order_of_keys_does_not_count() {
        let of = |key: &str, target: &str, body: Json| once(key, target, body).expect("a valid key");
        let first = of("k", "/a", json!({ "x": 1, "y": [{ "p": 1, "q": 2 }] }));
        assert_eq!(first, of("k", "/a", json!({ "y": [{ "q": 2, "p": 1 }], "x": 1 })));
        assert_ne!(first.request, of("k", "/a", json!({ "x": 1, "y": [{ "p": 1, "q": 3 }] })).request);
        assert_ne!(first.key, of("k", "/a?x", json!({})).key);
        assert_ne!(first.key, of("ka", "/", json!({})).key);
    }
}
