//! `POST /api/batch`: several writes of records in one transaction (contract 2.9).

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::{Map, Value as Json, json};

use super::form::Form;
use crate::api::answer::{self, Answer};
use crate::api::body::{Body, Upload};
use crate::api::caller::Call;
use crate::api::{conditions, error, limit, params};
use crate::error::{Error, FieldError, FieldErrorNode, FieldErrors, Result};
use crate::records::{BatchAction, BatchEntry, BatchError, Outcome, Written, parse_bool};

const DEFAULT_LIMIT_BYTES: u64 = 128 << 20;
const MAX_URL_LENGTH: usize = 2000;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(in crate::api) async fn run(mut call: Call, upload: Upload) -> Answer {
    let settings = call.app().settings.load();
    let settings = &settings.batch;
    if !settings.enabled {
        return Err(Error::forbidden("batch requests are not allowed").into());
    }
    let limit = u64::try_from(settings.max_body_size).ok().filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT_BYTES);
    let body = upload.read(limit).await?;
    let with_headers = call.request.query.get("headers").and_then(|text| parse_bool(text)).unwrap_or_default();
    let once = conditions::once(&call, &body.values)?;
    let entries = parse(body, usize::try_from(settings.max_requests).unwrap_or_default())?;
    for (index, entry) in entries.iter().enumerate() {
        limit::check_entry(&call, entry).await.map_err(|error| failed(index, &error))?;
    }
    call.request.context = crate::query::Context::Batch;
    let timeout = Duration::from_secs(u64::try_from(settings.timeout).unwrap_or_default().max(1));
    match call.app().records.batch(&call.request, entries, timeout, once).await {
        Ok(written) => Ok(answer(&written, with_headers)),
        Err(BatchError::Entry { index, error }) => Err(failed(index, &error).into()),
        Err(BatchError::Whole(error)) => Err(error.into()),
    }
}

/// The answers of the entries in order, each as it would be alone; with their headers for who asked for them.
fn answer(written: &Written<Vec<Outcome>>, with_headers: bool) -> HttpResponse {
    let mut out = Vec::with_capacity(written.outcome.len() * 512);
    for (index, outcome) in written.outcome.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        write_outcome(outcome, with_headers, &mut out);
    }
    out.push(b']');
    let mut response = answer::raw(out.into());
    if written.replayed {
        answer::replayed(&mut response);
    }
    response
}

fn write_outcome(outcome: &Outcome, with_headers: bool, out: &mut Vec<u8>) {
    match outcome {
        Outcome::Deleted => out.extend_from_slice(b"{\"status\":204,\"body\":null}"),
        Outcome::Stored(presented) => {
            out.extend_from_slice(b"{\"status\":200,\"body\":");
            out.extend_from_slice(&presented.body);
            if with_headers {
                let headers = json!({ "ETag": presented.tag.quoted() });
                out.extend_from_slice(format!(",\"headers\":{headers}").as_bytes());
            }
            out.push(b'}');
        }
        Outcome::Gone => {
            let body = error::wire_body(&answer::gone());
            out.extend_from_slice(json!({ "status": body["status"], "body": body }).to_string().as_bytes());
        }
    }
}

/// All entries of the body, or what is wrong with them.
fn parse(body: Body, max_requests: usize) -> Result<Vec<BatchEntry>> {
    let requests = Form::new(body.values).list("requests")?;
    check_count(requests.len(), max_requests)?;
    let mut errors = FieldErrors::default();
    let mut drafts = Vec::with_capacity(requests.len());
    for (index, request) in requests.into_iter().enumerate() {
        let draft = Draft::read(request)?;
        errors.nest(index.to_string(), draft.check());
        drafts.push(draft);
    }
    if !errors.is_empty() {
        return Err(invalid(FieldErrorNode::Nested(errors)));
    }
    let entry = |(index, draft): (usize, Draft)| draft.entry().ok_or_else(|| failed(index, &Error::invalid("")));
    let entries = drafts.into_iter().enumerate().map(entry).collect::<Result<Vec<_>>>()?;
    refuse_files(&body.files)?;
    Ok(entries)
}

