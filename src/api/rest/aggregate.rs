//! `GET …/aggregate`: counts, sums and the like of the records that the caller may list.

use actix_web::web::Path;

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;
use crate::api::freshness::Reading;
use crate::api::params;
use crate::query::AggregateTexts;

pub(in crate::api) async fn list(call: Call, collection: Path<String>) -> Answer {
    let text = |name: &str| params::text(&call.request.query, name);
    let texts =
        AggregateTexts { group: text("group"), select: text("select"), having: text("having"), sort: text("sort") };
    let reading = Reading::of(&call).await;
    let body = reading.records().aggregate(&call.request, &collection, &call.list_params(), &texts).await?;
    Ok(reading.stamped(answer::raw(body)).await)
}
