//! `POST …/auth-refresh` (contract 5.3).

use actix_web::web::Path;

use crate::api::answer::Answer;
use crate::api::caller::Call;
use crate::error::{Error, Kind};

/// A guest is told so before anything about a collection, save that there is none.
pub(in crate::api) async fn refresh(call: Call, collection: Path<String>) -> Answer {
    let collection = call.collection(&collection)?;
    if call.request.caller.record().is_none() {
        return Err(Error::new(Kind::Unauthenticated, "the request requires a valid authorization token").into());
    }
    let signed_in = call.app().auth.refresh(&collection, call.authorization(), &call.request).await?;
    super::signed_in(call, signed_in).await
}
