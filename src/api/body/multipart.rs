//! Multipart bodies: plain parts, `@jsonPayload` parts and files (contract 1.5).

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::Map;

use super::{Body, form, json};
use crate::error::{Error, Kind, Result};

/// Reads all parts. `content_type` holds the header with the boundary.
pub(super) async fn read(
    content_type: &HeaderMap,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    query: &str,
) -> Result<Body> {
    let mut parts = Multipart::new(content_type, payload);
    let mut body = Body { values: Map::new(), files: Vec::new() };
    let mut json_values = Map::new();
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(malformed)?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.content_disposition().and_then(|disposition| disposition.get_filename());
        if file_name.is_some_and(|file_name| !file_name.is_empty()) {
            skip(&mut part).await?;
            body.files.push(name);
            continue;
        }
        let bytes = content(&mut part).await?;
        if name == form::JSON_PAYLOAD {
            json_values.extend(json::parse_object(&bytes)?);
        } else {
            form::add(&mut body.values, name, form::infer(&String::from_utf8_lossy(&bytes)));
        }
    }
    for (name, value) in form::parse(b"", query)? {
        form::add(&mut body.values, name, value);
    }
    body.values.extend(json_values);
    Ok(body)
}

async fn content(part: &mut Field) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        bytes.extend_from_slice(&chunk.map_err(malformed)?);
    }
    Ok(bytes)
}

async fn skip(part: &mut Field) -> Result<()> {
    while let Some(chunk) = part.next().await {
        chunk.map_err(malformed)?;
    }
    Ok(())
}

fn malformed(failure: MultipartError) -> Error {
    match failure {
        MultipartError::Payload(PayloadError::Overflow) => Error::new(Kind::TooLarge, ""),
        failure => Error::invalid("the multipart body is malformed").with_cause(failure.to_string()),
    }
}
