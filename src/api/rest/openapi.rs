//! `GET /api/openapi.json`: the contract document for the rights of the caller.

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;
use crate::api::openapi::Audience;

pub(in crate::api) async fn document(call: Call) -> Answer {
    let schema = call.app().registry.load();
    Ok(answer::raw(call.server.documents.get(&schema, Audience::of(&call.request.caller))))
}
