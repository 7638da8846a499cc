//! The one read path and the one write path of records.
//!
//! Each verb has its file (`list`, `view`, `aggregate`, `create`, `update`, `delete`, `batch`, `bulk`); they share `access` (who
//! may), `precondition` and `idempotency` (when a write is not done), `draft` (submitted data to values), `validate`
//! and `protect` (what must hold), and `present` with `encode` and `expand` (the way out). A write is prepared in a
//! [`session::Session`] against whatever it reads from, the store or an open transaction, and committed as one write
//! set.
//!
//! *Invariant:* every write of a record passes create, update or delete here; every record that leaves passes
//! `encode`. Start reading at `create.rs`.

mod access;
mod aggregate;
mod auth_trace;
mod batch;
mod bulk;
mod change;
mod create;
mod credential;
mod cursor;
mod delete;
mod draft;
mod encode;
mod entities;
mod excerpt;
mod expand;
mod freshness;
mod idempotency;
mod installer;
mod lane;
mod list;
mod load;
mod picker;
mod precondition;
mod present;
mod protect;
mod recall;
mod selection;
mod session;
mod sweep;
mod tag;
mod update;
mod validate;
mod view;
mod written;

use std::sync::Arc;

pub use batch::{BatchAction, BatchEntry, BatchError};
pub use bulk::{BulkAction, BulkDone, BulkError, BulkParams};
#[cfg(any(fuzzing, test))]
pub use cursor::fuzz as fuzz_cursor;
pub use idempotency::Once;
pub use installer::INSTALLER_EMAIL;
pub use load::Misfit;
pub(crate) use picker::parse_bool;
pub use picker::pick_fields;
pub use precondition::{IfMatch, IfNoneMatch};
pub use tag::{Answered, Presented, Tag};
pub use written::{Outcome, Written};

use crate::clock::Clock;
use crate::crypto::{Hasher, Sealer};
use crate::error::Result;
use crate::schema::{Collection, Record, Registry};
use crate::store::{Priority, Reader, Store};
use idempotency::RunningKeys;
use lane::Lane;
use recall::Recall;
use session::{Ahead, Session};

/// What a client may ask of an answer: raw `expand` and `fields` parameters (contract 2.3, 2.4).
#[derive(Debug, Clone, Default)]
pub struct Shape {
    pub expand: String,
    pub fields: String,
}

/// What a write is bound to, beside its data.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    pub if_match: Option<IfMatch>,
    pub once: Option<Once>,
}

/// Raw list parameters (contract 2.1), checked by [`Records::list`].
#[derive(Debug, Clone, Default)]
pub struct ListParams {
    pub page: Option<String>,
    pub per_page: Option<String>,
    pub skip_total: Option<String>,
    /// Where to go on instead of at a page; empty for the start.
    pub cursor: Option<String>,
    pub sort: String,
    pub filter: String,
}

/// The records service. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    store: Store,
    registry: Registry,
    clock: Clock,
    hasher: Hasher,
    running: RunningKeys,
    sealer: Sealer,
    ahead: Arc<Ahead>,
    recall: Arc<Recall>,
}

impl Records {
    /// `cache_bytes` bounds the lists that are kept in memory; 0 keeps none.
    pub fn new(
        store: Store,
        registry: Registry,
        clock: Clock,
        hasher: Hasher,
        sealer: Sealer,
        cache_bytes: u64,
    ) -> Self {
        let recall = Recall::new(store.clone(), cache_bytes).into();
        Self { store, registry, clock, hasher, running: RunningKeys::default(), sealer, ahead: Arc::default(), recall }
    }

    /// The service with these passwords hashed once, however many records get them: accounts of examples share theirs.
    ///
    /// # Errors
    /// `Unavailable` when too many hashes wait.
    pub async fn knowing(&self, passwords: &[String]) -> Result<Self> {
        let mut ahead = Ahead::default();
        for plain in passwords {
            ahead.hashes.insert(plain.clone(), self.hasher.hash(plain.clone()).await?);
        }
        Ok(Self { ahead: ahead.into(), ..self.clone() })
    }

    /// Reads a record without any rule. `None` if there is none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find(&self, reader: &Reader, collection: &Arc<Collection>, id: &str) -> Result<Option<Record>> {
        let lane = match reader {
            Reader::Store(store) => Lane::Store(store.clone()),
            Reader::Tx(tx) => Lane::Tx(tx.clone()),
        };
        session::find(&self.registry.load(), &lane, collection, id).await
    }

    /// Before another attempt: waits for the schema, if what was planned under this version came too late for it.
    async fn catch_up(&self, version: u64) {
        if self.store.schema_version() > version {
            self.registry.newer_than(version).await;
        }
    }

    fn session(&self, lane: Lane, priority: Priority) -> Session<'_> {
        Session { records: self, schema: self.registry.load(), lane, priority, ahead: self.ahead.clone() }
    }
}
