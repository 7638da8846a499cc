//! `POST …/impersonate/{id}`, for superusers (contract 5.3).

use actix_web::web::Path;

use crate::api::answer::Answer;
use crate::api::body::Upload;
use crate::api::caller::Superuser;
use crate::api::rest::form::Form;

/// A token of the record that can't be refreshed; 0 s means the collection's own duration.
pub(in crate::api) async fn impersonate(
    Superuser(call): Superuser,
    path: Path<(String, String)>,
    upload: Upload,
) -> Answer {
    let (collection, id) = path.as_ref();
    let collection = call.auth_collection(collection)?;
    let duration_s = Form::new(upload.values().await?).integer("duration")?;
    let signed_in = call.app().auth.impersonate(&collection, id, duration_s).await?;
    super::present(call, signed_in).await
}
