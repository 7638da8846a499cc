//! The paged list of models, filtered and sorted in the language of records (contract 4.1).

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::to_json;
use crate::error::{Error, Result};
use crate::query::{Filter, Query, Request, Sort, Trust};
use crate::records::{ListParams, parse_bool};
use crate::schema::field::{BoolOptions, TextOptions};
use crate::schema::{Collection, Field, FieldKind, Schema, empty_model};
use crate::store::Store;

const DEFAULT_PER_PAGE: u64 = 30;
const MAX_PER_PAGE: u64 = 1000;

/// One page of the models that match.
pub(super) async fn list(store: &Store, schema: &Arc<Schema>, params: &ListParams) -> Result<Json> {
    let number = |text: &Option<String>| text.as_deref().map_or(Some(0), |text| text.trim().parse::<i64>().ok());
    let (Some(page), Some(per_page)) = (number(&params.page), number(&params.per_page)) else {
        return Err(refused());
    };
    let page = u64::try_from(page).unwrap_or_default().max(1);
    let per_page = match u64::try_from(per_page).unwrap_or_default() {
        0 => DEFAULT_PER_PAGE,
        given => given.min(MAX_PER_PAGE),
    };
    let skip_total = match params.skip_total.as_deref() {
        None | Some("") => false,
        Some(text) => parse_bool(text).ok_or_else(refused)?,
    };
    let (table, request) = (stored_collections()?, Request::default());
    let mut query = Query::new(schema, &table, &request);
    if let Some(filter) = Filter::parse(&params.filter).map_err(|error| refused().with_cause(error))? {
        query.filter(&filter, Trust::Rule).map_err(|error| refused().with_cause(error))?;
    }
    let sort = Sort::parse(&params.sort).map_err(|error| refused().with_cause(error))?;
    query.sort(&sort, Trust::Rule).map_err(|error| refused().with_cause(error))?;
    let reader = store.reader();
    let rows = reader.rows(query.select(per_page, per_page.saturating_mul(page - 1))).await?;
    let items: Vec<Json> =
        rows.iter().filter_map(|row| schema.by_id(row.get(0).as_str())).map(|found| to_json(found)).collect();
    let total = if skip_total {
        -1
    } else {
        reader.first(query.count()).await?.and_then(|row| row.get(0).as_i64()).unwrap_or_default()
    };
    let pages = if skip_total { -1 } else { total.cast_unsigned().div_ceil(per_page).cast_signed() };
    Ok(json!({"page": page, "perPage": per_page, "totalItems": total, "totalPages": pages, "items": items}))
}

fn refused() -> Error {
    Error::invalid("something went wrong while processing your request")
}

/// The table of collections itself, as a view that the language can ask.
fn stored_collections() -> Result<Arc<Collection>> {
    let mut collection = Collection::from_json(&empty_model("view"), 0).map_err(Error::internal)?;
    let mut fields = vec![crate::schema::id_field()];
    fields.extend(
        ["created", "updated", "name", "type"].map(|name| Field::new(name, FieldKind::Text(TextOptions::default()))),
    );
    fields.push(Field::new("system", FieldKind::Bool(BoolOptions::default())));
    "_collections".clone_into(&mut collection.name);
    collection.fields = fields;
    collection.settle_table(0);
    Ok(Arc::new(collection))
}
