//! One change of all records that a filter finds, or their deletion: all or none.
//!
//! The records are those that the caller could list and then change one by one; they are chosen before the first of
//! them changes. Each is written as it would be alone, so that nothing about a single write is different here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::create::MAX_ATTEMPTS;
use super::delete::is_stale;
use super::idempotency::Trace;
use super::lane::Lane;
use super::list::{denied, secluded};
use super::picker::parse_bool;
use super::session::{Ahead, Session};
use super::{Once, Records, Terms, Written, access, draft};
use crate::error::{Error, FieldError, FieldErrors, Kind, Result};
use crate::query::{Filter, Query, Request, Trust};
use crate::schema::Collection;
use crate::store::{Columns, Priority, Sink, StoreError, ValueRef};

const DEFAULT_LIMIT: u64 = 1_000;
const MAX_LIMIT: u64 = 10_000;
/// How long the writes may take together: below what the store gives a transaction, so that the answer says why.
const MAX_TIME: Duration = Duration::from_secs(4);

/// Raw parameters, checked by [`Records::bulk`].
#[derive(Debug, Clone, Default)]
pub struct BulkParams {
    pub filter: String,
    pub limit: Option<String>,
    pub dry_run: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkAction {
    Update,
    Delete,
}

/// How many records the filter and the rules let through, and whether they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkDone {
    pub matched: u64,
    pub dry_run: bool,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum BulkError {
    /// This record could not be written as asked.
    Record {
        id: String,
        error: Error,
    },
    Whole(Error),
}

impl From<Error> for BulkError {
    fn from(error: Error) -> Self {
        BulkError::Whole(error)
    }
}

impl From<StoreError> for BulkError {
    fn from(error: StoreError) -> Self {
        BulkError::Whole(error.into())
    }
}

/// The parameters, checked.
#[derive(Clone)]
struct Asked {
    action: BulkAction,
    filter: Filter,
    limit: u64,
    dry_run: bool,
}

impl Asked {
    fn parse(action: BulkAction, params: &BulkParams, request: &Request) -> Result<Self> {
        secluded(&[&params.filter], request)?;
        let filter = Filter::parse_client(&params.filter).map_err(access::refused)?;
        let filter = filter.ok_or_else(|| {
            let message = "Cannot be blank; to change all records say `id != \"\"`.";
            refused("filter", FieldError::new("validation_required", message))
        })?;
        let limit = match params.limit.as_deref() {
            None | Some("") => Some(DEFAULT_LIMIT),
            Some(text) => text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)),
        };
        let limit = limit.ok_or_else(|| {
            let message = format!("Must be a whole number from 1 to {MAX_LIMIT}.");
            refused("limit", FieldError::new("validation_invalid_value", message))
        })?;
        let dry_run = match params.dry_run.as_deref() {
            None | Some("") => Some(false),
            Some(text) => parse_bool(text),
        };
        let dry_run = dry_run
            .ok_or_else(|| refused("dryRun", FieldError::new("validation_invalid_value", "Must be true or false.")))?;
        Ok(Self { action, filter, limit, dry_run })
    }

    fn rule<'c>(&self, collection: &'c Collection) -> &'c Option<String> {
        match self.action {
            BulkAction::Update => &collection.rules.update,
            BulkAction::Delete => &collection.rules.delete,
        }
    }
}

fn refused(parameter: &str, error: FieldError) -> Error {
    Error::invalid("the records can't be changed together like this").with_fields(FieldErrors::one(parameter, error))
}

impl Records {
    /// `PATCH` and `DELETE …/records?filter=…`: `request.body` is the change.
    ///
    /// # Errors
    /// `Forbidden` for a null rule, `Invalid` for more records than the limit, the first record that failed; nothing
    /// was written then.
    pub async fn bulk(
        &self,
        request: &Request,
        collection: &str,
        action: BulkAction,
        params: &BulkParams,
        once: Option<Once>,
    ) -> Result<Written<BulkDone>, BulkError> {
        let asked = Asked::parse(action, params, request)?;
        if asked.dry_run {
            let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
            let collection = session.writable(collection)?;
            let matched = session.matches(&collection, &asked, request).await?;
            return Ok(Written::now(BulkDone { matched, dry_run: true }));
        }
        let write = self.bulk_now(request, collection, asked, once.clone());
        let replay = async |traces: Vec<Trace>| Ok(recall(&traces));
        self.once(once.as_ref(), write, replay).await
    }

