//! Creating a record (contract 2.6).

use std::borrow::Cow;

use super::idempotency::trace;
use super::lane::Lane;
use super::present::{Presenter, Wanted};
use super::session::{RULE_TAG, Session, field_errors};
use super::validate::RELATION_TAG;
use super::{Once, Outcome, Records, Shape, Terms, Written, access, change, draft, protect, validate};
use crate::error::{Error, FieldErrors, Result};
use crate::query::{Filter, Query, Request, Trust, eval};
use crate::schema::{CollectionKind, FieldKind, Record};
use crate::store::{Check, Expect, Keep, Op, Priority, StoreError, Value, WriteSet};

/// How often a write is prepared anew after the world moved under it. Then updates and deletes are done inside a
/// transaction, where nothing moves.
pub(super) const MAX_ATTEMPTS: usize = 4;
/// How many changes of the schema in a row a new record gives way to.
const SCHEMA_ATTEMPTS: usize = 16;

const FAILED: &str = "failed to create record";

impl Records {
    /// `POST …/records`: `request.body` is the submitted data as sent.
    ///
    /// # Errors
    /// `Invalid` with all field errors, or without any where the create rule does not hold; `Conflict` and
    /// `Unprocessable` for a key that another request has.
    pub async fn create(&self, request: Request, collection: &str, shape: &Shape, terms: &Terms) -> Result<Written> {
        let wanted = Wanted::parse(shape)?;
        let once = terms.once.as_ref();
        let write = async {
            let (session, record, request) = self.create_record(&request, collection, Priority::Request, once).await?;
            let presenter = Presenter { schema: &session.schema, lane: &session.lane, request: &request };
            Ok(Outcome::Stored(presenter.tagged(self, &record, &wanted).await?))
        };
        self.once(once, write, async |traces| self.replay_one(&request, &traces, shape).await).await
    }

    /// Creates a record without answering it, as imports do. Returns its id.
    ///
    /// # Errors
    /// Like [`Records::create`].
    pub async fn import(&self, request: &Request, collection: &str) -> Result<String> {
        let (_, record, _) = self.create_record(request, collection, Priority::Background, None).await?;
        Ok(record.id().to_owned())
    }

    pub(super) async fn create_record<'r>(
        &self,
        request: &'r Request,
        collection: &str,
        priority: Priority,
        once: Option<&Once>,
    ) -> Result<(Session<'_>, Record, Cow<'r, Request>)> {
        for _ in 0..SCHEMA_ATTEMPTS {
            let session = self.session(Lane::Store(self.store.clone()), priority);
            match session.create(collection, request, once).await? {
                Some((record, request)) => return Ok((session, record, request)),
                None => self.catch_up(session.schema.version).await,
            }
        }
        Err(StoreError::SchemaChanged.into())
    }
}

