//! The operations that do not depend on a collection.

use serde_json::{Value as Json, json};

use super::operation::Operation;
use super::shared::{object, reference};

/// Their tags.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("server", "The state and the description of this server."),
    ("batch", "Several writes as one."),
    ("collections", "The schema, for superusers."),
    ("jobs", "Work in the background, for superusers."),
    ("settings", "What may change while the server runs, for superusers."),
];

const FIELDS: &[&str] = &["fields"];
const LIST: &[&str] = &["page", "perPage", "skipTotal", "sort", "filter", "fields"];

fn operation(id: &str, tag: &str, summary: &str) -> Operation {
    Operation { id: id.into(), summary: summary.into(), tag: tag.into(), parameters: FIELDS, ..Operation::default() }
}

fn for_superusers(id: &str, tag: &str, summary: &str) -> Operation {
    Operation { superuser_only: true, ..operation(id, tag, summary) }
}

fn collection() -> Json {
    reference("schemas", "Collection")
}

fn state() -> Json {
    object(&[
        ("message", json!({ "type": "string" })),
        ("code", json!({ "type": "integer" })),
        ("data", json!({ "type": "object" })),
    ])
}

pub(super) fn health() -> Operation {
    Operation { answer: Some(state()), ..operation("health", "server", "Whether the server answers") }
}

pub(super) fn ready() -> Operation {
    let summary = "Whether the server would serve a write now";
    Operation { answer: Some(state()), parameters: &[], ..operation("ready", "server", summary) }
}

pub(super) fn openapi() -> Operation {
    let answer = json!({ "type": "object", "required": ["openapi", "info", "paths"] });
    let summary = "This document, for the rights of the caller";
    Operation { answer: Some(answer), parameters: &[], ..operation("openapi", "server", summary) }
}

pub(super) fn errors() -> Operation {
    let (text, status) = (|| json!({ "type": "string" }), || json!({ "type": "integer" }));
    let statuses = object(&[("status", status()), ("meaning", text()), ("advice", text())]);
    let codes = object(&[("code", text()), ("status", status()), ("meaning", text()), ("advice", text())]);
    let list = |items: Json| json!({ "type": "array", "items": items });
    let answer = object(&[("statuses", list(statuses)), ("codes", list(codes))]);
    Operation { answer: Some(answer), ..operation("errors", "server", "Every status and code of errors") }
}

pub(super) fn batch() -> Operation {
    let entry = json!({
        "type": "object",
        "required": ["method", "url"],
        "properties": {
            "method": { "enum": ["POST", "PUT", "PATCH", "DELETE"] },
            "url": { "type": "string", "maxLength": 2000, "examples": ["/api/collections/posts/records"] },
            "headers": { "type": "object", "additionalProperties": { "type": "string" } },
            "body": { "type": "object" },
        },
    });
    let mut outcome =
        object(&[("status", json!({ "type": "integer" })), ("body", json!({ "type": ["object", "null"] }))]);
    outcome["properties"]["headers"] = json!({ "type": "object", "description": "Where the entry had headers." });
    Operation {
        body: Some(object(&[("requests", json!({ "type": "array", "minItems": 1, "items": entry }))])),
        answer: Some(json!({ "type": "array", "items": outcome })),
        parameters: &["Idempotency-Key"],
        ..operation("batch", "batch", "Creates, updates and deletes records, all or none")
    }
}

pub(super) fn list_collections() -> Operation {
    let page = super::shared::page(&collection());
    let operation = for_superusers("listCollections", "collections", "List collections");
    Operation { answer: Some(page), parameters: LIST, ..operation }
}

pub(super) fn create_collection() -> Operation {
    let operation = for_superusers("createCollection", "collections", "Create a collection");
    Operation { body: Some(new_collection()), answer: Some(collection()), ..operation }
}

fn new_collection() -> Json {
    let mut body = reference("schemas", "CollectionInput");
    body["required"] = json!(["name"]);
    body
}

pub(super) fn view_collection() -> Operation {
    let operation = for_superusers("viewCollection", "collections", "View a collection");
    Operation { answer: Some(collection()), ..operation }
}

pub(super) fn update_collection() -> Operation {
    let operation = for_superusers("updateCollection", "collections", "Change a collection");
    Operation { body: Some(reference("schemas", "CollectionInput")), answer: Some(collection()), ..operation }
}

pub(super) fn delete_collection() -> Operation {
    let summary = "Delete a collection with its records";
    Operation { parameters: &[], ..for_superusers("deleteCollection", "collections", summary) }
}

pub(super) fn truncate() -> Operation {
    let summary = "Delete all records of a collection";
    Operation { parameters: &[], ..for_superusers("truncateCollection", "collections", summary) }
}

pub(super) fn import_collections() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["collections"],
        "properties": {
            "collections": { "type": "array", "minItems": 1, "items": new_collection() },
            "deleteMissing": { "type": "boolean", "default": false },
        },
    });
    let summary = "Create and change collections, all or none";
    Operation { body: Some(body), parameters: &[], ..for_superusers("importCollections", "collections", summary) }
}

pub(super) fn scaffolds() -> Operation {
    let model = json!({ "type": "object" });
    let answer = object(&[("base", model.clone()), ("auth", model.clone()), ("view", model)]);
    let summary = "Empty models with every default";
    Operation { answer: Some(answer), ..for_superusers("collectionScaffolds", "collections", summary) }
}

pub(super) fn dry_run_view() -> Operation {
    let fields = json!({ "type": "array", "items": reference("schemas", "Field") });
    let sample = json!({ "type": "array", "items": { "type": "object" } });
    Operation {
        body: Some(object(&[("query", json!({ "type": "string", "minLength": 1 }))])),
        answer: Some(object(&[("fields", fields), ("sample", sample)])),
        ..for_superusers("dryRunView", "collections", "The fields and some rows of a view that is not saved")
    }
}

pub(super) fn view_settings() -> Operation {
    let operation = for_superusers("viewSettings", "settings", "View the settings");
    Operation { answer: Some(reference("schemas", "Settings")), ..operation }
}

pub(super) fn update_settings() -> Operation {
    let settings = reference("schemas", "Settings");
    let operation = for_superusers("updateSettings", "settings", "Change settings; what is left out stays");
    Operation { body: Some(settings.clone()), answer: Some(settings), ..operation }
}

pub(super) fn list_crons() -> Operation {
    let text = || json!({ "type": "string" });
    let cron = object(&[("id", text()), ("expression", text())]);
    let operation = for_superusers("listCrons", "jobs", "List what runs at set times");
    Operation { answer: Some(json!({ "type": "array", "items": cron })), ..operation }
}

pub(super) fn run_cron() -> Operation {
    let summary = "Start what would run at a set time now, in the background";
    Operation { parameters: &[], ..for_superusers("runCron", "jobs", summary) }
}

pub(super) fn list_jobs() -> Operation {
    let job = reference("schemas", "Job");
    let operation = for_superusers("listJobs", "jobs", "List what waits, runs and failed for good");
    let parameters = &["page", "perPage", "state", "fields"];
    Operation { answer: Some(super::shared::page(&job)), parameters, ..operation }
}

pub(super) fn retry_job() -> Operation {
    let summary = "Give a job that failed for good its attempts again";
    Operation { parameters: &[], ..for_superusers("retryJob", "jobs", summary) }
}
