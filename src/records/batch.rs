//! Several writes in one transaction (contract 2.9).

use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};

use super::create::MAX_ATTEMPTS;
use super::delete::is_stale;
use super::idempotency::{Trace, trace};
use super::lane::Lane;
use super::precondition;
use super::present::{Presenter, Wanted};
use super::protect::sent;
use super::session::{Ahead, Session};
use super::{IfMatch, Once, Outcome, Records, Shape, Terms, Written};
use crate::error::{Error, Kind, Result};
use crate::query::{Context, Request};
use crate::schema::{Collection, FieldKind};
use crate::store::{Priority, StoreError};

/// One entry of a batch, already parsed from its URL.
#[derive(Debug, Clone)]
pub struct BatchEntry {
    pub action: BatchAction,
    pub collection: String,
    pub query: IndexMap<String, String>,
    pub headers: IndexMap<String, String>,
    pub body: Map<String, Json>,
}

impl BatchEntry {
    fn shape(&self) -> Shape {
        let parameter = |name: &str| self.query.get(name).cloned().unwrap_or_default();
        Shape { expand: parameter("expand"), fields: parameter("fields") }
    }

    fn if_match(&self) -> Result<Option<IfMatch>> {
        self.headers.get("if_match").map(|text| IfMatch::parse(text)).transpose()
    }
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

impl From<Error> for BatchError {
    fn from(error: Error) -> Self {
        BatchError::Whole(error)
    }
}

impl Records {
    /// `POST /api/batch`: all entries in one transaction → the outcome of each, or the first failure.
    ///
    /// `timeout` runs from the call and is looked at before each entry, inside the transaction: a caller who just
    /// stopped waiting would be told of a failure while the writer goes on and commits.
    ///
    /// # Errors
    /// The first entry that failed, or the transaction as a whole; nothing was written then.
    pub async fn batch(
        &self,
        request: &Request,
        entries: Vec<BatchEntry>,
        timeout: Duration,
        once: Option<Once>,
    ) -> Result<Written<Vec<Outcome>>, BatchError> {
        let deadline = Instant::now() + timeout;
        let shapes: Vec<Shape> = match &once {
            None => Vec::new(),
            Some(_) => entries.iter().map(BatchEntry::shape).collect(),
        };
        let write = self.batch_now(request, entries, deadline, once.clone());
        let replay = async |traces: Vec<Trace>| self.replay(request, &traces, &shapes).await;
        self.once(once.as_ref(), write, replay).await
    }

    async fn batch_now(
        &self,
        request: &Request,
        entries: Vec<BatchEntry>,
        deadline: Instant,
        once: Option<Once>,
    ) -> Result<Vec<Outcome>, BatchError> {
        let ahead = Arc::new(self.ahead(&entries).await?);
        // A transaction that finds the schema changed leaves the entries where they are, for the next attempt.
        let entries = Arc::new(Mutex::new(entries));
        for _ in 0..MAX_ATTEMPTS {
            let version = self.registry.load().version;
            let (records, outer) = (self.clone(), request.clone());
            let (ahead, entries, once) = (ahead.clone(), entries.clone(), once.clone());
            let result = self.store.transaction(async move |tx| {
                let session = Session { ahead, ..records.session(Lane::Tx(tx), Priority::Request) };
                if session.schema.version != records.store.schema_version() {
                    return Err(StoreError::SchemaChanged.into());
                }
                let entries = std::mem::take(&mut *entries.lock());
                session.batch(&outer, entries, deadline, once).await
            });
            match result.await {
                Err(BatchError::Whole(error)) if is_stale(&error) => self.catch_up(version).await,
                other => return other,
            }
        }
        Err(StoreError::SchemaChanged.into())
    }

    /// Hashes every password that the entries set and verifies the old ones: inside the transaction nothing may
    /// be waited for.
    async fn ahead(&self, entries: &[BatchEntry]) -> Result<Ahead> {
        let schema = self.registry.load();
        let mut ahead = Ahead::default();
        for entry in entries.iter().filter(|entry| !matches!(entry.action, BatchAction::Delete(_))) {
            let Some(collection) = schema.find(&entry.collection) else { continue };
            let id = match &entry.action {
                BatchAction::Update(id) => id.as_str(),
                _ => entry.body.get("id").and_then(Json::as_str).unwrap_or_default(),
            };
            self.prepare_passwords(collection, id, &entry.body, &mut ahead).await?;
        }
        Ok(ahead)
    }

