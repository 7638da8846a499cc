//! Deleting a record and what follows from it (contract 2.8).

use std::collections::HashSet;
use std::sync::Arc;

use super::auth_trace::AUTH_TRACES;
use super::create::MAX_ATTEMPTS;
use super::encode::Collect;
use super::idempotency::Trace;
use super::lane::Lane;
use super::session::Session;
use super::update::touch;
use super::{Outcome, Records, Shape, Terms, Written, access, change, protect};
use crate::error::{Error, Result};
use crate::query::{Query, Request};
use crate::schema::{Collection, FieldKind, Record, Referrer, SUPERUSERS_ID};
use crate::store::{Op, Priority, Statement, StoreError, WriteSet};

/// Rows of one referrer that a delete looks at together.
const CHUNK: u64 = 500;

impl Records {
    /// `DELETE …/records/{id}` with cascades.
    ///
    /// # Errors
    /// `NotFound` for a missing record and for one that the rule hides, `PreconditionFailed` for one that is at another
    /// revision than the terms say; `Invalid` where a required relation points at it; `Conflict` and `Unprocessable`
    /// for a key that another request has.
    pub async fn delete(&self, request: &Request, collection: &str, id: &str, terms: &Terms) -> Result<Written> {
        let write = async { self.delete_record(request, collection, id, terms).await.map(|()| Outcome::Deleted) };
        let replay = async |traces: Vec<Trace>| self.replay_one(request, &traces, &Shape::default()).await;
        self.once(terms.once.as_ref(), write, replay).await
    }

    pub(super) async fn delete_record(
        &self,
        request: &Request,
        collection: &str,
        id: &str,
        terms: &Terms,
    ) -> Result<()> {
        for _ in 0..MAX_ATTEMPTS {
            let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
            match session.delete(collection, id, request, terms).await {
                Err(error) if is_stale(&error) => self.catch_up(session.schema.version).await,
                other => return other,
            }
        }
        let (records, request, terms) = (self.clone(), request.clone(), terms.clone());
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.store
            .transaction(async move |tx| {
                records.session(Lane::Tx(tx), Priority::Request).delete(&collection, &id, &request, &terms).await
            })
            .await
    }

    /// Deletes every record of a collection with the normal cascades, in one transaction.
    ///
    /// # Errors
    /// Like [`Records::delete`]; then nothing is deleted.
    pub async fn truncate(&self, collection: &Arc<Collection>) -> Result<()> {
        let (records, collection) = (self.clone(), collection.clone());
        self.store
            .transaction(async move |tx| {
                let session = records.session(Lane::Tx(tx), Priority::Request);
                loop {
                    let request = Request::default();
                    let query = Query::new(&session.schema, &collection, &request);
                    let rows = session.read(&collection, query.select(CHUNK, 0)).await?;
                    if rows.is_empty() {
                        return Ok(());
                    }
                    let mut gone = HashSet::new();
                    for record in rows {
                        session.cascade(record, "", &mut gone).await?;
                    }
                }
            })
            .await
    }
}

pub(super) fn is_stale(error: &Error) -> bool {
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<StoreError>());
    matches!(cause, Some(StoreError::Stale | StoreError::SchemaChanged))
}

