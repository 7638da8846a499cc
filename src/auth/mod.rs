//! Sign-in: who a token belongs to, and how one gets a token.
//!
//! [`Auth::caller`] turns an `Authorization` header into a [`Caller`]; one file a flow does the rest
//! (`password`, `otp`, `refresh`, `impersonate`; `mfa` asks for a second one). Tokens are PocketBase's (contract 5.1): nothing is stored,
//! and rotating a record's token key or its collection's secret ends them.
//!
//! *Invariant:* a header that proves nothing makes a guest, never an error; a failed sign-in never tells
//! whether the identity exists, by its answer or by its time. Start reading at [`Auth::caller`].

mod error;
mod expiry;
mod impersonate;
mod known;
mod methods;
mod mfa;
mod otp;
mod password;
mod refresh;
mod token;

use std::sync::Arc;

pub use expiry::Trace;
pub use otp::{NewOtp, OtpForm};
pub use password::PasswordForm;

use crate::clock::Clock;
use crate::crypto::Hasher;
use crate::error::{Error, Kind, Result};
use crate::query::{Caller, Context, Request};
use crate::quota::Quota;
use crate::records::Records;
use crate::schema::{AuthOptions, Collection, Record, Registry};
use crate::store::Store;

/// The authentication service. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    registry: Registry,
    records: Records,
    hasher: Hasher,
    clock: Clock,
    known: Arc<known::Known>,
    quota: Quota,
}

/// How far one method of signing in leads.
#[derive(Debug)]
pub enum SignIn {
    Done(SignedIn),
    /// Another method must follow, and bring this id along.
    SecondFactor {
        mfa_id: String,
    },
}

/// What a successful sign-in gives: the record and its token.
#[derive(Debug)]
pub struct SignedIn {
    pub record: Arc<Record>,
    pub token: String,
}

impl Auth {
    pub fn new(store: Store, registry: Registry, records: Records, hasher: Hasher, quota: Quota, clock: Clock) -> Self {
        Self { store, registry, records, hasher, clock, known: Arc::default(), quota }
    }

    /// The caller of an `Authorization` header: a raw token, or one behind `Bearer ` in any case with
    /// exactly one space. Anything wrong with it makes a guest (contract 1.6).
    ///
    /// # Errors
    /// When the database does not tell: who has a good token must not be taken for a guest.
    pub async fn caller(&self, authorization: Option<&str>) -> Result<Caller> {
        if let Some(caller) = self.caller_at_hand(authorization) {
            return Ok(caller);
        }
        let token = strip_bearer(authorization.unwrap_or_default());
        Ok(self.verify(token).await?.map_or(Caller::Guest, |(record, _)| Caller::Record(record)))
    }

    /// The caller of a header, where telling it takes no reading: a guest, or a token that is known.
    pub fn caller_at_hand(&self, authorization: Option<&str>) -> Option<Caller> {
        match authorization.map(strip_bearer) {
            None | Some("") => Some(Caller::Guest),
            Some(token) => {
                let known = self.known.find(token, &self.registry.load(), &self.store, self.now_s());
                known.map(|(record, _)| Caller::Record(record))
            }
        }
    }

    /// The body of `auth-methods` (contract 5.2); `null` for a collection that nobody signs in to.
    pub fn methods(&self, collection: &Collection) -> serde_json::Value {
        collection.auth().map(methods::body).unwrap_or_default()
    }

    /// What a token stands for; `None` where it is no good.
    async fn verify(&self, token: &str) -> Result<Option<(Arc<Record>, token::Claims)>> {
        let schema = self.registry.load();
        if let Some(known) = self.known.find(token, &schema, &self.store, self.now_s()) {
            return Ok(Some(known));
        }
        let Some(claims) = token::peek(token) else { return Ok(None) };
        let Some(collection) = schema.by_id(&claims.collection_id) else { return Ok(None) };
        let Some(options) = collection.auth() else { return Ok(None) };
        let generation = self.store.generation(&collection.table);
        let record = match self.records.find(&self.store.reader(), collection, &claims.id).await {
            Ok(Some(record)) => record,
            Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::Timeout) => return Err(error),
            // What the token names may be nothing that could be stored.
            Ok(None) | Err(_) => return Ok(None),
        };
        if !token::is_valid(token, &claims, &record, &options.auth_token, self.now_s()) {
            return Ok(None);
        }
        let record = Arc::new(record);
        self.known.keep(token, &record, &claims, &schema, generation);
        Ok(Some((record, claims)))
    }

    /// The auth rule decides who may sign in at all; `None` means nobody.
    async fn check_auth_rule(
        &self,
        record: &Record,
        options: &AuthOptions,
        request: &Request,
        context: Context,
    ) -> Result<()> {
        let Some(rule) = &options.auth_rule else { return Err(error::rule_not_met()) };
        let request = Request { context, ..request.clone() };
        match self.records.satisfies(&self.store.reader(), record, rule, &request).await? {
            true => Ok(()),
            false => Err(error::rule_not_met()),
        }
    }

    fn signed_in(
        &self,
        record: impl Into<Arc<Record>>,
        options: &AuthOptions,
        duration_s: i64,
        refreshable: bool,
    ) -> Result<SignedIn> {
        let record = record.into();
        let token = token::issue(&record, &options.auth_token, self.now_s(), duration_s, refreshable)
            .ok_or_else(|| Error::internal("a token could not be signed"))?;
        Ok(SignedIn { record, token })
    }

    fn now_s(&self) -> i64 {
        self.clock.now_ms() / 1000
    }
}

fn strip_bearer(header: &str) -> &str {
    match header.split_at_checked("Bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token,
        _ => header,
    }
}
