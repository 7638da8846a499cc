//! The contract document: OpenAPI 3.1 of what a caller can do here, made from the live schema.
//!
//! [`table`] says of every route how it is described: once (`operation.rs`, `fixed.rs`), once a collection
//! (`per_collection.rs`), or not at all, with the reason. `record.rs` and `field.rs` turn collections into schemas,
//! `shared.rs` holds the parts that many operations use. Everything is a pure function of [`Schema`] and [`Audience`];
//! [`Documents`] keeps the results until the schema changes.
//!
//! *Invariant:* a document says nothing that its reader's rules can never allow: no operation under a null rule, no
//! hidden field, no route of superusers. A route that `table` does not know fails a test.
//! Start reading at [`document`].

mod field;
mod fixed;
mod operation;
mod per_collection;
mod record;
mod shared;
mod table;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

use self::operation::Operation;
use self::record::Subject;
use self::table::{Place, TABLE};
use crate::query::Caller;
use crate::schema::Schema;

/// Who reads the document. Guests and signed-in records are not told apart: what a record may do once it signed in is
/// what the author of an app wants to know before there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Public,
    Superuser,
}

impl Audience {
    pub(super) fn of(caller: &Caller) -> Self {
        if caller.is_superuser() { Self::Superuser } else { Self::Public }
    }

    fn is_superuser(self) -> bool {
        self == Self::Superuser
    }

    /// Whether an operation under this rule can ever be allowed.
    fn may(self, rule: &Option<String>) -> bool {
        self.is_superuser() || rule.is_some()
    }
}

/// The documents in their written form, each for one version of the schema.
#[derive(Default)]
pub(super) struct Documents {
    public: Mutex<Option<(u64, Bytes)>>,
    superuser: Mutex<Option<(u64, Bytes)>>,
}

impl Documents {
    /// The document of this schema. Whoever asks while it is written waits for it instead of writing another.
    pub(super) fn get(&self, schema: &Schema, audience: Audience) -> Bytes {
        let mut kept = match audience {
            Audience::Public => self.public.lock(),
            Audience::Superuser => self.superuser.lock(),
        };
        match &*kept {
            Some((version, document)) if *version == schema.version => document.clone(),
            _ => {
                let written = Bytes::from(document(schema, audience).to_string());
                *kept = Some((schema.version, written.clone()));
                written
            }
        }
    }
}

/// The whole document.
pub fn document(schema: &Schema, audience: Audience) -> Json {
    let subjects: Vec<Subject<'_>> =
        schema.collections().iter().map(|collection| Subject { schema, collection, audience }).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Basalt",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A superset of PocketBase's REST API, described from the collections of this server.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "token": [] }],
        "tags": tags(&subjects),
        "paths": paths(&subjects, audience),
        "components": {
            "securitySchemes": { "token": shared::security_scheme() },
            "parameters": shared::parameters(),
            "responses": shared::responses(),
            "schemas": schemas(&subjects, audience),
        },
    })
}

/// One tag a collection that can be used at all, behind those of the fixed routes.
fn tags(subjects: &[Subject<'_>]) -> Vec<Json> {
    let fixed = fixed::TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description }));
    let own = subjects.iter().filter(|subject| subject.is_visible());
    let own = own.map(|subject| {
        let description = format!("Records of the {} collection {}.", subject.collection.type_name(), subject.name());
        json!({ "name": format!("records: {}", subject.name()), "description": description })
    });
    fixed.chain(own).collect()
}

fn paths(subjects: &[Subject<'_>], audience: Audience) -> Map<String, Json> {
    let mut paths = Map::new();
    for (label, place) in TABLE {
        match place {
            Place::Once(operation) => add(&mut paths, label, label, operation(), audience),
            Place::PerCollection(operation) => {
                for subject in subjects {
                    if let Some(operation) = operation(subject) {
                        let own = label.replace("{collection}", subject.name());
                        add(&mut paths, label, &own, operation, audience);
                    }
                }
            }
            Place::LeftOut => {}
        }
    }
    paths
}

/// Puts the operation under its path; `label` is the route's, `own` the same for one collection.
fn add(paths: &mut Map<String, Json>, label: &str, own: &str, operation: Operation, audience: Audience) {
    if operation.superuser_only && !audience.is_superuser() {
        return;
    }
    let Some((method, path)) = own.split_once(' ') else { return };
    let methods = paths.entry(path).or_insert_with(|| json!({}));
    methods[method.to_ascii_lowercase()] = operation.to_json(label, path);
}

fn schemas(subjects: &[Subject<'_>], audience: Audience) -> Map<String, Json> {
    let mut schemas = shared::schemas(audience);
    for subject in subjects.iter().filter(|subject| subject.is_visible()) {
        schemas.extend(subject.schemas());
    }
    schemas
}
