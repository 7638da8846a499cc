//! Answers from memory: what a list depends on, under which key it is kept, and its tag; of views, the tags alone.
//!
//! What an answer depends on ([`Reads`]) follows from its plan alone and is kept by its texts and the kind of the caller
//! (`plans`). With it, the key of the answer is known before anything is planned: the texts, the page, and of the caller
//! and the request exactly what the plan reads. The version is the sum of how often each table that is read was written.
//! It only rises, so that it is the same only where each of them is. The tag is a hash of both, and a client that has it
//! has the answer.
//!
//! *Invariant:* an answer that is given out from memory is the one that would be made at that moment, for this caller.
//! What can't be proven to be so is not kept: cursors, times, random orders, views that read either, callers that were
//! read under another schema.

use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;

use super::list::Page;
use super::tag::Tag;
use super::{Answered, IfNoneMatch, ListParams, Shape};
use crate::cache::{self, Cache, Shelf};
use crate::error::{Error, Result};
use crate::query::{Caller, CallerPart, Reads, Request};
use crate::schema::{Collection, Record, Schema};
use crate::store::{Store, Table};

/// The part of the size that what lists depend on may take: one 16th.
const PLANS_SHARE: u64 = 16;

/// The first byte of a key: what is kept there.
const PLAN: u8 = 0;
const ANSWER: u8 = 1;
const TOTAL: u8 = 2;
const LOOK: u8 = 3;

/// What is kept.
pub(super) struct Recall {
    store: Store,
    plans: Arc<Shelf<Arc<Reads>>>,
    answers: Arc<Cache>,
}

/// A question as it was asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub schema: &'a Arc<Schema>,
    pub collection: &'a Arc<Collection>,
    pub request: &'a Request,
    pub shape: &'a Shape,
    pub what: What<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    List { params: &'a ListParams, page: &'a Page },
    View { id: &'a str },
}

/// What is known of a question before it is planned.
pub(super) struct Plan {
    /// `None` for a question whose answer is not to be kept, whatever it reads.
    key: Option<Vec<u8>>,
    pub reads: Option<Arc<Reads>>,
}

/// Where an answer is kept, if it is.
pub(super) struct Place {
    answer: cache::Place,
    reads: Arc<Reads>,
}

impl Recall {
    pub fn new(store: Store, bytes: u64) -> Self {
        let plans = bytes / PLANS_SHARE;
        Self { store, plans: Shelf::new(plans).into(), answers: Cache::new(bytes - plans).into() }
    }

    /// What is kept here, for answers by way of this store.
    pub fn over(&self, store: Store) -> Self {
        Self { store, plans: self.plans.clone(), answers: self.answers.clone() }
    }

    /// What the answer depends on, if questions like it were asked before.
    pub fn plan(&self, asked: &Asked<'_>) -> Plan {
        let key = (!asked.is_special() && !asked.is_continued()).then(|| asked.plan_key());
        let reads = key.as_ref().and_then(|key| self.plans.get(key));
        Plan { key, reads }
    }

    /// Keeps what the answer depends on, for the next question like it.
    pub fn learn(&self, plan: &Plan, reads: impl FnOnce() -> Result<Reads>) -> Result<Arc<Reads>> {
        match &plan.key {
            Some(key) => reads().map(|reads| self.keep_reads(key, reads)),
            None => Ok(Reads { volatile: true, ..Reads::default() }.into()),
        }
    }

    /// What the look of the records depends on: known more often than the whole, as it is the same for every filter.
    pub fn learn_look(&self, asked: &Asked<'_>, reads: impl FnOnce() -> Result<Reads>) -> Result<Arc<Reads>> {
        let key = asked.look_key();
        match self.plans.get(&key) {
            Some(reads) => Ok(reads),
            None => reads().map(|reads| self.keep_reads(&key, reads)),
        }
    }

    fn keep_reads(&self, key: &[u8], reads: Reads) -> Arc<Reads> {
        let reads = Arc::new(reads);
        if self.plans.is_wanted(self.plans.stamp(key, 0)) {
            self.plans.put(key, reads.clone(), bytes_of(&reads));
        }
        reads
    }

    /// Where the answer is kept at this moment. `None` where it is not, and while what it reads is being written.
    pub fn place(&self, asked: &Asked<'_>, reads: &Arc<Reads>) -> Option<Place> {
        let version = self.version(reads)?;
        Some(Place { answer: self.answers.place(asked.answer_key(reads), version), reads: reads.clone() })
    }

    /// The list of this place, if it is kept.
    pub fn list(&self, place: &Place) -> Option<Answered> {
        self.answers.get(&place.answer).map(|body| self.tagged(place, body))
    }

    /// The list of this place, made by one of those who ask for it.
    pub async fn make_list(&self, place: &Place, make: impl AsyncFnOnce() -> Result<Bytes>) -> Result<Answered> {
        Ok(self.tagged(place, self.answers.make(&place.answer, make).await?))
    }

    /// The answer with its tag. What was read while something was written may be from after it, and has none.
    fn tagged(&self, place: &Place, body: Bytes) -> Answered {
        let stands = self.version(&place.reads) == Some(place.answer.version);
        Answered::Body(body, stands.then(|| place.tag()))
    }

