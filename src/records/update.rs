//! Updating a record (contract 2.7).

use std::borrow::Cow;
use std::sync::Arc;

use super::create::MAX_ATTEMPTS;
use super::draft::Draft;
use super::idempotency::{Trace, trace};
use super::lane::Lane;
use super::present::{Presenter, Wanted};
use super::session::{Ahead, Session, field_errors};
use super::validate::RELATION_TAG;
use super::{Outcome, Presented, Records, Shape, Terms, Written, access, change, draft, protect, validate};
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::Request;
use crate::schema::{FieldKind, Record};
use crate::store::{Op, Priority, StoreError, Value, WriteSet};

const FAILED: &str = "failed to update record";

impl Records {
    /// `PATCH …/records/{id}`.
    ///
    /// # Errors
    /// `NotFound` for a missing record and for one that the rule hides, `PreconditionFailed` for one that is at another
    /// revision than the terms say, `Invalid` with all field errors; `Conflict` and `Unprocessable` for a key that
    /// another request has.
    pub async fn update(
        &self,
        request: Request,
        collection: &str,
        id: &str,
        shape: &Shape,
        terms: &Terms,
    ) -> Result<Written> {
        let wanted = Wanted::parse(shape)?;
        let write = async { Ok(Outcome::Stored(self.update_record(&request, collection, id, wanted, terms).await?)) };
        let replay = async |traces: Vec<Trace>| self.replay_one(&request, &traces, shape).await;
        self.once(terms.once.as_ref(), write, replay).await
    }

    async fn update_record(
        &self,
        request: &Request,
        collection: &str,
        id: &str,
        wanted: Wanted,
        terms: &Terms,
    ) -> Result<Presented> {
        for _ in 0..MAX_ATTEMPTS {
            let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
            if let Some((record, request)) = session.update(collection, id, request, terms).await? {
                let presenter = Presenter { schema: &session.schema, lane: &session.lane, request: &request };
                return presenter.tagged(self, &record, &wanted).await;
            }
            self.catch_up(session.schema.version).await;
        }
        self.update_alone(request, collection, id, wanted, terms).await
    }

    /// Updates a record that many write at once, in a transaction: there nobody comes in between.
    async fn update_alone(
        &self,
        request: &Request,
        collection: &str,
        id: &str,
        wanted: Wanted,
        terms: &Terms,
    ) -> Result<Presented> {
        let mut ahead = Ahead::default();
        if let Some(collection) = self.registry.load().find(collection) {
            self.prepare_passwords(collection, id, &request.body, &mut ahead).await?;
        }
        let (records, ahead) = (self.clone(), Arc::new(ahead));
        let (request, terms) = (request.clone(), terms.clone());
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.store
            .transaction(async move |tx| {
                let session = Session { ahead, ..records.session(Lane::Tx(tx), Priority::Request) };
                let changed = session.update(&collection, &id, &request, &terms).await?;
                let (record, request) = changed.ok_or(StoreError::SchemaChanged)?;
                let presenter = Presenter { schema: &session.schema, lane: &session.lane, request: &request };
                presenter.tagged(&records, &record, &wanted).await
            })
            .await
    }
}