    async fn bulk_now(
        &self,
        request: &Request,
        collection: &str,
        asked: Asked,
        once: Option<Once>,
    ) -> Result<BulkDone, BulkError> {
        let mut ahead = Ahead::default();
        {
            // Looked at before the writer is asked: what is too much does not hold it up.
            let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
            let collection = session.writable(collection)?;
            refuse_old_password(&collection, request)?;
            let matched = session.matches(&collection, &asked, request).await?;
            check_limit(matched, asked.limit)?;
            self.prepare_passwords(&collection, "", &request.body, &mut ahead).await?;
        }
        let ahead = Arc::new(ahead);
        for _ in 0..MAX_ATTEMPTS {
            let version = self.registry.load().version;
            let (records, request, collection) = (self.clone(), request.clone(), collection.to_owned());
            let (ahead, once, asked) = (ahead.clone(), once.clone(), asked.clone());
            let result = self.store.transaction(async move |tx| {
                let session = Session { ahead, ..records.session(Lane::Tx(tx), Priority::Request) };
                if session.schema.version != records.store.schema_version() {
                    return Err(StoreError::SchemaChanged.into());
                }
                session.bulk(&collection, &asked, &request, once).await
            });
            match result.await {
                Err(BulkError::Whole(error)) if is_stale(&error) => self.catch_up(version).await,
                other => return other,
            }
        }
        Err(StoreError::SchemaChanged.into())
    }
}

/// A receipt keeps the count in the place of an id.
fn remember(collection: &Collection, matched: u64) -> Trace {
    Some([collection.id.clone(), matched.to_string()])
}

fn recall(traces: &[Trace]) -> BulkDone {
    let matched = traces.first().and_then(Option::as_ref).and_then(|[_, count]| count.parse().ok());
    BulkDone { matched: matched.unwrap_or_default(), dry_run: false }
}

/// Verifying takes long on purpose and would be done for each account; somebody who needs it changes one alone.
fn refuse_old_password(collection: &Collection, request: &Request) -> Result<()> {
    if collection.auth().is_none() || !request.body.contains_key("oldPassword") {
        return Ok(());
    }
    let message = "Can't be checked for many accounts at once.";
    Err(refused("oldPassword", FieldError::new("validation_invalid_old_password", message)))
}

fn check_limit(matched: u64, limit: u64) -> Result<()> {
    if matched <= limit {
        return Ok(());
    }
    let message = format!("Finds {matched} records, more than the limit of {limit}.");
    let error = FieldError::new("validation_too_many_matches", message);
    Err(refused("filter", error.param("matched", matched).param("limit", limit)))
}

