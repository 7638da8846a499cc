//! Sign-in (contract 5), one file a flow.

pub(in crate::api) mod impersonate;
pub(in crate::api) mod methods;
pub(in crate::api) mod otp;
pub(in crate::api) mod password;
pub(in crate::api) mod refresh;

use serde_json::json;

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;
use crate::api::rest::form::Form;
use crate::auth::{SignIn, SignedIn};
use crate::error::Result;
use crate::query::Caller;
use crate::records::Shape;

/// The end of a sign-in, or 401 with nothing but the id that the second method must bring (contract 5.7).
async fn step(call: Call, sign_in: SignIn) -> Answer {
    match sign_in {
        SignIn::Done(done) => signed_in(call, done).await,
        SignIn::SecondFactor { mfa_id } => Ok(answer::second_factor(&mfa_id)),
    }
}

/// The id of a first step: from the body, or else from the query.
fn mfa_id(call: &Call, form: &Form) -> Result<String> {
    let id = form.text("mfaId")?;
    Ok(if id.is_empty() { call.request.query.get("mfaId").cloned().unwrap_or_default() } else { id })
}

/// `{record, token}`: the record as its owner sees it, `expand` and `fields` applied.
async fn signed_in(mut call: Call, signed_in: SignedIn) -> Answer {
    call.request.caller = Caller::Record(signed_in.record.clone());
    present(call, signed_in).await
}

/// `{record, token}`: the record as the caller sees it.
async fn present(call: Call, signed_in: SignedIn) -> Answer {
    // `fields` speaks of the whole answer (`token,record.id`), not of the record alone.
    let shape = Shape { fields: String::new(), ..call.shape() };
    let record = call.app().records.present(&signed_in.record, &call.request, &shape).await?;
    answer::json(json!({ "record": record, "token": signed_in.token }), call.fields())
}