impl Session<'_> {
    /// Updates a record; `None` if the row or the schema changed meanwhile.
    pub(super) async fn update<'r>(
        &self,
        collection: &str,
        id: &str,
        request: &'r Request,
        terms: &Terms,
    ) -> Result<Option<(Record, Cow<'r, Request>)>> {
        let collection = self.writable(collection)?;
        let rule = access::condition(&collection.rules.update, request)?;
        self.lane.hold(&collection.table, id).await?;
        let before = self.find(&collection, id).await?.ok_or_else(|| Error::not_found(""))?;
        let draft = draft::apply(before.clone(), request);
        if let Some(rule) = rule
            && !access::holds(&self.schema, &self.lane.reader(), &before, &rule, &draft.request).await?
        {
            return Err(Error::not_found(""));
        }
        // Asked of the row that the commit then expects: who loses the race comes here again and fails.
        if let Some(if_match) = &terms.if_match {
            if_match.check(&self.records.store.epoch(), before.rev)?;
        }
        self.rewrite(before, draft, terms).await
    }

    /// Updates a record that is read already; whether that is allowed is known.
    pub(super) async fn rewrite<'r>(
        &self,
        before: Record,
        draft: Draft<'r>,
        terms: &Terms,
    ) -> Result<Option<(Record, Cow<'r, Request>)>> {
        let Draft { mut record, request } = draft;
        let is_auth = before.collection.auth().is_some();
        if is_auth {
            let manages = self.manages(&before, true, &request).await?;
            let errors = protect::check_auth(&mut record, Some(&before), &request, manages, self).await?;
            errors.into_result(FAILED)?;
        }
        self.check(&record, &before).await?;
        protect::hash_passwords(&mut record, Some(&before), self).await?;
        if is_auth {
            protect::rotate_token_key(&mut record, Some(&before));
            protect::verify_superuser(&mut record);
        }
        touch(&mut record, &crate::clock::wire_text(self.records.clock.now()));
        self.write(before, record, request, terms).await
    }

    async fn check(&self, record: &Record, before: &Record) -> Result<()> {
        let mut errors = validate::fields(record, Some(before));
        if record.id() != before.id() {
            errors =
                FieldErrors::one("id", FieldError::new("validation_pk_change", "The id of a record can't be changed."));
        }
        if !errors.is_empty() {
            self.missing_relations(record, Some(before), &mut errors).await?;
        }
        errors.into_result(FAILED)
    }

    async fn write<'r>(
        &self,
        before: Record,
        mut record: Record,
        request: Cow<'r, Request>,
        terms: &Terms,
    ) -> Result<Option<(Record, Cow<'r, Request>)>> {
        let changed: Vec<(usize, Value)> = (0..record.values.len())
            .filter(|index| record.values[*index] != before.values[*index])
            .map(|index| (index, record.values[index].clone()))
            .collect();
        let unchanged = changed.is_empty();
        if unchanged && terms.once.is_none() {
            return Ok(Some((record, request)));
        }
        let mut set = self.update_set(&before, &record, changed, request.caller.id());
        if unchanged {
            set.ops.clear();
        }
        set.ops.extend(self.receipt(terms.once.as_ref(), &[trace(&record)]));
        set.ops.extend(self.ended_by(&before, &record).await?);
        match self.lane.commit(set).await {
            Ok(committed) => {
                record.rev = committed.revs.first().copied().unwrap_or(before.rev);
                Ok(Some((record, request)))
            }
            Err(StoreError::Stale | StoreError::SchemaChanged) => Ok(None),
            Err(error) => {
                let Some(mut errors) = field_errors(&error, &record) else { return Err(error.into()) };
                if matches!(error, StoreError::Check { tag } if tag >= RELATION_TAG) {
                    self.missing_relations(&record, Some(&before), &mut errors).await?;
                }
                Err(Error::invalid(FAILED).with_fields(errors).with_cause(error))
            }
        }
    }

    pub(super) fn update_set(
        &self,
        before: &Record,
        record: &Record,
        set: Vec<(usize, Value)>,
        actor: &str,
    ) -> WriteSet {
        let op = Op::Update {
            table: record.collection.table.clone(),
            id: before.id().to_owned(),
            expect_rev: Some(before.rev),
            set,
            image: change::image(record),
            old: change::old_image(before, record),
        };
        WriteSet {
            schema_version: self.schema.version,
            before: self.relation_checks(record, Some(before)),
            ops: vec![op],
            after: Vec::new(),
            actor: actor.to_owned(),
            priority: self.priority,
            ..WriteSet::default()
        }
    }
}

/// Sets the dates that follow every update.
pub(super) fn touch(record: &mut Record, now: &str) {
    let collection = record.collection.clone();
    for (index, field) in collection.fields.iter().enumerate() {
        if matches!(&field.kind, FieldKind::Autodate(options) if options.on_update) {
            record.values[index] = now.into();
        }
    }
}
