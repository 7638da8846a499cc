//! `POST …/auth-with-otp` (contract 5.6).

use actix_web::web::Path;

use crate::api::answer::Answer;
use crate::api::body::Upload;
use crate::api::caller::Call;
use crate::api::rest::form::Form;
use crate::auth::OtpForm;

pub(in crate::api) async fn sign_in(call: Call, collection: Path<String>, upload: Upload) -> Answer {
    let collection = call.auth_collection(&collection)?;
    call.check_superuser_address(&collection.id)?;
    let values = upload.values().await?;
    let form = Form::new(values.clone());
    let mfa_id = super::mfa_id(&call, &form)?;
    let form = OtpForm { otp_id: form.text("otpId")?, password: form.text("password")? };
    let call = call.with_body(values);
    let sign_in = call.app().auth.with_otp(&collection, form, &mfa_id, &call.request).await?;
    super::step(call, sign_in).await
}
