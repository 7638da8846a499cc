//! The link of the first start, by which a browser creates the first superuser (contract 5.9).

use serde_json::json;

use super::task;
use crate::app::App;
use crate::crypto::alphanumeric;
use crate::error::{Error, Result};
use crate::records::{INSTALLER_EMAIL, Shape, Terms};
use crate::schema::SUPERUSERS;

/// How long the link works.
const VALID_S: i64 = 30 * 60;
const PASSWORD_LENGTH: usize = 30;

/// The path of the installer with its token. Nobody knows the password of the temporary superuser behind it.
pub(super) async fn path(app: &App) -> Result<String> {
    if app.records.installer().await?.is_none() {
        let password = alphanumeric(PASSWORD_LENGTH);
        let mut request = task::request(app)?;
        request.body = json!({ "email": INSTALLER_EMAIL, "password": password, "passwordConfirm": password })
            .as_object()
            .cloned()
            .unwrap_or_default();
        app.records.create(request, SUPERUSERS, &Shape::default(), &Terms::default()).await?;
    }
    let installer = app.records.installer().await?.ok_or_else(|| Error::internal("the installer is gone"))?;
    let signed_in = app.auth.impersonate(&installer.collection, installer.id(), VALID_S).await?;
    Ok(format!("/_/#/pbinstall/{}", signed_in.token))
}
