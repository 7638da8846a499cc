//! `auth-refresh`: a fresh token for the holder of a valid one (contract 5.3).

use std::sync::Arc;

use super::{Auth, SignedIn, error, strip_bearer};
use crate::error::Result;
use crate::query::{Context, Request};
use crate::schema::Collection;

impl Auth {
    /// Refreshes the token that the request came with. The auth rule is asked again; a token that is not
    /// refreshable comes back as it is.
    ///
    /// # Errors
    /// `Unauthenticated` for a guest, `Forbidden` for a record of another collection or one that the
    /// auth rule no longer lets in.
    pub async fn refresh(
        &self,
        collection: &Arc<Collection>,
        authorization: &str,
        request: &Request,
    ) -> Result<SignedIn> {
        let token = strip_bearer(authorization);
        let (record, claims) = self.verify(token).await?.ok_or_else(error::guest)?;
        if record.collection.id != collection.id {
            return Err(error::other_collection(&collection.name));
        }
        let options = collection.auth().ok_or_else(error::failed)?;
        self.check_auth_rule(&record, options, request, Context::Default).await?;
        if claims.refreshable {
            self.signed_in(record, options, options.auth_token.duration_s, true)
        } else {
            Ok(SignedIn { record, token: token.to_owned() })
        }
    }
}
