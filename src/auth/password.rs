//! Sign-in with an identity and a password (contract 5.3).

use std::sync::Arc;

use super::{Auth, SignIn, error};
use crate::error::{FieldError, Result};
use crate::query::{Context, Request};
use crate::schema::{AuthOptions, Collection, Record};

/// The body of `auth-with-password`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PasswordForm {
    pub identity: String,
    pub password: String,
    pub identity_field: String,
}

/// Longer than any password that can be set; hashing stays cheap.
const MAX_PASSWORD_BYTES: usize = 255;
const MAX_IDENTITY_BYTES: usize = 255;

impl Auth {
    /// Signs in with an identity and a password. An outdated hash is replaced on the way.
    ///
    /// # Errors
    /// `Forbidden` when the method is off or the auth rule is not met, `Invalid` for missing parameters
    /// and, without saying which, for a wrong identity or password.
    pub async fn with_password(
        &self,
        collection: &Arc<Collection>,
        form: PasswordForm,
        mfa_id: &str,
        request: &Request,
    ) -> Result<SignIn> {
        let options = collection.auth().ok_or_else(error::failed)?;
        if !options.password_enabled {
            return Err(error::password_off());
        }
        check(&form, options)?;
        let record = self.find_by_identity(collection, options, &form).await?;
        let hash = record.as_ref().map(|record| record.text("password").to_owned()).unwrap_or_default();
        let fits = self.hasher.verify(form.password.clone(), hash.clone()).await?;
        let record = record.filter(|_| fits).ok_or_else(error::failed)?;
        self.check_auth_rule(&record, options, request, Context::Password).await?;
        let record = match self.hasher.outdated(&hash) {
            true => self.upgrade_hash(record, form.password).await?,
            false => record,
        };
        self.after_first_factor(record, options, Context::Password, mfa_id, request).await
    }

    /// By the named field; else e-mail-like identities by e-mail first, then the other identity fields.
    async fn find_by_identity(
        &self,
        collection: &Arc<Collection>,
        options: &AuthOptions,
        form: &PasswordForm,
    ) -> Result<Option<Record>> {
        let names: Vec<&str> = if form.identity_field.is_empty() {
            let mut names: Vec<&str> = options.identity_fields.iter().map(String::as_str).collect();
            if form.identity.contains('@') {
                names.sort_by_key(|name| *name != "email");
            }
            names
        } else {
            vec![&form.identity_field]
        };
        for name in names {
            if let Some(record) = self.records.find_by(&self.store.reader(), collection, name, &form.identity).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// A failed upgrade does not fail the sign-in: the old hash is still good.
    async fn upgrade_hash(&self, record: Record, password: String) -> Result<Record> {
        let hash = self.hasher.hash(password).await?;
        match self.records.replace_password_hash(&record, hash).await {
            Ok(upgraded) => Ok(upgraded),
            Err(failure) => {
                tracing::warn!(collection = record.collection.name, cause = ?failure, "could not upgrade a password hash");
                Ok(record)
            }
        }
    }
}

fn check(form: &PasswordForm, options: &AuthOptions) -> Result<()> {
    let mut failures = error::lengths([
        ("identity", form.identity.as_str(), MAX_IDENTITY_BYTES),
        ("password", form.password.as_str(), MAX_PASSWORD_BYTES),
    ]);
    if !form.identity_field.is_empty() && !options.identity_fields.contains(&form.identity_field) {
        failures
            .push(("identityField", FieldError::new("validation_in_invalid", "Must be one of the identity fields.")));
    }
    error::checked(failures)
}
