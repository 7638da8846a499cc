//! The only place where an error meets a status code and becomes a body (contract 1.2).

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value as Json, json};

use super::answer::JSON_TYPE;
use crate::crypto::lowercase_id;
use crate::error::{Error, FieldError, FieldErrorNode, FieldErrors, Kind};

/// Names a failure of ours in the answer and in the log, so that a report leads to its cause.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("basalt-request-id");

/// Seconds after which a client may try again what was refused for lack of room, or because something else was at it.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");

const REQUEST_ID_LENGTH: usize = 12;

/// What a handler fails with: the inner error, on its way to the wire.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct ApiError {
    pub(super) error: Box<Error>,
    /// Set for failures of ours only.
    request_id: Option<String>,
}

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        let error = error.into();
        let request_id = (error.kind() == Kind::Internal).then(|| lowercase_id(REQUEST_ID_LENGTH));
        if let Some(request_id) = &request_id {
            tracing::error!(request_id, cause = ?error.cause(), "a request failed inside the server");
        }
        Self { error: Box::new(error), request_id }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.error.kind())
    }

    fn error_response(&self) -> HttpResponse {
        let body = wire_body(&self.error).to_string();
        let mut response = HttpResponse::build(self.status_code()).body(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON_TYPE);
        if let Some(seconds) = self.error.retry_after_s() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        } else if matches!(self.error.kind(), Kind::Unavailable | Kind::Conflict) {
            headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        if let Some(Ok(id)) = self.request_id.as_deref().map(HeaderValue::from_str) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

/// A failure of any status that a client asked for.
pub(super) fn wanted(status: StatusCode) -> HttpResponse {
    let message = format!("The status {} was asked for.", status.as_u16());
    let body = json!({ "data": {}, "message": message, "status": status.as_u16() }).to_string();
    HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON_TYPE)).body(body)
}

/// The one table of kinds and statuses.
pub(super) fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable | Kind::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) fn default_message(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "the request could not be processed",
        Kind::Unauthenticated => "a valid authorization token is required",
        Kind::Forbidden => "you are not allowed to perform this request",
        Kind::NotFound => "the requested resource wasn't found",
        Kind::Conflict => "the data changed while the request ran, try again",
        Kind::PreconditionFailed => "the record changed since it was read",
        Kind::Unprocessable => "the request contradicts an earlier one",
        Kind::TooLarge => "the request body is too large",
        Kind::TooManyRequests => "too many requests, try again later",
        Kind::Unavailable => "the server is busy or not ready, try again in a moment",
        Kind::Timeout => "the request took too long and was given up",
        Kind::Internal => "something went wrong inside the server",
    }
}

/// `{"data":{},"message":"…","status":N}`, in this order.
pub(super) fn wire_body(error: &Error) -> Json {
    let message = match error.message() {
        "" => default_message(error.kind()),
        _ if error.kind() == Kind::Internal => default_message(Kind::Internal),
        message => message,
    };
    json!({ "data": error.fields().to_json(), "message": sentence(message), "status": status(error.kind()).as_u16() })
}

/// All of it failed because of one part: `list` holds the failure under the part's name, with the part's own answer.
pub(super) fn failed_within(
    message: &'static str,
    list: &str,
    part: String,
    mut failure: FieldError,
    error: &Error,
) -> Error {
    let body = wire_body(error);
    let response = json!({ "status": body["status"], "message": body["message"], "data": body["data"] });
    failure.extra.insert("response".into(), response);
    let parts = FieldErrorNode::Nested(FieldErrors::one(part, failure));
    Error::invalid(message).with_fields(FieldErrors([(list.to_owned(), parts)].into_iter().collect()))
}

/// The first letter in upper case and punctuation at the end.
pub(super) fn sentence(message: &str) -> String {
    let message = message.trim();
    let mut letters = message.chars();
    let mut text: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    text.push_str(letters.as_str());
    if !text.is_empty() && !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn messages_become_sentences() {
        for (input, expected) in [("", ""), ("no such file", "No such file."), ("Why?", "Why?"), ("äh", "Äh.")] {
            assert_eq!(sentence(input), expected, "{input:?}");
        }
    }

    #[test]
    fn body_keeps_its_key_order_and_field_errors() {
        let fields = FieldErrors::one("title", FieldError::new("validation_required", "Cannot be blank."));
        let error = Error::invalid("failed to create record").with_fields(fields);
        let expected = r#"{"data":{"title":{"code":"validation_required","message":"Cannot be blank."}},"message":"Failed to create record.","status":400}"#;
        assert_eq!(wire_body(&error).to_string(), expected);
    }

    #[test]
    fn internal_detail_stays_inside() {
        let error = ApiError::from(Error::internal("SELECT secret FROM t").with_cause("disk image malformed"));
        let text = wire_body(&error.error).to_string();
        assert!(!text.contains("SELECT") && !text.contains("malformed"), "{text}");
        assert!(error.error_response().headers().contains_key(REQUEST_ID));
    }

    #[test]
    fn overload_says_when_to_come_back() {
        let response = ApiError::from(Error::new(Kind::Unavailable, "")).error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER), Some(&RETRY_AFTER_S));
        for (milliseconds, expected) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (180_000, "180")] {
            let error = Error::new(Kind::TooManyRequests, "").with_retry_after(Duration::from_millis(milliseconds));
            let response = ApiError::from(error).error_response();
            let found = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            assert_eq!(found, Some(expected));
        }
    }
}