    /// The number of all records of a list, whose query depends on this.
    pub async fn total(
        &self,
        asked: &Asked<'_>,
        reads: &Reads,
        count: impl AsyncFnOnce() -> Result<i64>,
    ) -> Result<i64> {
        let Some(version) = self.version(reads).filter(|_| !asked.is_special()) else { return count().await };
        let place = self.answers.place(asked.total_key(reads), version);
        let bytes = match self.answers.get(&place) {
            Some(bytes) => bytes,
            None => {
                let make = async || Ok::<_, Error>(Bytes::copy_from_slice(&count().await?.to_le_bytes()));
                self.answers.make(&place, make).await?
            }
        };
        bytes.as_ref().try_into().map(i64::from_le_bytes).map_err(Error::internal)
    }

    /// The tag of a view that was the present one at this version.
    pub fn view_tag(&self, place: &Place) -> Option<Tag> {
        self.answers.get(&place.answer).and_then(|kept| Tag::of_kept(&kept))
    }

    pub fn keep_view_tag(&self, place: &Place, tag: &Tag) {
        self.answers.keep(&place.answer, &Bytes::copy_from_slice(tag.quoted().as_bytes()));
    }

    /// Each number only rises, so that the sum is the same only where all of them are.
    fn version(&self, reads: &Reads) -> Option<u64> {
        match reads.volatile {
            true => None,
            false => reads.tables.iter().map(|table| self.store.generation(table)).sum(),
        }
    }
}

impl Place {
    /// For a client that has the list of this place.
    pub fn unchanged(&self, known: Option<&IfNoneMatch>) -> Option<Answered> {
        let (known, tag) = (known?, self.tag());
        known.has(&tag).then_some(Answered::Unchanged(tag))
    }

    /// The tag of the list of this place.
    fn tag(&self) -> Tag {
        Tag::of_list(self.answer.stamp())
    }
}

impl Asked<'_> {
    /// Whether more can matter than the parts of a key: a body, or a caller that its revision does not stand for.
    fn is_special(&self) -> bool {
        let special = |record: &Arc<Record>| {
            // While the schema changes, a caller may be of the one before. And only an internal caller has no id.
            let present = self.schema.by_id(&record.collection.id);
            record.id().is_empty() || !present.is_some_and(|present| Arc::ptr_eq(present, &record.collection))
        };
        !self.request.body.is_empty() || self.request.caller.record().is_some_and(special)
    }

    /// Whether it is answered with a cursor, which is for one caller.
    fn is_continued(&self) -> bool {
        matches!(self.what, What::List { params, .. } if params.cursor.is_some())
    }

    fn look_key(&self) -> Vec<u8> {
        let mut key = Key(Vec::with_capacity(128));
        key.0.push(LOOK);
        key.number(self.schema.version);
        key.number(self.collection.table.number.cast_unsigned());
        key.text(&self.shape.expand);
        key.caller(CallerPart::Collection, &self.request.caller);
        key.0
    }

    fn answer_key(&self, reads: &Reads) -> Vec<u8> {
        let mut key = self.key(ANSWER);
        key.text(&self.shape.fields);
        key.text(&self.shape.expand);
        match self.what {
            What::List { page, .. } => page.numbers().into_iter().for_each(|number| key.number(number.cast_unsigned())),
            What::View { id } => key.text(id),
        }
        key.reads(reads, self.request);
        key.0
    }

    /// The sort is a part of it, as a path that it crosses limits the records.
    fn total_key(&self, reads: &Reads) -> Vec<u8> {
        let mut key = self.key(TOTAL);
        key.reads(reads, self.request);
        key.0
    }

    fn plan_key(&self) -> Vec<u8> {
        let mut key = self.key(PLAN);
        key.text(&self.shape.fields);
        key.text(&self.shape.expand);
        key.caller(CallerPart::Collection, &self.request.caller);
        key.0
    }

    /// What all keys begin with.
    fn key(&self, kind: u8) -> Key {
        let mut key = Key(Vec::with_capacity(256));
        key.0.push(kind);
        key.number(self.schema.version);
        key.number(self.collection.table.number.cast_unsigned());
        key.0.push(matches!(self.what, What::View { .. }).into());
        if let What::List { params, .. } = self.what {
            key.text(&params.filter);
            key.text(&params.sort);
        }
        key
    }
}

fn bytes_of(reads: &Reads) -> usize {
    let names = reads.parameters.iter().chain(&reads.headers).map(|name| size_of::<String>() + name.len());
    size_of::<Reads>() + reads.tables.len() * size_of::<Arc<Table>>() + names.sum::<usize>()
}

/// Parts one after the other, each of a fixed length or with its length before it, so that no two lists of parts are alike.
struct Key(Vec<u8>);

impl Key {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn values(&mut self, names: &[String], values: &IndexMap<String, String>) {
        self.number(names.len() as u64);
        for name in names {
            let value = values.get(name);
            self.text(name);
            self.0.push(value.is_some().into());
            self.text(value.map(String::as_str).unwrap_or_default());
        }
    }

    /// Superusers and all others are told apart in any case: they see other fields.
    fn caller(&mut self, part: CallerPart, caller: &Caller) {
        self.0.extend([caller.is_superuser().into(), part as u8]);
        let record = caller.record().filter(|_| part != CallerPart::Nothing);
        self.text(record.map(|record| record.collection.id.as_str()).unwrap_or_default());
        if part == CallerPart::Record {
            self.text(caller.id());
            // The revision stands for every value of the record.
            self.number(record.map(|record| record.rev.cast_unsigned()).unwrap_or_default());
        }
    }

    fn reads(&mut self, reads: &Reads, request: &Request) {
        self.caller(reads.caller, &request.caller);
        self.text(if reads.method { &request.method } else { "" });
        self.text(request.context.as_str());
        self.values(&reads.parameters, &request.query);
        self.values(&reads.headers, &request.headers);
    }
}
