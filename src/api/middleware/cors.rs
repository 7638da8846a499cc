//! Cross-origin calls by browsers: any origin by default, no credentials (contract 1.6).
//!
//! Our own and not a library's, as clients see each detail: every OPTIONS is a 204, origin or not.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// Headers of ours that scripts of other origins may read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Basalt-Request-Id,Basalt-Token,ETag,Idempotency-Replayed,Retry-After");

/// What to send as the allowed origin; `None` without an origin, or for one that is not allowed.
pub(super) struct Allowed(Option<HeaderValue>);

impl Allowed {
    pub(super) fn of(headers: &HeaderMap, origins: &[String]) -> Self {
        let Some(origin) = headers.get(ORIGIN).filter(|origin| !origin.is_empty()) else { return Self(None) };
        if origins.iter().any(|allowed| allowed == "*") {
            return Self(Some(HeaderValue::from_static("*")));
        }
        let text = origin.to_str().unwrap_or_default();
        Self(origins.iter().any(|allowed| matches(allowed, text)).then(|| origin.clone()))
    }
}

/// Equal, or equal around the one `*` of a pattern such as `https://*.example.com`.
fn matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed.eq_ignore_ascii_case(origin),
        Some((start, end)) => origin
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .is_some_and(|middle| !middle.is_empty() && !middle.contains('/')),
    }
}

/// The answer to every OPTIONS.
pub(super) fn preflight(allowed: &Allowed, request: &HeaderMap) -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::NO_CONTENT);
    let Some(origin) = &allowed.0 else { return answer };
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Method"));
    headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    }
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    answer
}

/// The headers of every other answer to an allowed origin.
pub(super) fn stamp(headers: &mut HeaderMap, allowed: &Allowed) {
    if let Some(origin) = &allowed.0 {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let check = |allowed: &[&str], origin: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let found = Allowed::of(&headers, &allowed);
            assert_eq!(found.0.as_ref().and_then(|value| value.to_str().ok()), expected, "{allowed:?} {origin}");
        };
        check(&["*"], "https://a.example", Some("*"));
        check(&["*"], "", None);
        check(&["https://a.example"], "https://a.example", Some("https://a.example"));
        check(&["https://a.example"], "https://b.example", None);
        check(&["https://a.example"], "https://a.example.evil.example", None);
        check(&["https://*.a.example"], "https://x.a.example", Some("https://x.a.example"));
        check(&["https://*.a.example"], "https://evil.example/.a.example", None);
        check(&["https://*.a.example"], "https://.a.example", None);
        check(&[], "https://a.example", None);
    }
}
