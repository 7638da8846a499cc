//! Collections: loading them, and every change of the schema (contract 4).
//!
//! [`Collections`] is the one way to change a collection. A change is worked out and carried out inside one store
//! transaction (`change.rs`): the statements on tables, the rows of `_collections`, the views that depend on them.
//! After the commit the new schema is published for all readers.
//! *Invariant:* schema changes run one at a time, and a failed one leaves nothing behind, neither in the store nor in
//! the published schema. Whether the caller may do this is decided above: all callers are superusers.
//! Start reading at [`Collections::create`], then `change.rs`.

mod change;
mod import;
mod list;
mod load;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::records::ListParams;
use crate::schema::{Collection, Registry, Schema, Secrets, empty_model, view_fields};
use crate::settings::Settings;
use crate::store::{Store, Value};
use change::Change;

/// What the rows of a view that is not saved call their collection.
const DRY_RUN_ID: &str = "pbc_0";
const DRY_RUN_NAME: &str = "temp_view_dry_run";

/// How many rows of a view that is not saved are shown.
const SAMPLE_ROWS: usize = 10;

/// What a change ends with that was only tried.
const TRIED: &str = "the import would succeed";

/// The collections service. Cheap to clone.
#[derive(Clone)]
pub struct Collections {
    store: Store,
    registry: Registry,
    settings: Settings,
    clock: Clock,
    changing: Arc<Mutex<()>>,
}

impl Collections {
    /// Loads all collections and publishes the first schema; a fresh directory gets the system collections and `users`.
    pub async fn open(store: Store, registry: Registry, settings: Settings, clock: Clock) -> Result<Self> {
        let collections = load::all(&store).await?;
        let fresh = collections.is_empty();
        registry.publish(Schema::new(store.schema_version(), collections));
        let service = Self { store, registry, settings, clock, changing: Arc::default() };
        if fresh {
            service.change(async |change: &mut Change| change.create_first().await).await?;
        }
        Ok(service)
    }

