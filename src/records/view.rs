//! One record (contract 2.5).
//!
//! A client that has it says so with its tag. Whether that is still the tag is remembered, not the record: reading one
//! costs hardly more than finding it kept, while clients that ask again and again are told so without the database.

use std::sync::Arc;

use super::encode::{Collect, Single};
use super::lane::Lane;
use super::list::{denied, find_collection};
use super::present::{Presenter, Wanted};
use super::recall::{Asked, What};
use super::{Answered, IfNoneMatch, Presented, Records, Shape, access};
use crate::error::{Error, Result};
use crate::query::{Query, Reads, Request, Trust};
use crate::schema::{Collection, Schema};

/// What a view asks, resolved.
struct Question<'a> {
    schema: &'a Arc<Schema>,
    collection: &'a Arc<Collection>,
    request: &'a Request,
    query: Query<'a>,
    wanted: Wanted,
}

impl Records {
    /// `GET …/records/{id}` → the JSON body with its tag.
    ///
    /// # Errors
    /// `NotFound` for a missing record and for one that the view rule hides, `Forbidden` for a null rule.
    pub async fn view(&self, request: &Request, collection: &str, id: &str, shape: &Shape) -> Result<Presented> {
        let schema = self.registry.load();
        let collection = find_collection(&schema, collection)?;
        self.record(Question::new(&schema, &collection, request, id, shape)?).await
    }

    /// The same for a client that has some answers.
    ///
    /// # Errors
    /// Those of [`Records::view`].
    pub async fn view_unless(
        &self,
        request: &Request,
        collection: &str,
        id: &str,
        shape: &Shape,
        known: &IfNoneMatch,
    ) -> Result<Answered> {
        let schema = self.registry.load();
        let collection = find_collection(&schema, collection)?;
        access::condition(&collection.rules.view, request)?;
        let asked = Asked { schema: &schema, collection: &collection, request, shape, what: What::View { id } };
        let plan = self.recall.plan(&asked);
        let mut place = plan.reads.as_ref().and_then(|reads| self.recall.place(&asked, reads));
        if let Some(tag) = place.as_ref().and_then(|place| self.recall.view_tag(place)).filter(|tag| known.has(tag)) {
            return Ok(Answered::Unchanged(tag));
        }
        let question = Question::new(&schema, &collection, request, id, shape)?;
        if plan.reads.is_none() {
            let reads = self.recall.learn(&plan, || question.reads(self))?;
            place = self.recall.place(&asked, &reads);
        }
        let Presented { body, tag } = self.record(question).await?;
        if !known.has(&tag) {
            return Ok(Answered::Body(body, Some(tag)));
        }
        if let Some(place) = place {
            self.recall.keep_view_tag(&place, &tag);
        }
        Ok(Answered::Unchanged(tag))
    }

    async fn record(&self, question: Question<'_>) -> Result<Presented> {
        let Question { schema, collection, request, query, wanted } = question;
        let reader = self.store.reader();
        let statement = query.select(1, 0);
        if let Some(encoder) = wanted.direct(collection, request) {
            let found = reader.stream(statement, Single::new(encoder)).await?;
            let rev = found.rev.ok_or_else(|| Error::not_found(""))?;
            return Ok(self.presented(collection, rev, found.out.into()));
        }
        let sink = Collect { collection: collection.clone(), records: Vec::new() };
        let record = reader.stream(statement, sink).await?.records.pop().ok_or_else(|| Error::not_found(""))?;
        let lane = Lane::Store(self.store.clone());
        Presenter { schema, lane: &lane, request }.tagged(self, &record, &wanted).await
    }
}

impl<'a> Question<'a> {
    fn new(
        schema: &'a Arc<Schema>,
        collection: &'a Arc<Collection>,
        request: &'a Request,
        id: &str,
        shape: &Shape,
    ) -> Result<Self> {
        let rule = access::condition(&collection.rules.view, request)?;
        let wanted = Wanted::parse(shape)?;
        let mut query = Query::new(schema, collection, request);
        query.id(id);
        if let Some(rule) = rule {
            query.filter(&rule, Trust::Rule).map_err(denied)?;
        }
        Ok(Self { schema, collection, request, query, wanted })
    }

    /// What the answer depends on.
    fn reads(&self, records: &Records) -> Result<Reads> {
        let lane = Lane::Store(records.store.clone());
        let presenter = Presenter { schema: self.schema, lane: &lane, request: self.request };
        let mut reads = self.query.reads().clone();
        reads.merge(&presenter.reads(self.collection, &self.wanted)?);
        Ok(reads)
    }
}
