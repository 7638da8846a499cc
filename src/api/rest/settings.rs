//! `GET` and `PATCH /api/settings` (contract 8.1).

use crate::api::answer::{self, Answer};
use crate::api::body::Upload;
use crate::api::caller::Superuser;

pub(in crate::api) async fn view(Superuser(call): Superuser) -> Answer {
    answer::json(call.app().settings.to_json(), call.fields())
}

/// Merges the given keys into the settings and answers all of them.
pub(in crate::api) async fn update(Superuser(call): Superuser, upload: Upload) -> Answer {
    let patch = upload.values().await?;
    answer::json(call.app().settings.update(patch).await?, call.fields())
}
