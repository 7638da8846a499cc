//! `PATCH` and `DELETE …/records?filter=…`: all records that a filter finds, at once.

use actix_web::web::Path;
use serde_json::{Map, json};

use crate::api::answer::{self, Answer};
use crate::api::body::Upload;
use crate::api::caller::Call;
use crate::api::{conditions, error};
use crate::error::{Error, FieldError};
use crate::records::{BulkAction, BulkError, BulkParams, Once};

pub(in crate::api) async fn update(call: Call, collection: Path<String>, upload: Upload) -> Answer {
    let values = upload.record(&*call.collection(&collection)?).await?;
    let once = conditions::once(&call, &values)?;
    run(call.with_body(values), &collection, BulkAction::Update, once).await
}

pub(in crate::api) async fn delete(call: Call, collection: Path<String>) -> Answer {
    let once = conditions::once(&call, &Map::new())?;
    run(call, &collection, BulkAction::Delete, once).await
}

async fn run(call: Call, collection: &str, action: BulkAction, once: Option<Once>) -> Answer {
    if conditions::if_match(&call)?.is_some() {
        return Err(Error::invalid("If-Match speaks of one record, not of all that a filter finds").into());
    }
    let query = &call.request.query;
    let params = BulkParams {
        filter: query.get("filter").cloned().unwrap_or_default(),
        limit: query.get("limit").cloned(),
        dry_run: query.get("dryRun").cloned(),
    };
    let written = match call.app().records.bulk(&call.request, collection, action, &params, once).await {
        Ok(written) => written,
        Err(BulkError::Whole(error)) => return Err(error.into()),
        Err(BulkError::Record { id, error: cause }) => {
            let failure = FieldError::new("bulk_record_failed", "This record could not be changed.");
            return Err(error::failed_within(
                "bulk change failed, nothing was changed",
                "records",
                id,
                failure,
                &cause,
            )
            .into());
        }
    };
    let matched = written.outcome.matched;
    let body = match action {
        _ if written.outcome.dry_run => json!({ "matched": matched }),
        BulkAction::Update => json!({ "matched": matched, "updated": matched }),
        BulkAction::Delete => json!({ "matched": matched, "deleted": matched }),
    };
    let mut response = answer::raw(body.to_string().into());
    if written.replayed {
        answer::replayed(&mut response);
    }
    Ok(response)
}