impl Session<'_> {
    async fn bulk(
        &self,
        collection: &str,
        asked: &Asked,
        request: &Request,
        once: Option<Once>,
    ) -> Result<BulkDone, BulkError> {
        let deadline = Instant::now() + MAX_TIME;
        let collection = self.writable(collection)?;
        let ids = self.matching(&collection, asked, request).await?;
        let matched = ids.len() as u64;
        check_limit(matched, asked.limit)?;
        for id in ids {
            if Instant::now() > deadline {
                let message = "changing so many records at once took too long, use a smaller limit";
                return Err(Error::new(Kind::Timeout, message).into());
            }
            self.bulk_one(&collection, &id, asked.action, request).await.map_err(|error| match error.kind() {
                Kind::Invalid => BulkError::Record { id, error },
                _ => BulkError::Whole(error),
            })?;
        }
        self.commit_receipt(self.receipt(once.as_ref(), &[remember(&collection, matched)])).await?;
        Ok(BulkDone { matched, dry_run: false })
    }

    /// Writes one of the chosen records; the cascade of an earlier one may have taken it along.
    async fn bulk_one(
        &self,
        collection: &Arc<Collection>,
        id: &str,
        action: BulkAction,
        request: &Request,
    ) -> Result<()> {
        let Some(record) = self.find(collection, id).await? else { return Ok(()) };
        match action {
            BulkAction::Delete => self.remove(record, request.caller.id(), Vec::new()).await,
            BulkAction::Update => {
                let draft = draft::apply(record.clone(), request);
                let changed = self.rewrite(record, draft, &Terms::default()).await?;
                changed.map(|_| ()).ok_or_else(|| StoreError::SchemaChanged.into())
            }
        }
    }

    /// How many records match; where each must be asked, no more than one beyond the limit.
    async fn matches(&self, collection: &Arc<Collection>, asked: &Asked, request: &Request) -> Result<u64> {
        let seen = draft::apply(draft::blank(collection), request).request;
        let selection = Selection::new(self, collection, asked, request, &seen)?;
        if selection.each.is_some() {
            return Ok(self.choose(collection, &selection, asked, request).await?.len() as u64);
        }
        let row = self.lane.reader().first(selection.query.count()).await?;
        Ok(row.and_then(|row| row.get(0).as_i64()).unwrap_or_default().unsigned_abs())
    }

    /// The ids of the records that match, one beyond the limit at most.
    async fn matching(&self, collection: &Arc<Collection>, asked: &Asked, request: &Request) -> Result<Vec<String>> {
        let seen = draft::apply(draft::blank(collection), request).request;
        let selection = Selection::new(self, collection, asked, request, &seen)?;
        self.choose(collection, &selection, asked, request).await
    }

    async fn choose(
        &self,
        collection: &Arc<Collection>,
        selection: &Selection<'_>,
        asked: &Asked,
        request: &Request,
    ) -> Result<Vec<String>> {
        let sink = Ids { column: collection.table.id_column, found: Vec::new() };
        let reader = self.lane.reader();
        let found = reader.stream(selection.query.select(asked.limit + 1, 0), sink).await?.found;
        let Some(rule) = &selection.each else { return Ok(found) };
        check_limit(found.len() as u64, asked.limit)?;
        let mut chosen = Vec::with_capacity(found.len());
        for id in found {
            let Some(record) = self.find(collection, &id).await? else { continue };
            let request = draft::apply(record.clone(), request).request;
            if access::holds(&self.schema, &reader, &record, rule, &request).await? {
                chosen.push(id);
            }
        }
        Ok(chosen)
    }
}

/// Which records are meant.
struct Selection<'a> {
    query: Query<'a>,
    /// A rule about the resolved body, where modifiers make that another one for each record.
    each: Option<Filter>,
}

impl<'a> Selection<'a> {
    /// `seen` is the request as rules see it, without what is hidden from the caller.
    fn new(
        session: &'a Session<'_>,
        collection: &Arc<Collection>,
        asked: &Asked,
        request: &Request,
        seen: &'a Request,
    ) -> Result<Self> {
        let list = access::condition(&collection.rules.list, request)?;
        let text = asked.rule(collection);
        let rule = access::condition(text, request)?;
        let about_body = text.as_ref().is_some_and(|text| text.contains("@request.body"));
        let (rule, each) = match about_body && draft::has_modifiers(collection, request) {
            true => (None, rule),
            false => (rule, None),
        };
        let mut query = Query::new(&session.schema, collection, seen);
        for rule in list.iter().chain(&rule) {
            query.filter(rule, Trust::Rule).map_err(denied)?;
        }
        query.filter(&asked.filter, Trust::Client).map_err(access::refused)?;
        Ok(Self { query, each })
    }
}

/// Keeps the ids of rows only: many records at once may be large.
struct Ids {
    column: usize,
    found: Vec<String>,
}

impl Sink for Ids {
    fn row(&mut self, columns: &dyn Columns) {
        if let ValueRef::Text(id) = columns.get(self.column) {
            self.found.push(id.to_owned());
        }
    }

    fn reset(&mut self) {
        self.found.clear();
    }
}
