//! The place of the dashboard: until it is built, one page that says what works without it and creates the first
//! superuser by the link of the first start.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION};

const PAGE: &str = include_str!("dashboard.html");

/// The page talks to its own server only; nothing may be put into it from elsewhere.
const POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `/_/`
pub(super) async fn page() -> HttpResponse {
    let mut answer = HttpResponse::Ok().body(PAGE);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

/// `/_` has its home at `/_/`.
pub(super) async fn home() -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::TEMPORARY_REDIRECT);
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/_/"));
    answer
}
