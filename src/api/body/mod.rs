//! Request bodies: JSON, multipart and urlencoded forms, all turned into one map of values (contract 1.5).
//!
//! [`Upload`] is the extractor; [`Upload::read`] reads it within a limit of bytes and of time.
//! *Invariant:* no body, however wrong, leads to anything but a 4xx; nothing is held beyond the limit.

mod form;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod json;
mod multipart;

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Map, Value as Json};

use super::caller::text_header;
use super::error::ApiError;
use super::server::Server;
use crate::error::{Error, FieldError, FieldErrors, Kind, Result};
use crate::schema::{Collection, FieldKind};

/// The body of a request, not read yet.
pub(super) struct Upload {
    headers: Headers,
    payload: Payload,
    query: String,
    default_limit_bytes: u64,
    timeout: Duration,
}

/// A body that was read.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) values: Map<String, Json>,
    /// The names of the parts that carry files. Their bytes are not kept yet.
    pub(super) files: Vec<String>,
}

/// The two headers that decide how a body is read.
struct Headers {
    kind: BodyKind,
    length: Option<u64>,
    /// Only `Content-Type`, for the boundary of a multipart body.
    content_type: HeaderMap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyKind {
    Json,
    Form,
    Multipart,
    Unsupported,
}

impl FromRequest for Upload {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(server) = http.app_data::<web::Data<Server>>() else {
            return ready(Err(Error::internal("no app data").into()));
        };
        let headers = Headers::of(http.headers());
        // Forms take the parameters of the URL as values too; JSON does not.
        let query = match headers.kind {
            BodyKind::Form | BodyKind::Multipart => http.query_string().to_owned(),
            BodyKind::Json | BodyKind::Unsupported => String::new(),
        };
        let (default_limit_bytes, timeout) = (server.options.body_limit_bytes, server.options.body_timeout);
        ready(Ok(Self { headers, payload: payload.take(), query, default_limit_bytes, timeout }))
    }
}

impl Upload {
    /// The values of a body of at most the default size.
    pub(super) async fn values(self) -> Result<Map<String, Json>> {
        let limit = self.default_limit_bytes;
        Ok(self.read(limit).await?.values)
    }

