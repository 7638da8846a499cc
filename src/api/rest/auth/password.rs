//! `POST …/auth-with-password` (contract 5.3).

use actix_web::web::Path;

use crate::api::answer::Answer;
use crate::api::body::Upload;
use crate::api::caller::Call;
use crate::api::rest::form::Form;
use crate::auth::PasswordForm;

pub(in crate::api) async fn sign_in(call: Call, collection: Path<String>, upload: Upload) -> Answer {
    let collection = call.auth_collection(&collection)?;
    call.check_superuser_address(&collection.id)?;
    let values = upload.values().await?;
    let form = Form::new(values.clone());
    let mfa_id = super::mfa_id(&call, &form)?;
    let form = PasswordForm {
        identity: form.text("identity")?,
        password: form.text("password")?,
        identity_field: form.text("identityField")?,
    };
    let call = call.with_body(values);
    let sign_in = call.app().auth.with_password(&collection, form, &mfa_id, &call.request).await?;
    super::step(call, sign_in).await
}
