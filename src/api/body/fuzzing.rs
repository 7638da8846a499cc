//! What the fuzzer sends as bodies.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use bytes::Bytes;
use futures_util::stream;

use super::{json, multipart as parts};

/// A JSON body; what is accepted reads back as itself.
pub fn json(bytes: &[u8]) {
    let Ok(values) = json::parse_object(bytes) else { return };
    let written = serde_json::to_vec(&values).expect("a value that was read can be written");
    let again = json::parse_object(&written).expect("what was written can be read");
    assert_eq!(values, again);
}

/// A multipart body behind a first line with its content type. It arrives in pieces of a length that it tells itself.
pub fn multipart(bytes: &[u8]) {
    let line_end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = bytes.split_at(line_end);
    let Ok(content_type) = HeaderValue::from_bytes(line) else { return };
    let body = body.get(1..).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, content_type);
    let length = usize::from(body.last().copied().unwrap_or_default()).max(1);
    let pieces: Vec<_> = body.chunks(length).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    // Whether it is one does not matter here.
    let _ = runtime.block_on(parts::read(&headers, stream::iter(pieces), "a=1"));
}