    /// The values for a record of this collection, whose limit grows with its fields (contract 1.6).
    pub(super) async fn record(self, collection: &Collection) -> Result<Map<String, Json>> {
        let limit = self.default_limit_bytes.saturating_add(field_bytes(collection));
        let body = self.read(limit).await?;
        refuse_files(&body.files, collection)?;
        Ok(body.values)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// `TooLarge` past the limit, `Timeout` when the client is too slow, else `Invalid`.
    pub(super) async fn read(self, limit_bytes: u64) -> Result<Body> {
        if self.headers.length.is_some_and(|length| length > limit_bytes) {
            return Err(too_large(limit_bytes));
        }
        let Self { headers, payload, query, timeout, .. } = self;
        let reading = async {
            match headers.kind {
                BodyKind::Multipart => {
                    multipart::read(&headers.content_type, limited(payload, limit_bytes), &query).await
                }
                kind => parse(kind, &collect(payload, limit_bytes).await?, &query),
            }
        };
        match tokio::time::timeout(timeout, reading).await {
            Ok(body) => body,
            Err(_) => Err(Error::new(Kind::Timeout, "the request body did not arrive in time")),
        }
    }
}

fn parse(kind: BodyKind, bytes: &[u8], query: &str) -> Result<Body> {
    let values = match kind {
        BodyKind::Form => form::parse(bytes, query)?,
        _ if bytes.is_empty() => Map::new(),
        BodyKind::Json => json::parse_object(bytes)?,
        BodyKind::Multipart | BodyKind::Unsupported => return Err(Error::invalid(UNSUPPORTED)),
    };
    Ok(Body { values, files: Vec::new() })
}

const UNSUPPORTED: &str =
    "unsupported Content-Type: send application/json, multipart/form-data or application/x-www-form-urlencoded";

impl Headers {
    fn of(headers: &HeaderMap) -> Self {
        let kind = BodyKind::of(text_header(headers, CONTENT_TYPE).unwrap_or_default());
        let length = text_header(headers, CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let mut content_type = HeaderMap::new();
        if let (BodyKind::Multipart, Some(value)) = (kind, headers.get(CONTENT_TYPE)) {
            content_type.insert(CONTENT_TYPE, value.clone());
        }
        Self { kind, length, content_type }
    }
}

impl BodyKind {
    fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| media_type.eq_ignore_ascii_case(name);
        if is("application/json") {
            Self::Json
        } else if is("multipart/form-data") {
            Self::Multipart
        } else if is("application/x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Unsupported
        }
    }
}

/// All bytes; a body that comes in one piece, as most do, is not copied.
async fn collect(mut payload: Payload, limit_bytes: u64) -> Result<Bytes> {
    let Some(first) = next(&mut payload, 0, limit_bytes).await? else { return Ok(Bytes::new()) };
    let Some(second) = next(&mut payload, first.len(), limit_bytes).await? else { return Ok(first) };
    let mut all = BytesMut::with_capacity(2 * (first.len() + second.len()));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    while let Some(chunk) = next(&mut payload, all.len(), limit_bytes).await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

async fn next(payload: &mut Payload, seen: usize, limit_bytes: u64) -> Result<Option<Bytes>> {
    match payload.next().await {
        None => Ok(None),
        Some(Ok(chunk)) if (seen + chunk.len()) as u64 > limit_bytes => Err(too_large(limit_bytes)),
        Some(Ok(chunk)) => Ok(Some(chunk)),
        Some(Err(failure)) => Err(broken(failure)),
    }
}

/// The chunks up to the limit, then one overflow error. Fused, as the parser polls past the end.
fn limited(payload: Payload, limit_bytes: u64) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::unfold((payload, limit_bytes), |(mut payload, left)| async move {
        let chunk = payload.next().await?;
        Some(match chunk {
            Ok(chunk) if chunk.len() as u64 > left => (Err(PayloadError::Overflow), (Payload::None, 0)),
            Ok(chunk) => {
                let left = left - chunk.len() as u64;
                (Ok(chunk), (payload, left))
            }
            Err(failure) => (Err(failure), (Payload::None, 0)),
        })
    })
    .fuse()
}

fn too_large(limit_bytes: u64) -> Error {
    Error::new(Kind::TooLarge, format!("the request body is larger than {limit_bytes} bytes"))
}

fn broken(failure: PayloadError) -> Error {
    Error::invalid("the request body could not be read to its end").with_cause(failure)
}

/// What the fields of a collection may need beside the default limit.
fn field_bytes(collection: &Collection) -> u64 {
    let bytes = |kind: &FieldKind| match kind {
        FieldKind::File(file) => file.max_bytes(),
        FieldKind::Editor(editor) => editor.max_bytes(),
        FieldKind::Json(json) => json.max_bytes(),
        _ => 0,
    };
    collection.fields.iter().map(|field| bytes(&field.kind)).fold(0, u64::saturating_add)
}

/// File fields keep and drop stored names, but take no new bytes yet. Parts of other names are ignored,
/// as every unknown key is.
fn refuse_files(files: &[String], collection: &Collection) -> Result<()> {
    let mut errors = FieldErrors::default();
    for name in files {
        let name = name.trim_matches(['+', '-']);
        let is_file = |(_, field): (usize, &crate::schema::Field)| matches!(field.kind, FieldKind::File(_));
        if collection.field(name).is_some_and(is_file) {
            let message = "This version of the server does not take uploaded files yet.";
            errors.add(name, FieldError::new("validation_invalid_file", message));
        }
    }
    errors.into_result("the request carries files that can't be stored")
}

#[cfg(test)]
mod tests;
