//! In which order collections are filled, so that relations find their records; what goes in circles comes later.

use std::collections::HashSet;
use std::sync::Arc;

use crate::schema::{Collection, Field, SUPERUSERS_ID, Schema};

/// One collection to fill.
pub(super) struct Step {
    pub collection: Arc<Collection>,
    /// Relations that are set when every collection has its records.
    pub later: Vec<String>,
}

/// All collections that are filled, in that order.
pub(super) fn steps(schema: &Schema) -> Vec<Step> {
    let mut waiting: Vec<&Arc<Collection>> =
        schema.collections().iter().filter(|collection| !collection.system && !collection.is_view()).collect();
    let mut filled: HashSet<&str> = HashSet::from([SUPERUSERS_ID]);
    let mut steps = Vec::new();
    while !waiting.is_empty() {
        let next = next(&waiting, &filled);
        let collection = waiting.remove(next);
        let later = collection.fields.iter().filter(|field| is_late(field, collection, &filled));
        steps.push(Step { collection: collection.clone(), later: later.map(|field| field.name.clone()).collect() });
        filled.insert(&collection.id);
    }
    steps
}

/// The position of a collection that lacks nothing, else of one that lacks nothing required, else the first.
fn next(waiting: &[&Arc<Collection>], filled: &HashSet<&str>) -> usize {
    let lacks = |collection: &Collection, field: &Field| is_early(field, collection, filled);
    let lacks_any = |collection: &Collection| collection.fields.iter().any(|field| lacks(collection, field));
    let lacks_required =
        |collection: &Collection| collection.fields.iter().any(|field| field.required && lacks(collection, field));
    let complete = waiting.iter().position(|collection| !lacks_any(collection));
    complete.or_else(|| waiting.iter().position(|collection| !lacks_required(collection))).unwrap_or(0)
}

impl Step {
    /// Relations that must be set although their records are not there yet.
    pub(super) fn required_later(&self) -> impl Iterator<Item = &Field> {
        self.collection.fields.iter().filter(|field| field.required && self.later.contains(&field.name))
    }
}

/// A relation to another collection that has no records yet.
fn is_early(field: &Field, collection: &Collection, filled: &HashSet<&str>) -> bool {
    field.relation_target().is_some_and(|target| target != collection.id && !filled.contains(target))
}

/// The same, or one to the own collection that even the first record needs.
fn is_late(field: &Field, collection: &Collection, filled: &HashSet<&str>) -> bool {
    let to_itself = field.relation_target().is_some_and(|target| target == collection.id);
    is_early(field, collection, filled) || (to_itself && field.required)
}
