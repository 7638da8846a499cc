//! Which records a change by filter means: those that the caller may both list and change.

use std::sync::Arc;

use super::bulk::{BulkAction, BulkParams};
use super::list::{denied, secluded};
use super::picker::parse_bool;
use super::session::Session;
use super::{access, draft};
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::{Filter, Query, Request, Trust};
use crate::schema::Collection;
use crate::store::{Columns, Sink, ValueRef};

const DEFAULT_LIMIT: u64 = 1_000;
const MAX_LIMIT: u64 = 10_000;

/// The parameters, checked.
#[derive(Clone)]
pub(super) struct Asked {
    pub action: BulkAction,
    pub filter: Filter,
    pub limit: u64,
    pub dry_run: bool,
}

impl Asked {
    pub fn parse(action: BulkAction, params: &BulkParams, request: &Request) -> Result<Self> {
        secluded(&[&params.filter], request)?;
        let filter = Filter::parse_client(&params.filter).map_err(access::refused)?;
        let filter = filter.ok_or_else(|| {
            let message = "Cannot be blank; to change all records say `id != \"\"`.";
            refused("filter", FieldError::new("validation_required", message))
        })?;
        let limit = match params.limit.as_deref() {
            None | Some("") => Some(DEFAULT_LIMIT),
            Some(text) => text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)),
        };
        let limit = limit.ok_or_else(|| {
            let message = format!("Must be a whole number from 1 to {MAX_LIMIT}.");
            refused("limit", FieldError::new("validation_invalid_value", message))
        })?;
        let dry_run = match params.dry_run.as_deref() {
            None | Some("") => Some(false),
            Some(text) => parse_bool(text),
        };
        let dry_run = dry_run
            .ok_or_else(|| refused("dryRun", FieldError::new("validation_invalid_value", "Must be true or false.")))?;
        Ok(Self { action, filter, limit, dry_run })
    }
}

pub(super) fn refused(parameter: &str, error: FieldError) -> Error {
    Error::invalid("the records can't be changed together like this").with_fields(FieldErrors::one(parameter, error))
}

pub(super) fn check_limit(matched: u64, limit: u64) -> Result<()> {
    if matched <= limit {
        return Ok(());
    }
    let message = format!("Finds {matched} records, more than the limit of {limit}.");
    let error = FieldError::new("validation_too_many_matches", message);
    Err(refused("filter", error.param("matched", matched).param("limit", limit)))
}

impl Session<'_> {
    /// How many records match; where each must be asked, no more than one beyond the limit.
    pub(super) async fn matches(&self, collection: &Arc<Collection>, asked: &Asked, request: &Request) -> Result<u64> {
        let seen = draft::apply(draft::blank(collection), request).request;
        let selection = Selection::new(self, collection, asked, request, &seen)?;
        if selection.each.is_some() {
            return Ok(self.choose(collection, &selection, asked, request).await?.len() as u64);
        }
        let row = self.lane.reader().first(selection.query.count()).await?;
        Ok(row.and_then(|row| row.get(0).as_i64()).unwrap_or_default().unsigned_abs())
    }

    /// The ids of the records that match, one beyond the limit at most.
    pub(super) async fn matching(
        &self,
        collection: &Arc<Collection>,
        asked: &Asked,
        request: &Request,
    ) -> Result<Vec<String>> {
        let seen = draft::apply(draft::blank(collection), request).request;
        let selection = Selection::new(self, collection, asked, request, &seen)?;
        self.choose(collection, &selection, asked, request).await
    }

    async fn choose(
        &self,
        collection: &Arc<Collection>,
        selection: &Selection<'_>,
        asked: &Asked,
        request: &Request,
    ) -> Result<Vec<String>> {
        let sink = Ids { column: collection.table.id_column, found: Vec::new() };
        let reader = self.lane.reader();
        let found = reader.stream(selection.query.select(asked.limit + 1, 0), sink).await?.found;
        let Some(rule) = &selection.each else { return Ok(found) };
        check_limit(found.len() as u64, asked.limit)?;
        let mut chosen = Vec::with_capacity(found.len());
        for id in found {
            let Some(record) = self.find(collection, &id).await? else { continue };
            let request = draft::apply(record.clone(), request).request;
            if access::holds(&self.schema, &reader, &record, rule, &request).await? {
                chosen.push(id);
            }
        }
        Ok(chosen)
    }
}

/// Which records are meant.
struct Selection<'a> {
    query: Query<'a>,
    /// A rule about the resolved body, where modifiers make that another one for each record.
    each: Option<Filter>,
}

impl<'a> Selection<'a> {
    /// `seen` is the request as rules see it, without what is hidden from the caller.
    fn new(
        session: &'a Session<'_>,
        collection: &Arc<Collection>,
        asked: &Asked,
        request: &Request,
        seen: &'a Request,
    ) -> Result<Self> {
        let list = access::condition(&collection.rules.list, request)?;
        let text = asked.action.rule(collection);
        let rule = access::condition(text, request)?;
        let about_body = text.as_ref().is_some_and(|text| text.contains("@request.body"));
        let (rule, each) = match about_body && draft::has_modifiers(collection, request) {
            true => (None, rule),
            false => (rule, None),
        };
        let mut query = Query::new(&session.schema, collection, seen);
        for rule in list.iter().chain(&rule) {
            query.filter(rule, Trust::Rule).map_err(denied)?;
        }
        query.filter(&asked.filter, Trust::Client).map_err(access::refused)?;
        Ok(Self { query, each })
    }
}

/// Keeps the ids of rows only: many records at once may be large.
struct Ids {
    column: usize,
    found: Vec<String>,
}

impl Sink for Ids {
    fn row(&mut self, columns: &dyn Columns) {
        if let ValueRef::Text(id) = columns.get(self.column) {
            self.found.push(id.to_owned());
        }
    }

    fn reset(&mut self) {
        self.found.clear();
    }
}
