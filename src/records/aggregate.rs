//! What the records of a list come to: counts, sums and the like, by groups.
//!
//! The list rule and the client's filter choose the records, as in a list; what a group may tell of them is decided
//! where its SQL is made (`query::Aggregation`).

use bytes::Bytes;

use super::list::{Page, denied, find_collection, secluded, total};
use super::{ListParams, Records, access};
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::{AggregateError, AggregateTexts, Aggregation, Column, Filter, Query, Request, Shown, Trust};
use crate::schema::field::write_number;
use crate::store::{Columns, Sink, ValueRef};

impl Records {
    /// `GET …/aggregate` → the JSON body. `params.sort` is not looked at: groups are sorted by `texts.sort`.
    ///
    /// # Errors
    /// `NotFound` for an unknown collection, `Forbidden` for a null list rule, `Invalid` for parameters that can't be
    /// understood and fields that the caller may not filter by.
    pub async fn aggregate(
        &self,
        request: &Request,
        collection: &str,
        params: &ListParams,
        texts: &AggregateTexts,
    ) -> Result<Bytes> {
        let schema = self.registry.load();
        let collection = find_collection(&schema, collection)?;
        let rule = access::condition(&collection.rules.list, request)?;
        let page = Page::parse(params)?;
        secluded(&[&params.filter, &texts.group, &texts.select, &texts.having, &texts.sort], request)?;
        let aggregation = Aggregation::parse(texts).map_err(refused)?;
        let mut query = Query::new(&schema, &collection, request);
        if let Some(rule) = rule {
            query.filter(&rule, Trust::Rule).map_err(denied)?;
        }
        if let Some(filter) = Filter::parse_client(&params.filter).map_err(access::refused)? {
            query.filter(&filter, Trust::Client).map_err(access::refused)?;
        }
        let grouped = query.aggregate(&aggregation).map_err(refused)?;
        let reader = self.store.reader();
        let sink = Groups::new(&grouped.columns);
        let groups = reader.stream(grouped.page(page.limit(), page.offset()), sink).await?;
        let total = page.total(page.total_from(groups.count), async || total(&reader, grouped.count()).await).await?;
        let mut out = groups.out;
        page.close(total, None, &mut out);
        Ok(out.into())
    }
}

fn refused(error: AggregateError) -> Error {
    let fields = FieldErrors::one(error.parameter, FieldError::new(error.code, error.reason));
    Error::invalid("the records can't be aggregated like this").with_fields(fields)
}

/// Writes groups as the items of the answer as they come.
struct Groups {
    /// `"key":` and how its values look.
    columns: Vec<(Vec<u8>, Shown)>,
    out: Vec<u8>,
    count: usize,
}

const OPENING: &[u8] = b"{\"items\":[";

impl Groups {
    fn new(columns: &[Column]) -> Self {
        let column = |column: &Column| {
            let key = format!("{}:", serde_json::Value::from(column.key.as_str()));
            (key.into_bytes(), column.shown.clone())
        };
        Self { columns: columns.iter().map(column).collect(), out: OPENING.to_vec(), count: 0 }
    }
}

impl Sink for Groups {
    fn row(&mut self, columns: &dyn Columns) {
        for (index, (key, shown)) in self.columns.iter().enumerate() {
            match index {
                0 if self.count > 0 => self.out.extend_from_slice(b",{"),
                0 => self.out.push(b'{'),
                _ => self.out.push(b','),
            }
            self.out.extend_from_slice(key);
            write(shown, columns.get(index), &mut self.out);
        }
        self.out.push(b'}');
        self.count += 1;
    }

    fn reset(&mut self) {
        self.out.truncate(OPENING.len());
        self.count = 0;
    }
}

fn write(shown: &Shown, value: ValueRef<'_>, out: &mut Vec<u8>) {
    match (shown, value) {
        (_, ValueRef::Null | ValueRef::Blob(_)) => out.extend_from_slice(b"null"),
        // A sum past all numbers is no number of JSON.
        (_, ValueRef::Real(number)) if !number.is_finite() => out.extend_from_slice(b"null"),
        (Shown::Field(field), value) => field.write_json(value, out),
        (Shown::Number | Shown::Json, value @ (ValueRef::Int(_) | ValueRef::Real(_))) => write_number(value, out),
        (Shown::Number | Shown::Json | Shown::Text, ValueRef::Text(text)) => {
            out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
        }
        (Shown::Text, value) => {
            out.push(b'"');
            write_number(value, out);
            out.push(b'"');
        }
    }
}
