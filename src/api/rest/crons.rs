//! `/api/crons` (contract 8.4).

use actix_web::web::Path;
use serde_json::json;

use crate::api::answer::{self, Answer};
use crate::api::caller::Superuser;

pub(in crate::api) async fn list(Superuser(call): Superuser) -> Answer {
    answer::json(json!(call.app().jobs.crons()), call.fields())
}

/// Starts one in the background.
pub(in crate::api) async fn run(Superuser(call): Superuser, id: Path<String>) -> Answer {
    call.app().jobs.run_cron(&id).await?;
    Ok(answer::no_content())
}
