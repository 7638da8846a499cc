//! `GET /api/errors`: what can go wrong and what to do about it, for programs and for their authors.

use serde_json::{Value as Json, json};

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;
use crate::api::error::{default_message, sentence, status};
use crate::error::codes::CODES;
use crate::error::{Kind, codes::Code};

/// Every kind of failure, with what a caller can do about it.
const KINDS: [(Kind, &str); 12] = [
    (Kind::Invalid, "Read the message and the codes in `data`, mend the request and send it again."),
    (Kind::Unauthenticated, "Sign in, and send the token in the header Authorization."),
    (Kind::Forbidden, "Sign in as somebody who may do this."),
    (Kind::NotFound, "Check the path; what the caller may not see is not found either."),
    (Kind::Conflict, "Send the request again in a moment."),
    (Kind::PreconditionFailed, "Read the record again, and repeat the change with its new tag."),
    (Kind::TooLarge, "Send less at once."),
    (Kind::Unprocessable, "Use a new key for another request."),
    (Kind::TooManyRequests, "Send the request again after the time in the header Retry-After."),
    (Kind::Internal, "Tell the operator the id in the header Basalt-Request-Id."),
    (Kind::Unavailable, "Send the request again after the time in the header Retry-After."),
    (Kind::Timeout, "Ask for less at once, or send the request again."),
];

pub(in crate::api) async fn list(call: Call) -> Answer {
    let codes: Vec<Json> = CODES.iter().map(code).collect();
    let statuses: Vec<Json> = KINDS.iter().map(kind).collect();
    answer::json(json!({ "statuses": statuses, "codes": codes }), call.fields())
}

/// A code stands in the `data` of an invalid request.
fn code(code: &Code) -> Json {
    let status = status(Kind::Invalid).as_u16();
    json!({ "code": code.code, "status": status, "meaning": code.meaning, "advice": code.advice })
}

fn kind((kind, advice): &(Kind, &str)) -> Json {
    json!({ "status": status(*kind).as_u16(), "meaning": sentence(default_message(*kind)), "advice": advice })
}
