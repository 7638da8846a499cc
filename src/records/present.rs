//! Records as a caller may see them: the one way out (contract 2.2), with expand and field picker.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::encode::Encoder;
use super::expand::{self, Tree};
use super::lane::Lane;
use super::picker::Picker;
use super::{Presented, Records, Shape, access};
use crate::error::{Error, Result};
use crate::query::{Query, Reads, Request, Trust};
use crate::schema::{Collection, Record, Schema};

/// Everything that presenting needs besides the records.
pub(super) struct Presenter<'a> {
    pub schema: &'a Arc<Schema>,
    pub lane: &'a Lane,
    pub request: &'a Request,
}

/// A parsed [`Shape`].
pub(super) struct Wanted {
    tree: Tree,
    picker: Option<Picker>,
}

impl Wanted {
    pub fn parse(shape: &Shape) -> Result<Self> {
        Ok(Self { tree: Tree::parse(&shape.expand), picker: Picker::parse(&shape.fields)? })
    }

    /// Whether the look of the records depends on more than their rows.
    pub fn depends(&self, collection: &Collection) -> bool {
        !self.tree.is_empty() || collection.auth().is_some()
    }

    /// The encoder, if rows can go straight to bytes: nothing to expand, nothing but plain names to pick, no
    /// manage rule to ask.
    pub fn direct(&self, collection: &Arc<Collection>, request: &Request) -> Option<Encoder> {
        let plain = self.picker.as_ref().is_none_or(|picker| picker.plain_names().is_some());
        let encoder = Encoder::new(collection, request, self.picker.as_ref());
        (plain && self.tree.is_empty() && !encoder.asks_manage_rule()).then_some(encoder)
    }
}

impl Presenter<'_> {
    /// The items of a JSON array, appended to `out`.
    pub async fn items(
        &self,
        collection: &Arc<Collection>,
        records: &[Record],
        wanted: &Wanted,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for (index, item) in self.each(collection, records, wanted).await?.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        Ok(())
    }

    /// What the look of records depends on, besides those that are found.
    pub fn reads(&self, collection: &Arc<Collection>, wanted: &Wanted) -> Result<Reads> {
        let mut reads = Reads::default();
        expand::note_reads(self, collection, &wanted.tree, &mut reads)?;
        Ok(reads)
    }

    pub async fn one(&self, record: &Record, wanted: &Wanted) -> Result<Vec<u8>> {
        if let Some(encoder) = wanted.direct(&record.collection, self.request) {
            let mut out = Vec::with_capacity(512);
            encoder.open_record(record, &mut out);
            out.push(b'}');
            return Ok(out);
        }
        let mut items = self.each(&record.collection, std::slice::from_ref(record), wanted).await?;
        Ok(items.pop().unwrap_or_default())
    }

    /// One record with its tag.
    pub async fn tagged(&self, records: &Records, record: &Record, wanted: &Wanted) -> Result<Presented> {
        let body = self.one(record, wanted).await?;
        Ok(records.presented(&record.collection, record.rev, body.into()))
    }

    async fn each(&self, collection: &Arc<Collection>, records: &[Record], wanted: &Wanted) -> Result<Vec<Vec<u8>>> {
        let items = expand::encode(self, collection, records, &wanted.tree).await?;
        let Some(picker) = &wanted.picker else { return Ok(items) };
        let pick = |item: Vec<u8>| {
            let json: Json = serde_json::from_slice(&item).map_err(Error::internal)?;
            serde_json::to_vec(&picker.pick(json)).map_err(Error::internal)
        };
        items.into_iter().map(pick).collect()
    }

    /// The encoder for these records, with the manage rule asked.
    pub async fn encoder(&self, collection: &Arc<Collection>, records: &[Record]) -> Result<Encoder> {
        let mut encoder = Encoder::new(collection, self.request, None);
        if encoder.asks_manage_rule() {
            encoder.set_managed(self.managed(collection, records).await?);
        }
        Ok(encoder)
    }

    /// What [`Self::encoder`] depends on.
    pub fn note_encoder_reads(&self, collection: &Arc<Collection>, reads: &mut Reads) -> Result<()> {
        let encoder = Encoder::new(collection, self.request, None);
        reads.depends_on(encoder.caller_part(self.request));
        if encoder.asks_manage_rule() {
            let mut query = Query::new(self.schema, collection, self.request);
            may_manage(collection, &mut query)?;
            reads.merge(query.reads());
        }
        Ok(())
    }

    /// Which of these auth records the caller manages, in one statement.
    async fn managed(&self, collection: &Arc<Collection>, records: &[Record]) -> Result<HashSet<String>> {
        let ids: Vec<String> = records.iter().map(|record| record.id().to_owned()).collect();
        let mut query = Query::new(self.schema, collection, self.request);
        query.ids(&ids);
        if !may_manage(collection, &mut query)? {
            return Ok(HashSet::new());
        }
        let rows = self.lane.reader().rows(query.select(ids.len() as u64, 0)).await?;
        Ok(rows.into_iter().map(|row| row.get(collection.table.id_column).as_str().to_owned()).collect())
    }
}

/// ANDs the manage rule; false where it lets nobody manage: a null rule, or one that can't be resolved.
fn may_manage(collection: &Collection, query: &mut Query<'_>) -> Result<bool> {
    let rule = collection.auth().and_then(|options| options.manage_rule.as_ref());
    let Some(rule) = rule else { return Ok(false) };
    Ok(access::parse(rule)?.is_none_or(|filter| query.filter(&filter, Trust::Rule).is_ok()))
}

impl Records {
    /// One record as JSON for this caller: hidden fields, e-mail visibility, expand, field picker.
    ///
    /// # Errors
    /// `Invalid` for a malformed `fields` parameter; those of the store.
    pub async fn present(&self, record: &Record, request: &Request, shape: &Shape) -> Result<Json> {
        let lane = Lane::Store(self.store.clone());
        let presenter = Presenter { schema: &self.registry.load(), lane: &lane, request };
        let bytes = presenter.one(record, &Wanted::parse(shape)?).await?;
        serde_json::from_slice(&bytes).map_err(Error::internal)
    }
}
