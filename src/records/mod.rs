//! The one read path and the one write path of records (stub face; see the brief).

mod credential;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::query::Request;
use crate::schema::{Collection, Record, Registry};
use crate::store::{Reader, Store, StoreError};

/// What a client may ask of an answer: raw `expand` and `fields` parameters (contract 2.3, 2.4).
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub expand: String,
    pub fields: String,
}

/// Raw list parameters (contract 2.1), checked by [`Records::list`].
#[derive(Debug, Clone, Default)]
pub struct ListParams {
    pub page: Option<String>,
    pub per_page: Option<String>,
    pub skip_total: Option<String>,
    pub sort: String,
    pub filter: String,
}

/// One entry of a batch, already parsed from its URL (contract 2.9).
#[derive(Debug, Clone)]
pub struct BatchEntry {
    pub action: BatchAction,
    pub collection: String,
    pub query: indexmap::IndexMap<String, String>,
    pub headers: indexmap::IndexMap<String, String>,
    pub body: Map<String, Json>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAction {
    Create,
    Upsert,
    Update(String),
    Delete(String),
}

/// Why a batch failed; nothing of it was written.
#[derive(Debug)]
pub enum BatchError {
    /// The entry at this index failed first; the wire reports it inside `data.requests` (contract 2.9).
    Entry { index: usize, error: Error },
    /// The transaction itself failed: overload, time limit, shutdown.
    Whole(Error),
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        BatchError::Whole(error.into())
    }
}

/// The records service. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    store: Store,
    registry: Registry,
    clock: Clock,
    hasher: crate::crypto::Hasher,
}

impl Records {
    pub fn new(store: Store, registry: Registry, clock: Clock, hasher: crate::crypto::Hasher) -> Self {
        Self { store, registry, clock, hasher }
    }

    /// `GET …/records` → the JSON body.
    pub async fn list(
        &self,
        _request: &Request,
        _collection: &str,
        _params: &ListParams,
        _shape: &Shape,
    ) -> Result<Bytes> {
        todo!()
    }

    /// `GET …/records/{id}` → the JSON body.
    pub async fn view(&self, _request: &Request, _collection: &str, _id: &str, _shape: &Shape) -> Result<Bytes> {
        todo!()
    }

    /// `POST …/records`: `request.body` is the submitted data as sent (modifiers unresolved).
    pub async fn create(&self, _request: Request, _collection: &str, _shape: &Shape) -> Result<Bytes> {
        todo!()
    }

    /// `PATCH …/records/{id}`.
    pub async fn update(&self, _request: Request, _collection: &str, _id: &str, _shape: &Shape) -> Result<Bytes> {
        todo!()
    }

    /// `DELETE …/records/{id}` with cascades.
    pub async fn delete(&self, _request: &Request, _collection: &str, _id: &str) -> Result<()> {
        todo!()
    }

    /// `POST /api/batch`: all entries in one transaction → the JSON array, or the error of contract 2.9.
    ///
    /// `timeout` runs from the call and is looked at before each entry, inside the transaction: a caller who just
    /// stopped waiting would be told of a failure while the writer goes on and commits.
    pub async fn batch(
        &self,
        _request: &Request,
        _entries: Vec<BatchEntry>,
        _timeout: std::time::Duration,
    ) -> Result<Bytes, BatchError> {
        todo!()
    }

    /// Deletes every record of a collection with the normal cascades (`truncate`).
    pub async fn truncate(&self, _collection: &Arc<Collection>) -> Result<()> {
        todo!()
    }

    /// One record as JSON for this caller: hidden fields, e-mail visibility, expand, field picker.
    pub async fn present(&self, _record: &Record, _request: &Request, _shape: &Shape) -> Result<Json> {
        todo!()
    }

    /// Reads a record without any rule. `None` if there is none.
    pub async fn find(&self, _reader: &Reader, _collection: &Arc<Collection>, _id: &str) -> Result<Option<Record>> {
        todo!()
    }

    /// Whether a record satisfies a rule for this request (`""` always, in memory where possible).
    pub async fn satisfies(&self, _reader: &Reader, _record: &Record, _rule: &str, _request: &Request) -> Result<bool> {
        todo!()
    }
}

/// Applies the `fields` parameter to any JSON answer (contract 2.3).
pub fn pick_fields(_body: Json, _fields: &str) -> Result<Json> {
    todo!()
}
