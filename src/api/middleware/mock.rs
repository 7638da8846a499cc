//! Slow answers and failures on demand, for a mock server alone: apps can be built against them.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName};

use crate::api::error::{self, ApiError};
use crate::error::{Error, Result};

const DELAY: HeaderName = HeaderName::from_static("mock-delay");
const ERROR: HeaderName = HeaderName::from_static("mock-error");

/// The longest delay, in milliseconds.
const MAX_DELAY_MS: u64 = 30_000;

/// The answer that the headers ask for, after the delay that they ask for; `None` leaves it to the handler.
pub(super) async fn answer(headers: &HeaderMap) -> Option<HttpResponse> {
    let (delay, status) = match (delay(headers), status(headers)) {
        (Ok(delay), Ok(status)) => (delay, status),
        (Err(error), _) | (_, Err(error)) => return Some(HttpResponse::from_error(ApiError::from(error))),
    };
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    status.map(error::wanted)
}

fn delay(headers: &HeaderMap) -> Result<Option<Duration>> {
    let Some(value) = headers.get(DELAY) else { return Ok(None) };
    let given = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|delay| *delay <= MAX_DELAY_MS);
    let expected = || Error::invalid(format!("the header Mock-Delay takes milliseconds from 0 to {MAX_DELAY_MS}"));
    given.map(|delay| Some(Duration::from_millis(delay))).ok_or_else(expected)
}

fn status(headers: &HeaderMap) -> Result<Option<StatusCode>> {
    let Some(value) = headers.get(ERROR) else { return Ok(None) };
    let given = StatusCode::from_bytes(value.as_bytes()).ok();
    let given = given.filter(|status| status.is_client_error() || status.is_server_error());
    given.map(Some).ok_or_else(|| Error::invalid("the header Mock-Error takes a status from 400 to 599"))
}
