//! The second factor (contract 5.7): a sign-in that needs two different methods ends its first step with an id that
//! the second one brings along.

use serde_json::Map;

use super::{Auth, SignIn, error};
use crate::error::Result;
use crate::query::{Context, Request};
use crate::schema::{AuthOptions, MFAS, Record};

impl Auth {
    /// What follows when one method let the record in: a token, or the demand for another method.
    ///
    /// # Errors
    /// `Invalid` for a first step that is unknown, expired, of another record or of the same method.
    pub(super) async fn after_first_factor(
        &self,
        record: Record,
        options: &AuthOptions,
        method: Context,
        mfa_id: &str,
        request: &Request,
    ) -> Result<SignIn> {
        if self.wants_two_factors(&record, options, method, request).await? {
            if mfa_id.is_empty() {
                let values = Map::from_iter([("method".to_owned(), method.as_str().into())]);
                let mfa_id = self.records.add_auth_trace(MFAS, &record, values).await?;
                return Ok(SignIn::SecondFactor { mfa_id });
            }
            self.finish_first_step(&record, options, method, mfa_id).await?;
        }
        self.signed_in(record, options, options.auth_token.duration_s, true).map(SignIn::Done)
    }

    async fn wants_two_factors(
        &self,
        record: &Record,
        options: &AuthOptions,
        method: Context,
        request: &Request,
    ) -> Result<bool> {
        let mfa = options.mfa();
        if !mfa.enabled {
            return Ok(false);
        }
        let request = Request { context: method, ..request.clone() };
        self.records.demands(&self.store.reader(), record, &mfa.rule, &request).await
    }

    async fn finish_first_step(
        &self,
        record: &Record,
        options: &AuthOptions,
        method: Context,
        mfa_id: &str,
    ) -> Result<()> {
        let first = self.records.find_auth_trace(MFAS, mfa_id).await?;
        let first = first.filter(|first| self.is_younger_than(first, options.mfa().duration));
        let first = first.ok_or_else(error::mfa_expired)?;
        if first.text("recordRef") != record.id() || first.text("collectionRef") != record.collection.id {
            return Err(error::mfa_of_another());
        }
        if first.text("method") == method.as_str() {
            return Err(error::same_method());
        }
        match self.records.take_auth_trace(&first).await? {
            true => Ok(()),
            false => Err(error::mfa_expired()),
        }
    }
}
