//! The headers that make a request conditional: read here, decided by the records.

use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Map, Value as Json};

use super::caller::Call;
use crate::error::{Error, Result};
use crate::records::{IfMatch, IfNoneMatch, Once};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// # Errors
/// `Invalid` for a header that is no list of tags.
pub(super) fn if_match(call: &Call) -> Result<Option<IfMatch>> {
    list(call.headers(), &IF_MATCH).map(|text| IfMatch::parse(&text)).transpose()
}

pub(super) fn if_none_match(call: &Call) -> Option<IfNoneMatch> {
    list(call.headers(), &IF_NONE_MATCH).map(|text| IfNoneMatch::parse(&text))
}

/// The key of a write with this body.
///
/// # Errors
/// `Invalid` for a key that is too long or not visible, and for more than one.
pub(super) fn once(call: &Call, body: &Map<String, Json>) -> Result<Option<Once>> {
    let mut keys = call.headers().get_all(&IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Error::invalid("there must be one Idempotency-Key"));
    }
    // A text that is not ASCII is refused like an empty one.
    let schema = call.app().registry.load();
    Once::new(key.to_str().unwrap_or_default(), &call.request, call.target(), body, &schema).map(Some)
}

/// A header that may come in several lines.
fn list(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes())).peekable();
    lines.peek()?;
    Some(lines.collect::<Vec<_>>().join(","))
}
