//! The failures of sign-in and what they mean on the wire (contract 5.3).

use crate::error::{Error, FieldError, FieldErrors, Kind, Result};

/// Wrong or unknown identity or password: one answer for all, so that nobody learns which.
pub(super) fn failed() -> Error {
    Error::invalid("failed to authenticate")
}

pub(super) fn password_off() -> Error {
    Error::forbidden("the collection is not configured to allow password authentication")
}

pub(super) fn otp_off(name: &str) -> Error {
    Error::forbidden(format!("the collection {name} is not configured to allow one-time passwords"))
}

/// One answer for codes that are wrong, used, expired or not there.
pub(super) fn bad_otp() -> Error {
    Error::invalid("the one-time password is invalid or expired")
}

pub(super) const TOO_MANY_TRIES: &str = "too many attempts: try again in some minutes with a new one-time password";

pub(super) fn mfa_expired() -> Error {
    Error::invalid("the first step of the sign-in is unknown or expired")
}

pub(super) fn mfa_of_another() -> Error {
    Error::invalid("the first step of the sign-in is of another record")
}

pub(super) fn same_method() -> Error {
    Error::invalid("the second step of the sign-in needs another method than the first")
}

pub(super) fn rule_not_met() -> Error {
    Error::forbidden("the record does not satisfy the requirements of the collection to authenticate")
}

pub(super) fn guest() -> Error {
    Error::new(Kind::Unauthenticated, "the request requires a valid authorization token")
}

pub(super) fn other_collection(name: &str) -> Error {
    Error::forbidden(format!("the request requires an auth record of the collection {name}"))
}

pub(super) fn fields(fields: impl IntoIterator<Item = (&'static str, FieldError)>) -> Error {
    let mut errors = FieldErrors::default();
    for (name, error) in fields {
        errors.add(name, error);
    }
    Error::invalid("the submitted data is not valid").with_fields(errors)
}

/// What is wrong with texts that must be there and have no more than so many bytes.
pub(super) fn lengths<const N: usize>(texts: [(&'static str, &str, usize); N]) -> Vec<(&'static str, FieldError)> {
    let failure = |(name, text, max): (&'static str, &str, usize)| match text.len() {
        0 => Some((name, required())),
        length if length > max => {
            let message = format!("Must have at most {max} characters.");
            let error = FieldError::new("validation_length_out_of_range", message).param("min", 1).param("max", max);
            Some((name, error))
        }
        _ => None,
    };
    texts.into_iter().filter_map(failure).collect()
}

pub(super) fn checked(failures: Vec<(&'static str, FieldError)>) -> Result<()> {
    if failures.is_empty() { Ok(()) } else { Err(fields(failures)) }
}

fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}