impl Session<'_> {
    /// Creates a record; `None` if the schema changed meanwhile.
    pub(super) async fn create<'r>(
        &self,
        collection: &str,
        request: &'r Request,
        once: Option<&Once>,
    ) -> Result<Option<(Record, Cow<'r, Request>)>> {
        let collection = self.writable(collection)?;
        let rule = access::condition(&collection.rules.create, request)?;
        let now = self.records.clock.now();
        let draft = draft::apply(draft::blank(&collection), request);
        let (mut record, request) = (draft.record, draft.request);
        let given_id = !record.id().is_empty();
        fill(&mut record, now.timestamp_millis(), &crate::clock::wire_text(now));

        let rule = match rule {
            None => None,
            Some(rule) => match eval(&rule, &self.schema, &seen_by_rule(&record, &request), &request) {
                Some(true) => None,
                Some(false) => return Err(Error::invalid(FAILED)),
                // The rule must not see what the row will hold (a wish to be verified): ask it now.
                None if matches!(seen_by_rule(&record, &request), Cow::Owned(_)) => {
                    self.rule_holds(&record, &rule, &request).await?;
                    None
                }
                None => Some(rule),
            },
        };
        if collection.auth().is_some() {
            let manages = self.manages(&record, false, &request).await?;
            let errors = protect::check_auth(&mut record, None, &request, manages, self).await?;
            if !errors.is_empty() {
                return Err(self.refused(&record, rule.as_ref(), &request, errors).await);
            }
            protect::rotate_token_key(&mut record, None);
            protect::verify_superuser(&mut record);
        }
        let mut errors = validate::fields(&record, None);
        if given_id {
            self.id_clash(&record, &mut errors).await?;
        }
        if !errors.is_empty() {
            self.missing_relations(&record, None, &mut errors).await?;
            return Err(self.refused(&record, rule.as_ref(), &request, errors).await);
        }
        protect::hash_passwords(&mut record, None, self).await?;
        let check = rule.as_ref().map(|rule| self.rule_check(&record, rule, &request)).transpose()?;
        let mut set = self.insert(&record, check, &request);
        set.ops.extend(self.receipt(once, &[trace(&record)]));
        match self.lane.commit(set).await {
            Ok(committed) => {
                record.rev = committed.revs.first().copied().unwrap_or_default();
                self.retire_installer(&record).await?;
                Ok(Some((record, request)))
            }
            Err(StoreError::SchemaChanged) => Ok(None),
            Err(error) => Err(self.failed(error, &record, rule.as_ref(), &request).await),
        }
    }

    fn insert(&self, record: &Record, rule: Option<Check>, request: &Request) -> WriteSet {
        let op = Op::Insert {
            table: record.collection.table.clone(),
            values: record.values.clone(),
            image: change::image(record),
        };
        WriteSet {
            schema_version: self.schema.version,
            before: self.relation_checks(record, None),
            ops: vec![op],
            after: rule.into_iter().collect(),
            actor: request.caller.id().to_owned(),
            priority: self.priority,
            ..WriteSet::default()
        }
    }

    /// The rule as a check on the row as written.
    fn rule_check(&self, record: &Record, rule: &Filter, request: &Request) -> Result<Check> {
        let mut query = Query::new(&self.schema, &record.collection, request);
        query.id(record.id());
        query.filter(rule, Trust::Rule).map_err(|error| Error::invalid(FAILED).with_cause(error))?;
        Ok(Check { statement: query.exists(), expect: Expect::Row, tag: RULE_TAG, keeps: Keep::Nothing })
    }

    /// Asks a rule before the row is there.
    async fn rule_holds(&self, record: &Record, rule: &Filter, request: &Request) -> Result<()> {
        let seen = seen_by_rule(record, request);
        match access::holds_unstored(&self.schema, &self.lane.reader(), &seen, rule, request).await? {
            true => Ok(()),
            false => Err(Error::invalid(FAILED)),
        }
    }

    /// Field errors, unless the create rule does not hold either: who may not create learns nothing of the data.
    async fn refused(&self, record: &Record, rule: Option<&Filter>, request: &Request, errors: FieldErrors) -> Error {
        if let Some(rule) = rule
            && let Err(error) = self.rule_holds(record, rule, request).await
        {
            return error;
        }
        Error::invalid(FAILED).with_fields(errors)
    }

    async fn failed(&self, error: StoreError, record: &Record, rule: Option<&Filter>, request: &Request) -> Error {
        if matches!(error, StoreError::Check { tag: RULE_TAG }) {
            return Error::invalid(FAILED);
        }
        let Some(mut errors) = field_errors(&error, record) else { return error.into() };
        if matches!(error, StoreError::Check { tag } if tag >= RELATION_TAG) {
            let _ = self.missing_relations(record, None, &mut errors).await;
        }
        self.refused(record, rule, request, errors).await.with_cause(error)
    }
}

/// The server's part of a new record: its id, generated texts, dates.
fn fill(record: &mut Record, now_ms: i64, now_text: &str) {
    let collection = record.collection.clone();
    let plain_base = !collection.system && matches!(collection.kind, CollectionKind::Base);
    for (index, field) in collection.fields.iter().enumerate() {
        match &field.kind {
            FieldKind::Autodate(options) if options.on_create => record.values[index] = now_text.into(),
            FieldKind::Text(_) if record.values[index].as_str().is_empty() => {
                let generated = match index == collection.table.id_column {
                    true => field.generate_id(plain_base, now_ms),
                    false => field.generate(),
                };
                record.values[index] = Value::Text(generated);
            }
            _ => {}
        }
    }
}

/// A client can't make a rule believe that it is verified (contract 2.6).
fn seen_by_rule<'r>(record: &'r Record, request: &Request) -> Cow<'r, Record> {
    let Some((index, _)) = record.collection.field("verified").filter(|_| record.collection.auth().is_some()) else {
        return Cow::Borrowed(record);
    };
    if request.caller.is_superuser() || !record.values[index].truthy() {
        return Cow::Borrowed(record);
    }
    let mut seen = record.clone();
    seen.values[index] = Value::Int(0);
    Cow::Owned(seen)
}
