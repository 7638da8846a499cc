//! The snapshot of all collections and its holder.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Collection;

/// All collections at one version of the schema.
#[derive(Debug, Default)]
pub struct Schema {
    pub version: u64,
    collections: Vec<Arc<Collection>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    referrers: HashMap<String, Vec<Referrer>>,
    mentions_headers: bool,
}

/// A relation field that points at a collection.
#[derive(Debug, Clone)]
pub struct Referrer {
    pub collection: Arc<Collection>,
    /// The position of the relation in `collection.fields`.
    pub field: usize,
}

impl Schema {
    pub fn new(version: u64, collections: Vec<Arc<Collection>>) -> Self {
        let mut schema = Self { version, ..Self::default() };
        for (index, collection) in collections.iter().enumerate() {
            schema.by_id.insert(collection.id.clone(), index);
            schema.by_name.insert(collection.name.to_lowercase(), index);
            for (field, target) in collection.fields.iter().enumerate() {
                if let Some(collection_id) = target.relation_target() {
                    let referrer = Referrer { collection: collection.clone(), field };
                    schema.referrers.entry(collection_id.to_owned()).or_default().push(referrer);
                }
            }
        }
        schema.mentions_headers = collections.iter().any(|collection| collection.mentions("@request.headers"));
        schema.collections = collections;
        schema
    }

    /// Whether any rule looks at the headers of a request: only then are they worth collecting.
    pub fn mentions_headers(&self) -> bool {
        self.mentions_headers
    }

    /// All collections, oldest first.
    pub fn collections(&self) -> &[Arc<Collection>] {
        &self.collections
    }

    /// By id (exactly) or else by name (case-insensitively), as every `{c}` of the wire (contract 1.1).
    pub fn find(&self, id_or_name: &str) -> Option<&Arc<Collection>> {
        self.by_id(id_or_name).or_else(|| self.by_name(id_or_name))
    }

    pub fn by_id(&self, id: &str) -> Option<&Arc<Collection>> {
        self.by_id.get(id).map(|index| &self.collections[*index])
    }

    pub fn by_name(&self, name: &str) -> Option<&Arc<Collection>> {
        match self.by_name.get(name) {
            Some(index) => Some(&self.collections[*index]),
            None => self.by_name.get(&name.to_lowercase()).map(|index| &self.collections[*index]),
        }
    }

    /// The relation fields of all collections (views too) that point at the collection of this id.
    pub fn referrers(&self, collection_id: &str) -> &[Referrer] {
        self.referrers.get(collection_id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// How long a write waits for the schema that it was refused for: the transaction that changed it has committed,
/// so what is awaited is a moment's work of another task.
const PUBLISH_LIMIT: Duration = Duration::from_secs(2);

/// How long requests that were decided by an older schema are waited for: longer than a query may take.
const SETTLE_LIMIT: Duration = Duration::from_secs(35);
const SETTLE_STEP: Duration = Duration::from_millis(5);

/// Holds the present schema. Cheap to clone.
#[derive(Clone, Default)]
pub struct Registry {
    current: Arc<ArcSwap<Schema>>,
    published: Arc<Notify>,
    /// Older schemas that requests may still hold.
    replaced: Arc<Mutex<Vec<Weak<Schema>>>>,
}

impl Registry {
    pub fn load(&self) -> Arc<Schema> {
        self.current.load_full()
    }

    /// Puts a newer schema in place; an older one than the present is dropped.
    pub fn publish(&self, schema: Schema) {
        let schema = Arc::new(schema);
        let before =
            self.current.rcu(|current| if current.version > schema.version { current.clone() } else { schema.clone() });
        self.replaced.lock().push(Arc::downgrade(&before));
        self.published.notify_waiters();
    }

    /// Waits until no request holds an older schema than the present one, or for [`SETTLE_LIMIT`].
    pub async fn settle(&self) {
        let gone = async {
            while self.held() {
                tokio::time::sleep(SETTLE_STEP).await;
            }
        };
        let _ = tokio::time::timeout(SETTLE_LIMIT, gone).await;
    }

    fn held(&self) -> bool {
        let mut replaced = self.replaced.lock();
        let current = self.load();
        replaced.retain(|schema| schema.upgrade().is_some_and(|schema| !Arc::ptr_eq(&schema, &current)));
        !replaced.is_empty()
    }

    /// Waits until a schema newer than this version is in place, or for [`PUBLISH_LIMIT`].
    pub async fn newer_than(&self, version: u64) {
        let newer = async {
            loop {
                let published = self.published.notified();
                if self.load().version > version {
                    return;
                }
                published.await;
            }
        };
        let _ = tokio::time::timeout(PUBLISH_LIMIT, newer).await;
    }
}
