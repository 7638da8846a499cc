//! The one read path and the one write path of collections (stub face; see the brief).
use serde_json::{Map, Value as Json};

use crate::clock::Clock;
use crate::error::Result;
use crate::records::ListParams;
use crate::schema::{Collection, Registry};
use crate::store::Store;

/// The collections service (contract 4). Its callers are superusers. Cheap to clone.
#[derive(Clone)]
pub struct Collections {
    store: Store,
    registry: Registry,
    clock: Clock,
}

impl Collections {
    /// Runs the system migrations, loads all collections, publishes the first schema.
    pub async fn open(_store: Store, _registry: Registry, _clock: Clock) -> Result<Self> {
        todo!()
    }
    /// The paged list of models, without secrets.
    pub async fn list(&self, _params: &ListParams) -> Result<Json> {
        todo!()
    }
    pub fn view(&self, _id_or_name: &str) -> Result<Json> {
        todo!()
    }
    pub async fn create(&self, _model: Map<String, Json>) -> Result<Json> {
        todo!()
    }
    pub async fn update(&self, _id_or_name: &str, _patch: Map<String, Json>) -> Result<Json> {
        todo!()
    }
    pub async fn delete(&self, _id_or_name: &str) -> Result<()> {
        todo!()
    }
    pub async fn import(&self, _collections: Vec<Json>, _delete_missing: bool) -> Result<()> {
        todo!()
    }
    pub fn scaffolds(&self) -> Json {
        todo!()
    }
    pub async fn dry_run_view(&self, _query: &str) -> Result<Json> {
        todo!()
    }
}

/// The wire form of a collection; secrets only when `secrets` says so (export to the system table).
pub fn to_json(_collection: &Collection) -> Json {
    todo!()
}
