//! Many collections at once, all or none (contract 4.7).

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::change::{Change, Links};
use crate::error::{Error, FieldError, FieldErrors, Result};

const FAILED: &str = "failed to import collections";

impl Change {
    /// Saves all of them, views last, then checks rules and relations against the whole.
    pub(super) async fn import(&mut self, collections: Vec<Json>, delete_missing: bool) -> Result<()> {
        let mut models: Vec<Map<String, Json>> = Vec::with_capacity(collections.len());
        for collection in collections {
            match collection {
                Json::Object(model) => models.push(model),
                _ => return Err(Error::invalid("failed to read the submitted data: a collection must be an object")),
            }
        }
        models.sort_by_key(|model| model.get("type").and_then(Json::as_str) == Some("view"));
        let mut saved = HashSet::new();
        for model in &models {
            let name = model.get("name").and_then(Json::as_str).unwrap_or_default();
            let id = self.import_one(model, delete_missing).await.map_err(|error| explain(name, error))?;
            if !saved.insert(id) {
                return Err(failed(name, "it appears more than once"));
            }
        }
        for id in &saved {
            if let Some(collection) = self.schema().by_id(id).cloned() {
                let errors = self.check_links(&collection, FieldErrors::default());
                errors.into_result(FAILED).map_err(|error| explain(&collection.name, error))?;
            }
        }
        if delete_missing { self.delete_missing(&saved).await } else { Ok(()) }
    }

    async fn import_one(&mut self, model: &Map<String, Json>, delete_missing: bool) -> Result<String> {
        let key = |name: &str| model.get(name).and_then(Json::as_str).unwrap_or_default();
        let old = self.schema().by_id(key("id")).or_else(|| self.schema().by_name(key("name"))).cloned();
        let mut model = model.clone();
        if let Some(old) = &old {
            model.insert("id".into(), old.id.as_str().into());
        }
        if let (Some(old), false) = (&old, delete_missing) {
            append_missing_fields(&mut model, old);
        }
        let new = self.draft(&model, old.as_deref())?;
        self.save(new, old.as_deref(), FAILED, Links::Later).await
    }

    /// Removes what was not imported: views first, and those that others refer to after these.
    async fn delete_missing(&mut self, saved: &HashSet<String>) -> Result<()> {
        let missing = |collection: &crate::schema::Collection| !collection.system && !saved.contains(&collection.id);
        let mut waiting: Vec<(String, bool)> = self
            .schema()
            .collections()
            .iter()
            .filter(|collection| missing(collection))
            .map(|collection| (collection.id.clone(), collection.is_view()))
            .collect();
        waiting.sort_by_key(|(_, is_view)| !is_view);
        while !waiting.is_empty() {
            let referred = |id: &str| {
                self.schema()
                    .referrers(id)
                    .iter()
                    .any(|referrer| referrer.collection.id != id && !referrer.collection.is_view())
            };
            let next = waiting.iter().position(|(id, _)| !referred(id)).unwrap_or(0);
            let (id, _) = waiting.remove(next);
            self.delete(&id).await.map_err(|error| explain(&id, error))?;
        }
        Ok(())
    }
}

/// Fields that the payload does not name stay.
fn append_missing_fields(model: &mut Map<String, Json>, old: &crate::schema::Collection) {
    let Some(Json::Array(fields)) = model.get_mut("fields") else { return };
    for field in &old.fields {
        let named = |sent: &Json| sent["id"] == field.id.as_str() || sent["name"] == field.name.as_str();
        if !fields.iter().any(named)
            && let Ok(json) = serde_json::to_value(field)
        {
            fields.push(json);
        }
    }
}

fn explain(name: &str, error: Error) -> Error {
    if error.kind() != crate::error::Kind::Invalid {
        return error;
    }
    if error.fields().has_only("indexes") {
        return Error::invalid(FAILED).with_fields(error.fields().clone());
    }
    let details = if error.fields().is_empty() { String::new() } else { format!(" {}", error.fields().to_json()) };
    failed(name, &format!("{}{details}", error.message()))
}

fn failed(name: &str, reason: &str) -> Error {
    let message = format!("Collection {name:?} could not be saved: {reason}");
    let error = FieldError::new("validation_collections_import_failure", message);
    Error::invalid(FAILED).with_fields(FieldErrors::one("collections", error))
}
