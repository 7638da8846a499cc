//! Lists that are answered from memory: what a list depends on, under which key its answer is kept, and its tag.
//!
//! What a list depends on ([`Reads`]) follows from its plan alone and is kept by its texts and the kind of the caller
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
use crate::cache::{Cache, Shelf};
use crate::query::{Caller, CallerPart, Reads, Request};
use crate::schema::{Collection, Schema};
use crate::store::{Store, Table};

/// The part of the size that what lists depend on may take: one 16th.
const PLANS_SHARE: u64 = 16;

/// The first byte of a key: what is kept there.
const PLAN: u8 = 0;
const ANSWER: u8 = 1;
const TOTAL: u8 = 2;

/// What is kept.
pub(super) struct Recall {
    store: Store,
    plans: Shelf<Arc<Reads>>,
    pub answers: Cache,
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

/// Where an answer is kept, if it is.
pub(super) struct Place {
    pub key: Vec<u8>,
    pub version: u64,
    reads: Arc<Reads>,
}

impl Recall {
    pub fn new(store: Store, bytes: u64) -> Self {
        let plans = bytes / PLANS_SHARE;
        Self { store, plans: Shelf::new(plans), answers: Cache::new(bytes - plans) }
    }

    /// What the answer depends on, if questions like it were asked before.
    pub fn plan(&self, asked: &Asked<'_>) -> Option<Arc<Reads>> {
        if asked.is_alone() { None } else { self.plans.get(&asked.plan_key()) }
    }

    /// Keeps what the answer depends on, for the next question like it.
    pub fn learn(&self, asked: &Asked<'_>, mut reads: Reads) -> Arc<Reads> {
        if asked.is_alone() {
            reads.volatile = true;
            return reads.into();
        }
        let (key, reads) = (asked.plan_key(), Arc::new(reads));
        if self.plans.is_wanted(&key, 0) {
            self.plans.put(&key, reads.clone(), bytes_of(&reads));
        }
        reads
    }

    /// Where the answer is kept at this moment. `None` where it is not, and while what it reads is being written.
    pub fn place(&self, asked: &Asked<'_>, reads: &Arc<Reads>) -> Option<Place> {
        let version = self.version(reads)?;
        Some(Place { key: asked.answer_key(reads), version, reads: reads.clone() })
    }

    /// The same for the number of all records of a list, which depends on less.
    pub fn place_of_total(&self, asked: &Asked<'_>, reads: &Reads) -> Option<Place> {
        let version = self.version(reads)?;
        Some(Place { key: asked.total_key(reads), version, reads: reads.clone().into() })
    }

    /// The tag of a view that was the present one at this version.
    pub fn kept_tag(&self, place: &Place) -> Option<Tag> {
        self.answers.get(&place.key, place.version).and_then(|kept| Tag::of_kept(&kept))
    }

    pub fn keep_tag(&self, place: &Place, tag: &Tag) {
        self.answers.keep(&place.key, place.version, &Bytes::copy_from_slice(tag.quoted().as_bytes()));
    }

    /// The list of this place, if it is kept or the client has it.
    pub fn listed(&self, place: &Place, known: Option<&IfNoneMatch>) -> Option<Answered> {
        if let Some(known) = known {
            let tag = self.tag(place);
            if known.has(&tag) {
                return Some(Answered::Unchanged(tag));
            }
        }
        self.answers.get(&place.key, place.version).map(|body| self.tagged(place, body))
    }

    /// The answer with its tag. What was read while something was written may be from after it, and has none.
    pub fn tagged(&self, place: &Place, body: Bytes) -> Answered {
        let stands = self.version(&place.reads) == Some(place.version);
        Answered::Body(body, stands.then(|| self.tag(place)))
    }

    fn tag(&self, place: &Place) -> Tag {
        Tag::of_list(self.answers.stamp(&place.key, place.version))
    }

    /// Each number only rises, so that the sum is the same only where all of them are.
    fn version(&self, reads: &Reads) -> Option<u64> {
        match reads.volatile {
            true => None,
            false => reads.tables.iter().map(|table| self.store.generation(table)).sum(),
        }
    }
}

impl Asked<'_> {
    /// Whether this one is not to be kept, whatever it reads.
    fn is_alone(&self) -> bool {
        let foreign = self.request.caller.record().is_some_and(|record| {
            // While the schema changes, a caller may be of the one before. And only an internal caller has no id.
            let known = self.schema.by_id(&record.collection.id);
            record.id().is_empty() || !known.is_some_and(|known| Arc::ptr_eq(known, &record.collection))
        });
        let continued = matches!(self.what, What::List { params, .. } if params.cursor.is_some());
        continued || foreign || !self.request.body.is_empty()
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
        self.text(&request.method);
        self.text(request.context.as_str());
        self.values(&reads.parameters, &request.query);
        self.values(&reads.headers, &request.headers);
    }
}
