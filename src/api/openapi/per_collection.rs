//! The operations that each collection has of its own; `None` where the reader can never use one.

use serde_json::{Value as Json, json};

use super::operation::Operation;
use super::record::Subject;
use super::shared::{object, page};

const SHAPE: &[&str] = &["expand", "fields"];
const LIST: &[&str] = &["page", "perPage", "skipTotal", "sort", "filter", "expand", "fields"];

fn operation(subject: &Subject<'_>, id: &str, summary: &str) -> Operation {
    Operation {
        id: format!("{id}_{}", subject.name()),
        summary: format!("{summary} {}", subject.name()),
        tag: format!("records: {}", subject.name()),
        parameters: SHAPE,
        body: None,
        answer: None,
        errors: &[],
        superuser_only: false,
    }
}

pub(super) fn list(subject: &Subject<'_>) -> Option<Operation> {
    let answer = page(&subject.record());
    let operation = Operation { parameters: LIST, answer: Some(answer), ..operation(subject, "list", "List") };
    subject.audience.may(&subject.collection.rules.list).then_some(operation)
}

pub(super) fn view(subject: &Subject<'_>) -> Option<Operation> {
    let operation = Operation { answer: Some(subject.record()), ..operation(subject, "view", "View a record of") };
    subject.audience.may(&subject.collection.rules.view).then_some(operation)
}

pub(super) fn create(subject: &Subject<'_>) -> Option<Operation> {
    let operation = operation(subject, "create", "Create a record of");
    let operation = Operation { body: Some(subject.create()), answer: Some(subject.record()), ..operation };
    subject.can_create().then_some(operation)
}

pub(super) fn update(subject: &Subject<'_>) -> Option<Operation> {
    let operation = operation(subject, "update", "Change a record of");
    let operation = Operation { body: Some(subject.update()), answer: Some(subject.record()), ..operation };
    subject.can_update().then_some(operation)
}

pub(super) fn delete(subject: &Subject<'_>) -> Option<Operation> {
    let allowed = !subject.collection.is_view() && subject.audience.may(&subject.collection.rules.delete);
    let operation = Operation { parameters: &[], ..operation(subject, "delete", "Delete a record of") };
    allowed.then_some(operation)
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
    let text = || json!({ "type": "string", "minLength": 1 });
    let mut body = object(&[("identity", text()), ("password", text())]);
    body["properties"]["identityField"] = json!({ "enum": options.identity_fields });
    let operation = operation(subject, "authWithPassword", "Sign in with a password to");
    let operation = Operation { body: Some(body), answer: Some(signed_in(subject)), ..operation };
    let possible = options.password_enabled && options.auth_rule.is_some();
    (subject.audience.is_superuser() || possible).then_some(operation)
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
