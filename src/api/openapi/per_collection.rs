//! The operations that each collection has of its own; `None` where the reader can never use one.

use serde_json::{Value as Json, json};

use super::operation::Operation;
use super::record::Subject;
use super::shared::{object, page};

const SHAPE: &[&str] = &["expand", "fields"];
const LIST: &[&str] =
    &["page", "perPage", "skipTotal", "sort", "filter", "cursor", "expand", "fields", "If-None-Match"];
const VIEW: &[&str] = &["expand", "fields", "If-None-Match"];
const CREATE: &[&str] = &["expand", "fields", "Idempotency-Key"];
const UPDATE: &[&str] = &["expand", "fields", "If-Match", "Idempotency-Key"];
const DELETE: &[&str] = &["If-Match", "Idempotency-Key"];
const BULK: &[&str] = &["bulkFilter", "limit", "dryRun", "Idempotency-Key"];
const AGGREGATE: &[&str] = &["group", "select", "filter", "having", "sort", "page", "perPage", "skipTotal"];

fn operation(subject: &Subject<'_>, id: &str, summary: &str) -> Operation {
    Operation {
        id: format!("{id}_{}", subject.name()),
        summary: format!("{summary} {}", subject.name()),
        tag: format!("records: {}", subject.name()),
        parameters: SHAPE,
        ..Operation::default()
    }
}

fn one_record(subject: &Subject<'_>, id: &str, summary: &str, parameters: &'static [&'static str]) -> Operation {
    Operation { answer: Some(subject.record()), has_tag: true, parameters, ..operation(subject, id, summary) }
}

pub(super) fn list(subject: &Subject<'_>) -> Option<Operation> {
    let mut answer = page(&subject.record());
    answer["properties"]["nextCursor"] = json!({ "type": "string", "description": "Where a cursor was given." });
    let operation =
        Operation { parameters: LIST, answer: Some(answer), has_tag: true, ..operation(subject, "list", "List") };
    subject.audience.may(&subject.collection.rules.list).then_some(operation)
}

pub(super) fn view(subject: &Subject<'_>) -> Option<Operation> {
    let operation = one_record(subject, "view", "View a record of", VIEW);
    subject.audience.may(&subject.collection.rules.view).then_some(operation)
}

pub(super) fn create(subject: &Subject<'_>) -> Option<Operation> {
    let operation = one_record(subject, "create", "Create a record of", CREATE);
    let operation = Operation { body: Some(subject.create()), ..operation };
    subject.can_create().then_some(operation)
}

pub(super) fn update(subject: &Subject<'_>) -> Option<Operation> {
    let operation = one_record(subject, "update", "Change a record of", UPDATE);
    let operation = Operation { body: Some(subject.update()), ..operation };
    subject.can_update().then_some(operation)
}

pub(super) fn delete(subject: &Subject<'_>) -> Option<Operation> {
    let allowed = !subject.collection.is_view() && subject.audience.may(&subject.collection.rules.delete);
    let operation = Operation { parameters: DELETE, ..operation(subject, "delete", "Delete a record of") };
    allowed.then_some(operation)
}

pub(super) fn bulk_update(subject: &Subject<'_>) -> Option<Operation> {
    let operation = bulk(subject, "bulkUpdate", "Change all records that a filter finds in", "updated");
    let operation = Operation { body: Some(subject.update()), ..operation };
    (subject.can_update() && subject.audience.may(&subject.collection.rules.list)).then_some(operation)
}

pub(super) fn bulk_delete(subject: &Subject<'_>) -> Option<Operation> {
    let rules = &subject.collection.rules;
    let allowed =
        !subject.collection.is_view() && [&rules.list, &rules.delete].iter().all(|rule| subject.audience.may(rule));
    allowed.then(|| bulk(subject, "bulkDelete", "Delete all records that a filter finds in", "deleted"))
}

fn bulk(subject: &Subject<'_>, id: &str, summary: &str, done: &str) -> Operation {
    let mut answer = object(&[("matched", json!({ "type": "integer" }))]);
    answer["properties"][done] = json!({ "type": "integer", "description": "Missing after a dry run." });
    Operation { parameters: BULK, answer: Some(answer), ..operation(subject, id, summary) }
}

pub(super) fn aggregate(subject: &Subject<'_>) -> Option<Operation> {
    let group = json!({ "type": "object", "description": "The keys of the group, then its functions." });
    let operation = operation(subject, "aggregate", "Counts, sums and the like of records of");
    let operation = Operation { parameters: AGGREGATE, answer: Some(page(&group)), ..operation };
    subject.audience.may(&subject.collection.rules.list).then_some(operation)
}

pub(super) fn auth_methods(subject: &Subject<'_>) -> Option<Operation> {
    let answer = object(&[
        ("password", json!({ "type": "object" })),
        ("oauth2", json!({ "type": "object" })),
        ("mfa", json!({ "type": "object" })),
        ("otp", json!({ "type": "object" })),
    ]);
    let operation = operation(subject, "authMethods", "How to sign in to");
    let operation = Operation { parameters: &["fields"], answer: Some(answer), ..operation };
    subject.collection.auth().map(|_| operation)
}

pub(super) fn auth_with_password(subject: &Subject<'_>) -> Option<Operation> {
    let options = subject.collection.auth()?;
    let mut body = object(&[("identity", not_empty()), ("password", not_empty())]);
    body["properties"]["identityField"] = json!({ "enum": options.identity_fields });
    let operation = sign_in(subject, "authWithPassword", "Sign in with a password to", body);
    (subject.audience.is_superuser() || options.password_enabled).then_some(operation?)
}

pub(super) fn auth_with_otp(subject: &Subject<'_>) -> Option<Operation> {
    let body = object(&[("otpId", not_empty()), ("password", not_empty())]);
    let operation = sign_in(subject, "authWithOTP", "Sign in with a one-time password to", body)?;
    (subject.audience.is_superuser() || subject.collection.auth()?.otp().enabled).then_some(operation)
}

/// A way to sign in, if anybody may.
fn sign_in(subject: &Subject<'_>, id: &str, summary: &str, mut body: Json) -> Option<Operation> {
    let options = subject.collection.auth()?;
    let second_factor = options.mfa().enabled;
    if second_factor {
        body["properties"]["mfaId"] = json!({ "type": "string", "description": "Of the answer to the first method." });
    }
    let operation = operation(subject, id, summary);
    let operation = Operation { body: Some(body), answer: Some(signed_in(subject)), second_factor, ..operation };
    subject.audience.may(&options.auth_rule).then_some(operation)
}

fn not_empty() -> Json {
    json!({ "type": "string", "minLength": 1 })
}

pub(super) fn auth_refresh(subject: &Subject<'_>) -> Option<Operation> {
    let options = subject.collection.auth()?;
    let operation = operation(subject, "authRefresh", "A new token for a caller of");
    let operation = Operation { answer: Some(signed_in(subject)), errors: &[401], ..operation };
    subject.audience.may(&options.auth_rule).then_some(operation)
}

pub(super) fn impersonate(subject: &Subject<'_>) -> Option<Operation> {
    subject.collection.auth()?;
    let duration = json!({ "type": "integer", "minimum": 0, "description": "Seconds; 0 for the usual duration." });
    let operation = operation(subject, "impersonate", "A token of a record of");
    Some(Operation {
        body: Some(json!({ "type": "object", "properties": { "duration": duration } })),
        answer: Some(signed_in(subject)),
        superuser_only: true,
        ..operation
    })
}

fn signed_in(subject: &Subject<'_>) -> Json {
    object(&[("token", json!({ "type": "string" })), ("record", subject.record())])
}
