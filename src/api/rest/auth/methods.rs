//! `GET …/auth-methods` (contract 5.2).

use actix_web::web::Path;

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;

pub(in crate::api) async fn list(call: Call, collection: Path<String>) -> Answer {
    let collection = call.auth_collection(&collection)?;
    answer::json(call.app().auth.methods(&collection), call.fields())
}
