//! Successful answers.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, VARY};
use actix_web::{HttpResponse, ResponseError as _};
use bytes::Bytes;
use serde_json::Value as Json;

use super::error::ApiError;
use crate::error::Error;
use crate::records::{Answered, Outcome, Presented, Tag, Written, pick_fields};

/// What every handler returns.
pub(super) type Answer = Result<HttpResponse, ApiError>;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Clients of PocketBase compare this text: no charset (contract 1.6).
pub(super) const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with JSON that is written already.
pub(super) fn raw(body: Bytes) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON_TYPE);
    response
}

/// 200 with one record and its tag.
pub(super) fn record(presented: Presented) -> HttpResponse {
    let mut response = raw(presented.body);
    validate(response.headers_mut(), presented.tag);
    response
}

/// 200 with what was read, or 304.
pub(super) fn read(answered: Answered) -> HttpResponse {
    match answered {
        Answered::Body(body, Some(tag)) => record(Presented { body, tag }),
        Answered::Body(body, None) => raw(body),
        Answered::Unchanged(tag) => not_modified(tag),
    }
}

/// 304: the client has this answer.
pub(super) fn not_modified(tag: Tag) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::NOT_MODIFIED, BoxBody::new(()));
    validate(response.headers_mut(), tag);
    response
}

/// What a write came to.
pub(super) fn written(written: Written) -> HttpResponse {
    let mut response = match written.outcome {
        Outcome::Stored(presented) => record(presented),
        Outcome::Deleted => no_content(),
        Outcome::Gone => ApiError::from(gone()).error_response(),
    };
    if written.replayed {
        replayed(&mut response);
    }
    response
}

/// The answer to a repeat whose record the caller can't view.
pub(super) fn gone() -> Error {
    Error::not_found("the request was done before, but its record can't be viewed or is deleted by now")
}

/// Marks an answer as one to a repeat: nothing was written this time.
pub(super) fn replayed(response: &mut HttpResponse) {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
}

/// Clients may keep the answer, for themselves, and ask each time whether it still holds.
fn validate(headers: &mut HeaderMap, tag: Tag) {
    if let Ok(tag) = HeaderValue::try_from(String::from(tag)) {
        headers.insert(ETAG, tag);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.append(VARY, HeaderValue::from_static("Authorization"));
    }
}

/// 200 with JSON, cut down to what the `fields` parameter asks for (contract 2.3).
pub(super) fn json(body: Json, fields: &str) -> Answer {
    let body = if fields.is_empty() { body } else { pick_fields(body, fields)? };
    Ok(raw(body.to_string().into()))
}

/// 200 with a page of a list: `fields` speaks of its items, the wrapper stays whole.
pub(super) fn page(mut body: Json, fields: &str) -> Answer {
    if let (false, Some(items)) = (fields.is_empty(), body.get_mut("items")) {
        *items = pick_fields(items.take(), fields)?;
    }
    json(body, "")
}

/// 401 with the id of a sign-in's first step; no error body (contract 1.2).
pub(super) fn second_factor(mfa_id: &str) -> HttpResponse {
    let mut response = raw(serde_json::json!({ "mfaId": mfa_id }).to_string().into());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

/// 204 without a body.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::with_body(StatusCode::NO_CONTENT, BoxBody::new(()))
}
