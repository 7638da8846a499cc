//! `/api/jobs`: what waits, what runs, and what failed for good.

use actix_web::web::Path;
use serde_json::json;

use crate::api::answer::{self, Answer};
use crate::api::caller::{Call, Superuser};
use crate::api::params::text;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::jobs::{Page, State};

const DEFAULT_PER_PAGE: u64 = 30;
const MAX_PER_PAGE: u64 = 500;

pub(in crate::api) async fn list(Superuser(call): Superuser) -> Answer {
    let listed = call.app().jobs.list(page(&call)?).await?;
    answer::page(json!(listed), call.fields())
}

/// Gives a dead job its attempts again.
pub(in crate::api) async fn retry(Superuser(call): Superuser, id: Path<String>) -> Answer {
    call.app().jobs.retry(&id).await?;
    Ok(answer::no_content())
}

fn page(call: &Call) -> Result<Page> {
    let query = &call.request.query;
    let number = |name: &str, missing: u64| match text(query, name).as_str() {
        "" => Ok(missing),
        number => number.parse::<u64>().map_err(|_| Error::invalid(format!("{name} must be a number"))),
    };
    let state = match text(query, "state").as_str() {
        "" => None,
        name => Some(State::parse(name).ok_or_else(|| {
            let error = FieldError::new("validation_in_invalid", "Must be waiting, running or dead.");
            Error::invalid("there is no such state of a job").with_fields(FieldErrors::one("state", error))
        })?),
    };
    let per_page = number("perPage", DEFAULT_PER_PAGE)?.clamp(1, MAX_PER_PAGE);
    Ok(Page { state, page: number("page", 1)?.max(1), per_page })
}
