//! The place of the dashboard: until it is built, one page that says what works without it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};

const PAGE: &str = include_str!("dashboard.html");

/// `/_/`
pub(super) async fn page() -> HttpResponse {
    let mut answer = HttpResponse::Ok().body(PAGE);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
}

/// `/_` has its home at `/_/`.
pub(super) async fn home() -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::TEMPORARY_REDIRECT);
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/_/"));
    answer
}
