//! `impersonate`: a superuser takes a token of another record (contract 5.3).

use std::sync::Arc;

use super::{Auth, SignedIn, error};
use crate::error::{Error, FieldError, Result};
use crate::schema::Collection;

impl Auth {
    /// A token of the record that can't be refreshed, for `duration_s` seconds; 0 means the
    /// collection's own duration. The caller must be a superuser: the handler's type says so.
    ///
    /// # Errors
    /// `NotFound` for an unknown record, `Invalid` for a negative duration.
    pub async fn impersonate(&self, collection: &Arc<Collection>, id: &str, duration_s: i64) -> Result<SignedIn> {
        let options = collection.auth().ok_or_else(|| Error::not_found(""))?;
        let record =
            self.records.find(&self.store.reader(), collection, id).await?.ok_or_else(|| Error::not_found(""))?;
        if duration_s < 0 {
            let code = "validation_min_greater_equal_than_required";
            return Err(error::fields([(
                "duration",
                FieldError::new(code, "Must be no less than 0.").param("threshold", 0),
            )]));
        }
        let duration_s = if duration_s == 0 { options.auth_token.duration_s } else { duration_s };
        self.signed_in(record, options, duration_s, false)
    }
}
