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
use super::selection::{Asked, check_limit, refused};
use super::session::{Ahead, Session};
use super::{Once, Records, Terms, Written, access, draft};
use crate::error::{Error, FieldError, Kind, Result};
use crate::query::Request;
use crate::schema::Collection;
use crate::store::{Priority, StoreError};

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

impl BulkAction {
    pub(super) fn rule(self, collection: &Collection) -> &Option<String> {
        match self {
            BulkAction::Update => &collection.rules.update,
            BulkAction::Delete => &collection.rules.delete,
        }
    }
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
        let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
        let target = session.writable(collection)?;
        for rule in [&target.rules.list, action.rule(&target)] {
            access::condition(rule, request)?;
        }
        let asked = Asked::parse(action, params, request)?;
        if asked.dry_run {
            let matched = session.matches(&target, &asked, request).await?;
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
}
