//! The failures of sign-in and what they mean on the wire (contract 5.3).

use crate::error::{Error, FieldError, FieldErrors, Kind};

/// Wrong or unknown identity or password: one answer for all, so that nobody learns which.
pub(super) fn failed() -> Error {
    Error::invalid("failed to authenticate")
}

pub(super) fn password_off() -> Error {
    Error::forbidden("the collection is not configured to allow password authentication")
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

pub(super) fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}
