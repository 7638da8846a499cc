//! The headers of every answer (contract 1.6).

use actix_web::http::header::{CROSS_ORIGIN_OPENER_POLICY, X_XSS_PROTECTION};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};

const FIXED: [(HeaderName, HeaderValue); 5] = [
    (X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (VARY, HeaderValue::from_static("Origin")),
];

pub(super) fn stamp(headers: &mut HeaderMap) {
    for (name, value) in FIXED {
        if name == VARY {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
}
