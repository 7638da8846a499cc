//! What is special about auth records when they are written (contract 2.6, 2.7), and hashing.

use serde_json::{Map, Value as Json};

use super::access;
use super::session::Session;
use crate::crypto;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::Request;
use crate::schema::{FieldKind, Record, SUPERUSERS_ID};
use crate::store::Value;

const TOKEN_KEY_LENGTH: usize = 50;

impl Session<'_> {
    /// Whether the caller manages this auth record: a superuser, or one whom the manage rule names.
    pub(super) async fn manages(&self, record: &Record, stored: bool, request: &Request) -> Result<bool> {
        if request.caller.is_superuser() {
            return Ok(true);
        }
        let Some(rule) = record.collection.auth().and_then(|options| options.manage_rule.as_ref()) else {
            return Ok(false);
        };
        let Some(filter) = access::parse(rule)? else { return Ok(true) };
        match stored {
            true => access::holds(&self.schema, &self.lane.reader(), record, &filter, request).await,
            false => access::holds_unstored(&self.schema, &self.lane.reader(), record, &filter, request).await,
        }
    }
}

/// The rules of the sign-up and profile forms, looked at before the fields themselves. A password that is not
/// sent with an update stays; one that is sent must not be empty.
pub(super) async fn check_auth(
    record: &mut Record,
    before: Option<&Record>,
    request: &Request,
    manages: bool,
    session: &Session<'_>,
) -> Result<FieldErrors> {
    let mut errors = FieldErrors::default();
    let (password, confirm) = (sent(&request.body, "password"), sent(&request.body, "passwordConfirm"));
    match before {
        None => {
            check_new_password(&password, &confirm, &mut errors);
            if !manages && truthy(record, "verified") {
                errors.add("verified", mismatch());
            }
        }
        Some(before) => {
            if password.is_empty() {
                restore(record, before, "password");
            }
            check_password_change(before, &password, &confirm, request, manages, session, &mut errors).await?;
            for field in ["email", "verified"] {
                if !manages && record.get(field) != before.get(field) {
                    errors.add(field, mismatch());
                }
            }
        }
    }
    Ok(errors)
}

/// A new password must be there, and be sent twice alike.
fn check_new_password(password: &str, confirm: &str, errors: &mut FieldErrors) {
    if password.is_empty() {
        errors.add("password", required());
    }
    if confirm.is_empty() {
        errors.add("passwordConfirm", required());
    } else if confirm != password {
        errors.add("passwordConfirm", mismatch());
    }
}

async fn check_password_change(
    before: &Record,
    password: &str,
    confirm: &str,
    request: &Request,
    manages: bool,
    session: &Session<'_>,
    errors: &mut FieldErrors,
) -> Result<()> {
    let old = sent(&request.body, "oldPassword");
    if password.is_empty() && confirm.is_empty() && old.is_empty() {
        if request.body.contains_key("password") {
            errors.add("password", required());
        }
        return Ok(());
    }
    check_new_password(password, confirm, errors);
    if manages || (password.is_empty() && confirm.is_empty()) {
        return Ok(());
    }
    if old.is_empty() {
        errors.add("oldPassword", required());
    } else if !session.fits(old, before.text("password").to_owned()).await? {
        errors.add("oldPassword", FieldError::new("validation_invalid_old_password", "Is not the present password."));
    }
    Ok(())
}

/// A token key for a new record; a new one where the password, the address or the key itself changed, so that
/// every token of the record ends.
pub(super) fn rotate_token_key(record: &mut Record, before: Option<&Record>) {
    let changed = |field: &str| before.is_some_and(|before| before.get(field) != record.get(field));
    let given = changed("tokenKey") && !record.text("tokenKey").is_empty();
    if record.text("tokenKey").is_empty() || (!given && (changed("password") || changed("email"))) {
        set(record, "tokenKey", Value::Text(crypto::alphanumeric(TOKEN_KEY_LENGTH)));
    }
}

/// Superusers are always verified: nobody stands above them who could confirm it.
pub(super) fn verify_superuser(record: &mut Record) {
    if record.collection.id == SUPERUSERS_ID {
        set(record, "verified", Value::Int(1));
    }
}

/// Replaces the plain text of each password that changed by its hash.
pub(super) async fn hash_passwords(record: &mut Record, before: Option<&Record>, session: &Session<'_>) -> Result<()> {
    let collection = record.collection.clone();
    for (index, field) in collection.fields.iter().enumerate() {
        let changed = before.is_none_or(|before| before.values[index] != record.values[index]);
        let plain = record.values[index].as_str().to_owned();
        if matches!(field.kind, FieldKind::Password(_)) && changed && !plain.is_empty() {
            record.values[index] = Value::Text(session.hash(plain).await?);
        }
    }
    Ok(())
}

/// A password as it was sent; digits may have become a number on their way through a form.
pub(super) fn sent(body: &Map<String, Json>, key: &str) -> String {
    match body.get(key) {
        Some(Json::String(text)) => text.clone(),
        Some(value @ (Json::Number(_) | Json::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}

pub(super) fn set(record: &mut Record, field: &str, value: Value) {
    if let Some((index, _)) = record.collection.clone().field(field) {
        record.values[index] = value;
    }
}

fn restore(record: &mut Record, before: &Record, field: &str) {
    if let Some(value) = before.get(field).cloned() {
        set(record, field, value);
    }
}

fn truthy(record: &Record, field: &str) -> bool {
    record.get(field).is_some_and(Value::truthy)
}

fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}

fn mismatch() -> FieldError {
    FieldError::new("validation_values_mismatch", "Values do not match.")
}

/// The last superuser must stay, or nobody could administer the server any more.
pub(super) fn last_superuser() -> Error {
    Error::invalid("the last superuser can't be deleted")
}
