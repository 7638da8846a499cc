//! Sign-in (stub face; see the brief).
use std::sync::Arc;

use crate::clock::Clock;
use crate::crypto::Hasher;
use crate::error::Result;
use crate::query::{Caller, Request};
use crate::records::Records;
use crate::schema::{Collection, Record, Registry};
use crate::store::Store;

/// The authentication service. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    registry: Registry,
    records: Records,
    hasher: Hasher,
    clock: Clock,
}

/// What a successful sign-in gives: the record and its token.
pub struct SignedIn {
    pub record: Arc<Record>,
    pub token: String,
}

/// The body of `auth-with-password` (contract 5.3).
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PasswordForm {
    pub identity: String,
    pub password: String,
    pub identity_field: String,
}

impl Auth {
    pub fn new(store: Store, registry: Registry, records: Records, hasher: Hasher, clock: Clock) -> Self {
        Self { store, registry, records, hasher, clock }
    }
    /// The caller of an `Authorization` header; anything wrong with it makes a guest (contract 1.6).
    pub async fn caller(&self, _authorization: Option<&str>) -> Caller {
        todo!()
    }
    pub async fn with_password(
        &self,
        _collection: &Arc<Collection>,
        _form: PasswordForm,
        _request: &Request,
    ) -> Result<SignedIn> {
        todo!()
    }
    /// `auth-refresh`: the token is the one the caller came with.
    pub async fn refresh(&self, _collection: &Arc<Collection>, _token: &str, _request: &Request) -> Result<SignedIn> {
        todo!()
    }
    pub async fn impersonate(&self, _collection: &Arc<Collection>, _id: &str, _duration_s: i64) -> Result<SignedIn> {
        todo!()
    }
    /// The body of `auth-methods` (contract 5.2).
    pub fn methods(&self, _collection: &Collection) -> serde_json::Value {
        todo!()
    }
}
