//! What sign-ins leave behind beside the auth record: codes, first steps of two, linked accounts, origins.
//!
//! They are records of system collections that name their auth record by `collectionRef` and `recordRef`. They go
//! with it, and some go when its password or its token key changes (contract 5.8).

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::lane::Lane;
use super::session::Session;
use super::{Records, Terms};
use crate::error::{Error, Kind, Result};
use crate::query::{Caller, Query, Request};
use crate::schema::{AUTH_ORIGINS, Collection, EXTERNAL_AUTHS, MFAS, OTPS, Record, SUPERUSERS_ID};
use crate::store::{Op, Priority};

/// The collections of traces.
pub(super) const AUTH_TRACES: [&str; 4] = [EXTERNAL_AUTHS, MFAS, OTPS, AUTH_ORIGINS];

/// Codes, or first steps, that a record may have at a time; a new one pushes out the oldest.
const KEPT: usize = 20;

/// Traces of one record that are looked at together.
const CHUNK: u64 = 500;

impl Records {
    /// A request of the server itself, which may do what superusers may.
    ///
    /// # Errors
    /// `Internal` without a collection of superusers.
    pub fn own_request(&self) -> Result<Request> {
        let schema = self.registry.load();
        let collection = schema.by_id(SUPERUSERS_ID).ok_or_else(|| Error::internal("no collection of superusers"))?;
        let values = collection.fields.iter().map(|field| field.zero()).collect();
        let superuser = Record { collection: collection.clone(), rev: 0, values };
        Ok(Request { caller: Caller::Record(superuser.into()), ..Request::default() })
    }

    /// Adds a trace of the record. Returns its id.
    ///
    /// # Errors
    /// Those of a create.
    pub async fn add_auth_trace(&self, name: &str, record: &Record, values: Map<String, Json>) -> Result<String> {
        let present = self.traces_of(name, record).await?;
        for oldest in present.iter().take((present.len() + 1).saturating_sub(KEPT)) {
            self.take_auth_trace(oldest).await?;
        }
        let mut request = self.own_request()?;
        request.body = values;
        request.body.insert("collectionRef".into(), record.collection.id.as_str().into());
        request.body.insert("recordRef".into(), record.id().into());
        let added = self.create_record(&request, name, Priority::Request, None).await;
        added.map(|(_, trace, _)| trace.id().to_owned())
    }

    /// The trace of that id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find_auth_trace(&self, name: &str, id: &str) -> Result<Option<Record>> {
        match self.registry.load().by_name(name) {
            Some(collection) => self.find(&self.store.reader(), collection, id).await,
            None => Ok(None),
        }
    }

    /// Deletes the trace. False if it was gone: of many who use it, one alone is told true.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take_auth_trace(&self, trace: &Record) -> Result<bool> {
        match self.delete_record(&self.own_request()?, &trace.collection.id, trace.id(), &Terms::default()).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn traces_of(&self, name: &str, record: &Record) -> Result<Vec<Record>> {
        let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
        match session.schema.by_name(name).cloned() {
            Some(collection) => session.traces(&collection, record).await,
            None => Ok(Vec::new()),
        }
    }
}

impl Session<'_> {
    /// The first traces of the record in this collection, in the order of their creation.
    pub(super) async fn traces(&self, collection: &Arc<Collection>, record: &Record) -> Result<Vec<Record>> {
        let request = Request::default();
        let mut query = Query::new(&self.schema, collection, &request);
        query.equal("collectionRef", &record.collection.id);
        query.equal("recordRef", record.id());
        self.read(collection, query.select(CHUNK, 0)).await
    }

    /// What a change of an auth record ends: its codes with the token key, its first steps and known origins with
    /// the password.
    pub(super) async fn ended_by(&self, before: &Record, after: &Record) -> Result<Vec<Op>> {
        let changed = |field: &str| before.get(field) != after.get(field);
        let ends = [(OTPS, changed("tokenKey")), (MFAS, changed("password")), (AUTH_ORIGINS, changed("password"))];
        let mut ops = Vec::new();
        for (name, _) in ends.iter().filter(|(_, ends)| *ends && before.collection.auth().is_some()) {
            let Some(collection) = self.schema.by_name(name) else { continue };
            let traces = self.traces(collection, before).await?;
            ops.extend(traces.iter().map(|trace| self.delete_op(trace)));
        }
        Ok(ops)
    }
}