    /// The same for one record that a body creates or updates.
    pub(super) async fn prepare_passwords(
        &self,
        collection: &Arc<Collection>,
        id: &str,
        body: &Map<String, Json>,
        ahead: &mut Ahead,
    ) -> Result<()> {
        for field in collection.fields.iter().filter(|field| matches!(field.kind, FieldKind::Password(_))) {
            let Some(given) = body.get(&field.name) else { continue };
            let plain = field.prepare(given);
            if !plain.as_str().is_empty() && !ahead.hashes.contains_key(plain.as_str()) {
                let hash = self.hasher.hash(plain.as_str().to_owned()).await?;
                ahead.hashes.insert(plain.as_str().to_owned(), hash);
            }
        }
        let old = sent(body, "oldPassword");
        if collection.auth().is_none() || id.is_empty() || old.is_empty() {
            return Ok(());
        }
        if let Some(record) = self.find(&self.store.reader(), collection, id).await? {
            let hash = record.text("password").to_owned();
            if self.hasher.verify(old.clone(), hash.clone()).await? {
                ahead.fitting.insert((old, hash));
            }
        }
        Ok(())
    }
}

impl Session<'_> {
    async fn batch(
        &self,
        outer: &Request,
        entries: Vec<BatchEntry>,
        deadline: Instant,
        once: Option<Once>,
    ) -> Result<Vec<Outcome>, BatchError> {
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut traces = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            if Instant::now() > deadline {
                return Err(BatchError::Whole(Error::new(Kind::Invalid, "the batch ran into its time limit")));
            }
            let done = self.entry(outer, entry).await.map_err(|error| BatchError::Entry { index, error })?;
            outcomes.push(done.0);
            traces.push(done.1);
        }
        self.commit_receipt(self.receipt(once.as_ref(), &traces)).await?;
        Ok(outcomes)
    }

    async fn entry(&self, outer: &Request, entry: BatchEntry) -> Result<(Outcome, Trace)> {
        let method = match entry.action {
            BatchAction::Create => "POST",
            BatchAction::Upsert => "PUT",
            BatchAction::Update(_) => "PATCH",
            BatchAction::Delete(_) => "DELETE",
        };
        let wanted = Wanted::parse(&entry.shape())?;
        let terms = Terms { if_match: entry.if_match()?, once: None };
        let mut headers = outer.headers.clone();
        headers.extend(entry.headers);
        let request = Request {
            context: Context::Batch,
            method: method.to_owned(),
            headers,
            query: entry.query,
            body: entry.body,
            caller: outer.caller.clone(),
            clock: outer.clock.clone(),
        };
        let changed = match entry.action {
            BatchAction::Delete(id) => {
                self.delete(&entry.collection, &id, &request, &terms).await?;
                return Ok((Outcome::Deleted, None));
            }
            BatchAction::Create => self.create(&entry.collection, &request, None).await?,
            BatchAction::Update(id) => self.update(&entry.collection, &id, &request, &terms).await?,
            BatchAction::Upsert => self.upsert(&entry.collection, &request, &terms).await?,
        };
        let (record, request) = changed.ok_or(StoreError::SchemaChanged)?;
        let presenter = Presenter { schema: &self.schema, lane: &self.lane, request: &request };
        Ok((Outcome::Stored(presenter.tagged(self.records, &record, &wanted).await?), trace(&record)))
    }

    /// Updates the record whose id the body names, or creates it.
    async fn upsert<'r>(
        &self,
        collection: &str,
        request: &'r Request,
        terms: &Terms,
    ) -> Result<Option<(crate::schema::Record, std::borrow::Cow<'r, Request>)>> {
        let id = request.body.get("id").and_then(Json::as_str).unwrap_or_default();
        let exists = !id.is_empty() && self.find(&self.writable(collection)?, id).await?.is_some();
        match exists {
            true => self.update(collection, id, request, terms).await,
            false if terms.if_match.is_some() => Err(precondition::failed()),
            false => self.create(collection, request, None).await,
        }
    }
}
