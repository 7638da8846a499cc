//! One page of records (contract 2.1).

use std::sync::Arc;

use bytes::Bytes;

use super::cursor::{self, Cursor, Rows};
use super::encode::{Collect, Items};
use super::lane::Lane;
use super::picker::parse_bool;
use super::present::{Presenter, Wanted};
use super::recall::{Asked, What};
use super::{Answered, IfNoneMatch, ListParams, Records, Shape, access};
use crate::error::{Error, Kind, Result};
use crate::query::{Filter, Query, Reads, Request, Sort, Trust};
use crate::schema::{Collection, Schema};
use crate::store::{Reader, Statement};

const DEFAULT_PER_PAGE: i64 = 30;
const MAX_PER_PAGE: i64 = 1000;

/// The page that a client asks for, checked.
pub(super) struct Page {
    page: i64,
    per_page: i64,
    skip_total: bool,
}

impl Page {
    pub fn parse(params: &ListParams) -> Result<Self> {
        let number = |text: &Option<String>, name: &'static str, default: i64| match text.as_deref() {
            None | Some("") => Ok(default),
            Some(text) => text.parse::<i64>().map_err(|_| Error::invalid(format!("{name} must be a whole number"))),
        };
        let page = number(&params.page, "page", 1)?.max(1);
        if page > 1 && params.cursor.is_some() {
            // Passed over in silence it would make a loop over pages read the first one for ever.
            return Err(cursor::refused("page", "validation_page_with_cursor", "Must be absent or 1 beside a cursor."));
        }
        let per_page = match number(&params.per_page, "perPage", DEFAULT_PER_PAGE)? {
            ..=0 => DEFAULT_PER_PAGE,
            given => given.min(MAX_PER_PAGE),
        };
        let skip_total = match params.skip_total.as_deref() {
            None | Some("") => false,
            Some(text) => parse_bool(text).ok_or_else(|| Error::invalid("skipTotal must be true or false"))?,
        };
        Ok(Self { page, per_page, skip_total })
    }

    pub fn limit(&self) -> u64 {
        self.per_page.unsigned_abs()
    }

    pub fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page).unsigned_abs()
    }

    /// The number of all records, where a page of this many tells it: one that has room left ends the list. An empty
    /// page behind the first one may be far past the end.
    pub fn total_from(&self, count: usize) -> Option<i64> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match self.offset() {
            _ if count >= self.per_page => None,
            0 => Some(count),
            offset if count > 0 => i64::try_from(offset).ok().map(|before| before.saturating_add(count)),
            _ => None,
        }
    }

    /// All that tells one page from another.
    pub fn numbers(&self) -> [i64; 3] {
        [self.page, self.per_page, self.skip_total.into()]
    }

    /// The number of all records: -1 where nobody asks, counted where it is not known.
    pub async fn total(&self, known: Option<i64>, count: impl AsyncFnOnce() -> Result<i64>) -> Result<i64> {
        match (self.skip_total, known) {
            (true, _) => Ok(-1),
            (false, Some(total)) => Ok(total),
            (false, None) => count().await,
        }
    }

    /// The wrapper's last keys. `next` is the cursor behind the page, where the client asked by cursor.
    pub fn close(&self, total: i64, next: Option<&str>, out: &mut Vec<u8>) {
        let pages = if total < 0 { -1 } else { total / self.per_page + i64::from(total % self.per_page > 0) };
        let tail = format!(
            "],\"page\":{},\"perPage\":{},\"totalItems\":{total},\"totalPages\":{pages}",
            self.page, self.per_page
        );
        out.extend_from_slice(tail.as_bytes());
        if let Some(next) = next {
            out.extend_from_slice(format!(",\"nextCursor\":\"{next}\"").as_bytes());
        }
        out.push(b'}');
    }
}

/// What a list asks, resolved.
struct Question<'a> {
    asked: Asked<'a>,
    page: &'a Page,
    query: Query<'a>,
    wanted: Wanted,
    cursor: Option<Cursor<'a>>,
}

impl Records {
    /// `GET …/records` → the JSON body. `known` are the answers that the client has.
    ///
    /// # Errors
    /// `NotFound` for an unknown collection, `Forbidden` for a null rule, `Invalid` for parameters that can't be
    /// understood.
    pub async fn list(
        &self,
        request: &Request,
        collection: &str,
        params: &ListParams,
        shape: &Shape,
        known: Option<&IfNoneMatch>,
    ) -> Result<Answered> {
        let schema = self.registry.load();
        let collection = find_collection(&schema, collection)?;
        let rule = access::condition(&collection.rules.list, request)?;
        // What a client may not ask at all is told before what it asked badly, as by PocketBase.
        let page =
            Page::parse(params).or_else(|bad| secluded(&[&params.filter, &params.sort], request).and(Err(bad)))?;
        let what = What::List { params, page: &page };
        let asked = Asked { schema: &schema, collection: &collection, request, shape, what };
        let plan = self.recall.plan(&asked);
        let mut place = plan.reads.as_ref().and_then(|reads| self.recall.place(&asked, reads));
        if let Some(place) = &place
            && let Some(answer) = place.unchanged(known).or_else(|| self.recall.list(place))
        {
            return Ok(answer);
        }
        let question = self.question(asked, params, &page, rule)?;
        if plan.reads.is_none() {
            let reads = self.recall.learn(&plan, || question.reads(self))?;
            place = self.recall.place(&asked, &reads);
            if let Some(answer) = place.as_ref().and_then(|place| place.unchanged(known)) {
                return Ok(answer);
            }
        }
        match place {
            Some(place) => self.recall.make_list(&place, async || self.page(question).await).await,
            None => Ok(Answered::Body(self.page(question).await?, None)),
        }
    }

