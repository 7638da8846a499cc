//! Sign-in with a one-time password (contract 5.6): a code of digits that a record was given by another way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;

use super::{Auth, SignIn, error};
use crate::clock::wire_text;
use crate::crypto;
use crate::error::Result;
use crate::query::{Context, Request};
use crate::quota::Limit;
use crate::schema::{Collection, OTPS, Record};
use crate::store::Value;

/// The body of `auth-with-otp`.
#[derive(Debug, Default)]
pub struct OtpForm {
    pub otp_id: String,
    pub password: String,
}

/// A code that was made; only its hash is kept.
#[derive(Debug)]
pub struct NewOtp {
    pub id: String,
    pub code: String,
    pub duration_s: i64,
}

/// A code of a few digits holds only as long as guesses are few: of one record, right or wrong (contract 1.7).
const TRIES: Limit = Limit { max: 5, window: Duration::from_secs(180) };

const MAX_ID_BYTES: usize = 255;
const MAX_CODE_BYTES: usize = 71;
/// Of a password that nobody knows.
const RANDOM_PASSWORD_LENGTH: usize = 30;

impl Auth {
    /// Makes a code for the record, valid for its collection's `otp.duration`.
    ///
    /// # Errors
    /// `Forbidden` when the collection does not take codes.
    pub async fn create_otp(&self, record: &Record) -> Result<NewOtp> {
        let otp = record.collection.auth().ok_or_else(error::failed)?.otp();
        if !otp.enabled {
            return Err(error::otp_off(&record.collection.name));
        }
        let length = usize::try_from(otp.length).unwrap_or_default().min(MAX_CODE_BYTES);
        let code = crypto::digits(length);
        let values = Map::from_iter([("password".to_owned(), code.as_str().into())]);
        let id = self.records.add_auth_trace(OTPS, record, values).await?;
        Ok(NewOtp { id, code, duration_s: otp.duration })
    }

    /// Signs in with a code, which is gone then. A code that went to the record's address proves the address.
    ///
    /// # Errors
    /// `Forbidden` when the method is off or the auth rule is not met, `TooManyRequests` after too many tries,
    /// `Invalid` for missing parameters and, all alike, for a code that is wrong, expired or of another collection.
    pub async fn with_otp(
        &self,
        collection: &Arc<Collection>,
        form: OtpForm,
        mfa_id: &str,
        request: &Request,
    ) -> Result<SignIn> {
        let options = collection.auth().ok_or_else(error::failed)?;
        if !options.otp().enabled {
            return Err(error::otp_off(&collection.name));
        }
        error::checked(error::lengths([
            ("otpId", form.otp_id.as_str(), MAX_ID_BYTES),
            ("password", form.password.as_str(), MAX_CODE_BYTES),
        ]))?;
        let record = self.redeem(collection, form).await?;
        self.check_auth_rule(&record, options, request, Context::Otp).await?;
        self.after_first_factor(record, options, Context::Otp, mfa_id, request).await
    }

    /// The record whose code this is. An unknown code takes the time of a known one and runs out of tries like it.
    async fn redeem(&self, collection: &Arc<Collection>, form: OtpForm) -> Result<Record> {
        let found = self.live_otp(collection, &form.otp_id).await?;
        let hash = found.as_ref().map(|otp| otp.text("password").to_owned()).unwrap_or_default();
        let fits = self.hasher.verify(form.password, hash).await?;
        let tried = found.as_ref().map_or(form.otp_id, |otp| format!("{} {}", collection.id, otp.text("recordRef")));
        self.quota.guess(&format!("otp {tried}"), TRIES, error::TOO_MANY_TRIES).await?;
        let otp = found.filter(|_| fits).ok_or_else(error::bad_otp)?;
        if !self.records.take_auth_trace(&otp).await? {
            return Err(error::bad_otp());
        }
        let record = self.records.find(&self.store.reader(), collection, otp.text("recordRef")).await?;
        self.confirm_address(record.ok_or_else(error::bad_otp)?, otp.text("sentTo")).await
    }

    async fn live_otp(&self, collection: &Collection, id: &str) -> Result<Option<Record>> {
        let duration_s = collection.auth().map(|options| options.otp().duration).unwrap_or_default();
        let otp =
            self.records.find_auth_trace(OTPS, id).await?.filter(|otp| otp.text("collectionRef") == collection.id);
        Ok(otp.filter(|otp| self.is_younger_than(otp, duration_s)))
    }

    /// Whoever read the code that went to the record's address owns it. A password that was set before that is no
    /// proof of anything, unless it is asked for as well.
    async fn confirm_address(&self, record: Record, sent_to: &str) -> Result<Record> {
        let verified = record.get("verified").is_some_and(Value::truthy);
        if verified || sent_to.is_empty() || sent_to != record.text("email") {
            return Ok(record);
        }
        let password_counts = record.collection.auth().is_some_and(|options| options.mfa().enabled);
        let new_hash = match password_counts {
            true => None,
            false => Some(self.hasher.hash(crypto::alphanumeric(RANDOM_PASSWORD_LENGTH)).await?),
        };
        self.records.verify(&record, new_hash).await
    }

    /// Whether a trace was made less than so many seconds ago.
    pub(super) fn is_younger_than(&self, trace: &Record, duration_s: i64) -> bool {
        let oldest =
            chrono::TimeDelta::try_seconds(duration_s).and_then(|age| self.clock.now().checked_sub_signed(age));
        oldest.is_some_and(|oldest| *trace.text("created") > *wire_text(oldest))
    }
}