impl Session<'_> {
    pub(super) async fn delete(&self, collection: &str, id: &str, request: &Request, terms: &Terms) -> Result<()> {
        let collection = self.writable(collection)?;
        let rule = access::condition(&collection.rules.delete, request)?;
        self.lane.hold(&collection.table, id).await?;
        let record = self.find(&collection, id).await?.ok_or_else(|| Error::not_found(""))?;
        if let Some(rule) = rule
            && !access::holds(&self.schema, &self.lane.reader(), &record, &rule, request).await?
        {
            return Err(Error::not_found(""));
        }
        if let Some(if_match) = &terms.if_match {
            if_match.check(&self.records.store.epoch(), record.rev)?;
        }
        self.remove(record, request.caller.id(), self.receipt(terms.once.as_ref(), &[None])).await
    }

    /// Deletes a record with its cascades; whether that is allowed is known. The receipt is written with it.
    pub(super) async fn remove(&self, record: Record, actor: &str, receipt: Vec<Op>) -> Result<()> {
        match &self.lane {
            Lane::Tx(_) => self.delete_whole(record, actor, receipt).await,
            Lane::Store(_) if self.stands_alone(&record.collection) => {
                let mut set = self.delete_set(&record, actor);
                set.ops.extend(receipt);
                self.lane.commit(set).await?;
                Ok(())
            }
            Lane::Store(store) => {
                let (records, actor) = (self.records.clone(), actor.to_owned());
                store
                    .transaction(async move |tx| {
                        let session = records.session(Lane::Tx(tx), Priority::Request);
                        session.delete_whole(record, &actor, receipt).await
                    })
                    .await
            }
        }
    }

    /// Deletes with cascades inside a transaction.
    async fn delete_whole(&self, record: Record, actor: &str, receipt: Vec<Op>) -> Result<()> {
        self.cascade(record, actor, &mut HashSet::new()).await?;
        self.commit_receipt(receipt).await
    }

    /// Nothing can point at records of this collection.
    fn stands_alone(&self, collection: &Collection) -> bool {
        collection.auth().is_none()
            && self.schema.referrers(&collection.id).iter().all(|referrer| referrer.collection.is_view())
    }

    /// Deletes a record after everything that must go with it or let go of it.
    async fn cascade(&self, record: Record, actor: &str, gone: &mut HashSet<(String, String)>) -> Result<()> {
        if !gone.insert((record.collection.id.clone(), record.id().to_owned())) {
            return Ok(());
        }
        // From now on nobody can come to point at it.
        self.lane.hold(&record.collection.table, record.id()).await?;
        if record.collection.id == SUPERUSERS_ID {
            self.lane.hold(&record.collection.table, "").await?;
            self.keep_a_superuser(&record.collection).await?;
        }
        let referrers: Vec<Referrer> = self.schema.referrers(&record.collection.id).to_vec();
        for referrer in referrers.iter().filter(|referrer| !referrer.collection.is_view()) {
            self.release(referrer, &record, actor, gone).await?;
        }
        if record.collection.auth().is_some() {
            self.delete_traces(&record, actor, gone).await?;
        }
        self.lane.commit(self.delete_set(&record, actor)).await?;
        Ok(())
    }

    /// Takes the record out of every row that points at it, or deletes the row (contract 2.8).
    async fn release(
        &self,
        referrer: &Referrer,
        record: &Record,
        actor: &str,
        gone: &mut HashSet<(String, String)>,
    ) -> Result<()> {
        let collection = &referrer.collection;
        let field = &collection.fields[referrer.field];
        let FieldKind::Relation(options) = &field.kind else { return Ok(()) };
        let request = Request::default();
        loop {
            let mut query = Query::new(&self.schema, collection, &request);
            query.refers_to(referrer.field, &[record.id().to_owned()]);
            let rows = self.read(collection, query.select(CHUNK, 0)).await?;
            let mut progress = false;
            for row in rows {
                if gone.contains(&(collection.id.clone(), row.id().to_owned())) {
                    continue;
                }
                progress = true;
                let mut rest = field.items(&row.values[referrer.field]);
                rest.retain(|id| id != record.id());
                if rest.is_empty() && options.cascade_delete {
                    Box::pin(self.cascade(row, actor, gone)).await?;
                } else if rest.is_empty() && field.required {
                    return Err(Error::invalid(
                        "failed to delete record: make sure that the record is not part of a required relation reference",
                    ));
                } else {
                    self.let_go(referrer, row, rest, actor).await?;
                }
            }
            if !progress {
                return Ok(());
            }
        }
    }

    async fn let_go(&self, referrer: &Referrer, row: Record, rest: Vec<String>, actor: &str) -> Result<()> {
        let mut after = row.clone();
        let field = &referrer.collection.fields[referrer.field];
        after.values[referrer.field] = field.prepare(&rest.into());
        touch(&mut after, &crate::clock::wire_text(self.records.clock.now()));
        let changed = (0..after.values.len()).filter(|index| after.values[*index] != row.values[*index]);
        let changed = changed.map(|index| (index, after.values[index].clone())).collect();
        let mut set = self.update_set(&row, &after, changed, actor);
        set.before.clear();
        self.lane.commit(set).await?;
        Ok(())
    }

    async fn delete_traces(&self, record: &Record, actor: &str, gone: &mut HashSet<(String, String)>) -> Result<()> {
        for collection in AUTH_TRACES.iter().filter_map(|name| self.schema.by_name(name)) {
            // What was deleted is not found again, so each turn finds the next ones.
            loop {
                let rows = self.traces(collection, record).await?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    Box::pin(self.cascade(row, actor, gone)).await?;
                }
            }
        }
        Ok(())
    }

    async fn keep_a_superuser(&self, collection: &Arc<Collection>) -> Result<()> {
        let request = Request::default();
        let row = self.lane.reader().first(Query::new(&self.schema, collection, &request).count()).await?;
        match row.and_then(|row| row.get(0).as_i64()) {
            Some(2..) => Ok(()),
            _ => Err(protect::last_superuser()),
        }
    }

    pub(super) async fn read(&self, collection: &Arc<Collection>, statement: Statement) -> Result<Vec<Record>> {
        let sink = Collect { collection: collection.clone(), records: Vec::new() };
        Ok(self.lane.reader().stream(statement, sink).await?.records)
    }

    pub(super) fn delete_set(&self, record: &Record, actor: &str) -> WriteSet {
        WriteSet {
            schema_version: self.schema.version,
            ops: vec![self.delete_op(record)],
            actor: actor.to_owned(),
            priority: self.priority,
            ..WriteSet::default()
        }
    }

    pub(super) fn delete_op(&self, record: &Record) -> Op {
        Op::Delete {
            table: record.collection.table.clone(),
            id: record.id().to_owned(),
            expect_rev: Some(record.rev),
            old: change::image(record),
        }
    }
}