    fn question<'a>(
        &'a self,
        asked: Asked<'a>,
        params: &'a ListParams,
        page: &'a Page,
        rule: Option<Filter>,
    ) -> Result<Question<'a>> {
        let Asked { schema, collection, request, shape, .. } = asked;
        let wanted = Wanted::parse(shape)?;
        let mut query = Query::new(schema, collection, request);
        if let Some(rule) = rule {
            query.filter(&rule, Trust::Rule).map_err(denied)?;
        }
        secluded(&[&params.filter, &params.sort], request)?;
        if let Some(filter) = Filter::parse_client(&params.filter).map_err(access::refused)? {
            query.filter(&filter, Trust::Client).map_err(access::refused)?;
        }
        let sort = Sort::parse(&params.sort).map_err(access::refused)?;
        query.sort(&sort, Trust::Client).map_err(access::refused)?;
        let cursor = Cursor::parse(self, collection, request, params, &sort)?;
        Ok(Question { asked, page, query, wanted, cursor })
    }

    async fn page(&self, question: Question<'_>) -> Result<Bytes> {
        let Question { asked, page, query, wanted, cursor } = question;
        let Asked { schema, collection, request, .. } = asked;
        let reader = self.store.reader();
        let limit = page.limit();
        let rows = match &cursor {
            None => Rows::Page(query.select(limit, page.offset())),
            Some(cursor) => cursor.rows(&query, limit)?,
        };
        let mut out = Vec::with_capacity(16 * 1024);
        out.extend_from_slice(b"{\"items\":[");
        let (mut out, count, last) = match wanted.direct(collection, request) {
            Some(encoder) => {
                let (items, last) = rows.take(&reader, Items::new(encoder, out)).await?;
                (items.out, items.count, last)
            }
            None => {
                let sink = Collect { collection: collection.clone(), records: Vec::new() };
                let (Collect { records, .. }, last) = rows.take(&reader, sink).await?;
                let lane = Lane::Store(self.store.clone());
                Presenter { schema, lane: &lane, request }.items(collection, &records, &wanted, &mut out).await?;
                (out, records.len(), last)
            }
        };
        let known = page.total_from(count).filter(|_| cursor.as_ref().is_none_or(Cursor::is_first));
        let count = async || total(&reader, query.count()).await;
        let total = page.total(known, async || self.recall.total(&asked, query.reads(), count).await).await?;
        let next = cursor.map(|cursor| cursor.next(last)).transpose()?;
        page.close(total, next.as_deref(), &mut out);
        Ok(out.into())
    }
}

impl Question<'_> {
    /// What the answer depends on.
    fn reads(&self, records: &Records) -> Result<Reads> {
        let mut reads = self.query.reads().clone();
        let look = || {
            let lane = Lane::Store(records.store.clone());
            let Asked { schema, collection, request, .. } = self.asked;
            Presenter { schema, lane: &lane, request }.reads(collection, &self.wanted)
        };
        if self.wanted.depends(self.asked.collection) {
            reads.merge(&*records.recall.learn_look(&self.asked, look)?);
        }
        Ok(reads)
    }
}

/// The number that a counting statement gives.
pub(super) async fn total(reader: &Reader, statement: Statement) -> Result<i64> {
    let row = reader.first(statement).await?;
    Ok(row.and_then(|row| row.get(0).as_i64()).unwrap_or_default())
}

/// Only superusers may filter and sort by what surrounds a request; the mere text is refused, wherever it stands.
pub(super) fn secluded(texts: &[&str], request: &Request) -> Result<()> {
    if request.caller.is_superuser() {
        return Ok(());
    }
    for word in ["@collection.", "@request."] {
        if texts.iter().any(|text| text.contains(word)) {
            return Err(Error::forbidden(format!("only superusers can filter by {word}*")));
        }
    }
    Ok(())
}

pub(super) fn find_collection(schema: &Schema, id_or_name: &str) -> Result<Arc<Collection>> {
    schema.find(id_or_name).cloned().ok_or_else(|| Error::not_found("there is no such collection"))
}

/// A stored rule that no longer fits the schema lets nobody in.
pub(super) fn denied(error: crate::query::QueryError) -> Error {
    Error::new(Kind::Invalid, "").with_cause(error)
}