fn check_count(count: usize, max_requests: usize) -> Result<()> {
    let error = if count == 0 {
        FieldError::new("validation_required", "Cannot be blank.")
    } else if count > max_requests {
        let message = format!("Must have at most {max_requests} requests.");
        FieldError::new("validation_length_too_long", message).param("min", 0).param("max", max_requests)
    } else {
        return Ok(());
    };
    Err(invalid(FieldErrorNode::Leaf(error)))
}

/// Uploaded bytes have no place yet; a part such as `requests.2.photo` names its entry.
fn refuse_files(files: &[String]) -> Result<()> {
    let index = |name: &String| {
        let rest = name.strip_prefix("requests")?.trim_start_matches(['.', '[']);
        rest.split(['.', ']']).next()?.parse::<usize>().ok()
    };
    match files.iter().find_map(index) {
        None => Ok(()),
        Some(index) => {
            let message = "this version of the server does not take uploaded files yet";
            Err(failed(index, &Error::invalid(message)))
        }
    }
}

/// One entry as submitted.
struct Draft {
    method: String,
    url: String,
    headers: indexmap::IndexMap<String, String>,
    body: Map<String, Json>,
}

impl Draft {
    fn read(request: Json) -> Result<Self> {
        let Json::Object(request) = request else { return Err(unreadable()) };
        let mut form = Form::new(request);
        let (method, url) = (form.text("method")?, form.text("url")?);
        let mut headers = indexmap::IndexMap::new();
        for (name, value) in form.take_object("headers")? {
            let Json::String(value) = value else { return Err(unreadable()) };
            // Only the outer token counts, for every entry.
            if !name.eq_ignore_ascii_case("authorization") {
                headers.insert(name.to_ascii_lowercase().replace('-', "_"), value);
            }
        }
        Ok(Self { method, url, headers, body: form.take_object("body")? })
    }

    fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let required = || FieldError::new("validation_required", "Cannot be blank.");
        if self.method.is_empty() {
            errors.add("method", required());
        } else if !METHODS.contains(&self.method.as_str()) {
            errors.add("method", FieldError::new("validation_in_invalid", "Must be POST, PUT, PATCH or DELETE."));
        }
        if self.url.is_empty() {
            errors.add("url", required());
        } else if self.url.chars().count() > MAX_URL_LENGTH {
            let message = format!("Must have at most {MAX_URL_LENGTH} characters.");
            let error = FieldError::new("validation_length_too_long", message);
            errors.add("url", error.param("min", 0).param("max", MAX_URL_LENGTH));
        }
        errors
    }

    /// The write that method and URL ask for; `None` if they are not one that a batch may hold.
    fn entry(self) -> Option<BatchEntry> {
        let (path, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let mut segments = path.strip_prefix("/api/collections/")?.split('/');
        let (collection, records, id) = (segments.next()?, segments.next()?, segments.next());
        if collection.is_empty() || records != "records" || segments.next().is_some() || path.contains('#') {
            return None;
        }
        let action = match (self.method.as_str(), id) {
            ("POST", None) => BatchAction::Create,
            ("PUT", None) => BatchAction::Upsert,
            ("PATCH", Some(id)) if !id.is_empty() => BatchAction::Update(decode(id)),
            ("DELETE", Some(id)) if !id.is_empty() => BatchAction::Delete(decode(id)),
            _ => return None,
        };
        let (collection, query) = (decode(collection), params::parse(query));
        Some(BatchEntry { action, collection, query, headers: self.headers, body: self.body })
    }
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn unreadable() -> Error {
    Error::invalid("failed to read the submitted batch: each request is an object, its headers are texts")
}

fn invalid(requests: FieldErrorNode) -> Error {
    let fields = FieldErrors([("requests".to_owned(), requests)].into_iter().collect());
    Error::invalid("the batch request is invalid").with_fields(fields)
}

/// The whole batch failed because of one entry.
fn failed(index: usize, error: &Error) -> Error {
    let entry = FieldError::new("batch_request_failed", "Batch request failed.");
    error::failed_within("batch transaction failed", "requests", index.to_string(), entry, error)
}

#[cfg(test)]
mod tests;