    /// Takes over what another node made of the schema. Returns when no request is decided by the old one any more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn reload(&self) -> Result<()> {
        let version = self.store.confirm().await?;
        let _turn = self.changing.lock().await;
        if self.registry.load().version < version {
            let collections = load::all(&self.store).await?;
            self.registry.publish(Schema::new(version, collections));
        }
        self.registry.settle().await;
        self.store.acknowledge(version);
        Ok(())
    }

    /// Waits until no node decides by an older schema than this version.
    async fn agree(&self, version: u64) -> Result<()> {
        if self.store.is_shared() {
            self.registry.settle().await;
            self.store.acknowledge(version);
            self.store.agree(version).await?;
        }
        Ok(())
    }

    /// The paged list of models, without secrets.
    pub async fn list(&self, params: &ListParams) -> Result<Json> {
        list::list(&self.store, &self.registry.load(), params).await
    }

    pub fn view(&self, id_or_name: &str) -> Result<Json> {
        Ok(to_json(&*self.find(id_or_name)?))
    }

    /// Saves a new collection and makes its table or view.
    pub async fn create(&self, model: Map<String, Json>) -> Result<Json> {
        let created = self.change(async move |change: &mut Change| change.create(&model).await).await?;
        self.view(&created)
    }

    /// Changes a collection and its table; what the patch does not name stays (contract 4.2).
    pub async fn update(&self, id_or_name: &str, patch: Map<String, Json>) -> Result<Json> {
        let id = self.find(id_or_name)?.id.clone();
        let updated = self.change(async move |change: &mut Change| change.update(&id, &patch).await).await?;
        self.view(&updated)
    }

    /// Removes a collection with all its records, unless something refers to it.
    pub async fn delete(&self, id_or_name: &str) -> Result<()> {
        let id = self.find(id_or_name)?.id.clone();
        self.change(async move |change: &mut Change| change.delete(&id).await).await
    }

    /// Saves many collections, all or none; `delete_missing` removes what is not among them (contract 4.7).
    pub async fn import(&self, collections: Vec<Json>, delete_missing: bool) -> Result<()> {
        self.change(async move |change: &mut Change| change.import(collections, delete_missing).await).await
    }

    /// Whether [`Collections::import`] would take these collections; nothing is changed.
    ///
    /// # Errors
    /// Those of an import.
    pub async fn check_import(&self, collections: Vec<Json>, delete_missing: bool) -> Result<()> {
        let tried = self.change(async move |change: &mut Change| {
            // The inner result comes out as the error that undoes the change.
            let tried = change.import(collections, delete_missing).await;
            Err::<(), Error>(tried.err().unwrap_or_else(|| Error::new(Kind::Conflict, TRIED)))
        });
        match tried.await {
            Err(error) if error.kind() == Kind::Conflict && error.message() == TRIED => Ok(()),
            other => other,
        }
    }

    /// Gives collections the times that they had elsewhere: of each id when it was created and updated.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; those of the store.
    pub async fn set_times(&self, times: Vec<(String, [String; 2])>) -> Result<()> {
        let set = async move |change: &mut Change| {
            for (id, [created, updated]) in times {
                change.set_times(&id, created, updated).await?;
            }
            Ok(())
        };
        self.change(set).await
    }

    /// An empty model of each type, with every default.
    pub fn scaffolds(&self) -> Json {
        let model = |name: &str| {
            let mut collection = Collection::from_json(&empty_model(name), 0).map_err(Error::internal)?;
            if name == "auth" {
                let suffix = crate::crypto::lowercase_id(10);
                collection.indexes = crate::schema::auth_indexes(&suffix, "").map(|(_, index)| index).into();
            }
            Ok::<_, Error>(to_json(&collection))
        };
        let names = ["base", "auth", "view"];
        names.iter().filter_map(|name| Some(((*name).to_owned(), model(name).ok()?))).collect::<Map<_, _>>().into()
    }

    /// The fields that a view of this query would have, and its first rows.
    pub async fn dry_run_view(&self, query: &str) -> Result<Json> {
        let refuse = |reason: String| Error::invalid(format!("invalid view query. Raw error: {reason}"));
        let schema = self.registry.load();
        let query = change::view_query(query);
        let found = self.store.inspect_view(query, change::secret_columns(&schema), SAMPLE_ROWS).await;
        let found = found.map_err(|error| refuse(error.to_string()))?;
        let fields = view_fields(query, &found.columns, &schema, None).map_err(refuse)?;
        change::check_ids(&fields, &found.rows).map_err(refuse)?;
        let sample: Vec<Json> = found
            .rows
            .iter()
            .map(|row| {
                // Clients take the rows for records, which name their collection; this one exists for a moment only.
                let collection = [("collectionId", DRY_RUN_ID), ("collectionName", DRY_RUN_NAME)];
                let collection = collection.map(|(key, value)| (key.to_owned(), Json::from(value)));
                let shown_fields = fields.iter().zip(&row.0).filter(|(field, _)| !field.hidden);
                let shown_fields = shown_fields.map(|(field, value)| (field.name.clone(), shown(field, value)));
                collection.into_iter().chain(shown_fields).collect()
            })
            .collect();
        Ok(serde_json::json!({"fields": fields, "sample": sample}))
    }

    fn find(&self, id_or_name: &str) -> Result<Arc<Collection>> {
        self.registry.load().find(id_or_name).cloned().ok_or_else(|| Error::not_found(""))
    }

    /// Runs one change of the schema in a transaction and publishes what it leads to.
    async fn change<T, F>(&self, work: F) -> Result<T>
    where
        F: for<'a> AsyncFnOnce(&'a mut Change) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let service = self.clone();
        // A task of its own: a caller who goes away must not leave a committed schema unpublished.
        let change = async move {
            let _turn = service.changing.lock().await;
            let (schema, now) = (service.registry.load(), service.clock.now_text());
            let (result, version, collections) = service
                .store
                .transaction(async move |tx| {
                    let version = tx.change_schema().await?;
                    let schema = match schema.version == version {
                        true => schema,
                        // Another node changed it and this one has not heard of it yet.
                        false => Schema::new(version, load::all_in(&tx).await?).into(),
                    };
                    let mut change = Change::new(tx, now, schema);
                    let result = work(&mut change).await?;
                    Ok::<_, Error>((result, version + 1, change.finish()))
                })
                .await?;
            let new = Schema::new(version, collections);
            let renamed = renamed(&service.registry.load(), &new);
            service.registry.publish(new);
            service.agree(version).await?;
            if !renamed.is_empty() {
                service.settings.rename_collections(&renamed).await?;
            }
            Ok(result)
        };
        tokio::spawn(change).await.map_err(Error::internal)?
    }
}

/// The collections that are called otherwise now: old names with new ones.
fn renamed(old: &Schema, new: &Schema) -> Vec<(String, String)> {
    let names = |new: &Arc<Collection>| {
        let old = old.by_id(&new.id).filter(|old| old.name != new.name)?;
        Some((old.name.clone(), new.name.clone()))
    };
    new.collections().iter().filter_map(names).collect()
}

fn shown(field: &crate::schema::Field, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        value => field.to_json(value),
    }
}

/// The wire form of a collection, without secrets.
pub fn to_json(collection: &Collection) -> Json {
    Json::Object(collection.to_json(Secrets::Omit))
}
