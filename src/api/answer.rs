//! Successful answers.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use serde_json::Value as Json;

use super::error::ApiError;
use crate::records::pick_fields;

/// What every handler returns.
pub(super) type Answer = Result<HttpResponse, ApiError>;

/// Clients of PocketBase compare this text: no charset (contract 1.6).
pub(super) const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with JSON that is written already.
pub(super) fn raw(body: Bytes) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON_TYPE);
    response
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

/// 204 without a body.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::with_body(StatusCode::NO_CONTENT, BoxBody::new(()))
}
