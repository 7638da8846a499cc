//! One change of the schema, inside its transaction: complete, check, carry out, save.
//!
//! Views are dropped before the first statement on a table and made again at the end of each step, with their fields
//! inferred anew: SQLite refuses to alter what a view reads, and a view that no longer works must fail the change.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::load;
use crate::error::{Error, FieldError, FieldErrors, Kind, Result};
use crate::query;
use crate::schema::{
    Collection, CollectionKind, Field, IndexStatement, Schema, Secrets, change_sql, check_relations, check_shape,
    create_sql, drop_sql, empty_model, first_collections, keep_client_secrets, merge, missing_index_columns,
    new_secret, view_fields,
};
use crate::store::{Row, Statement, StoreError, Tx, Value, quote};

/// How many rows of a view are looked at for ids that are missing or not unique.
const CHECKED_ROWS: usize = 1000;

pub(super) const CREATE_FAILED: &str = "failed to create collection";
pub(super) const UPDATE_FAILED: &str = "failed to update collection";

/// The collections as this transaction leaves them so far.
pub(super) struct Change {
    tx: Tx,
    now: String,
    schema: Arc<Schema>,
}

impl Change {
    pub(super) fn new(tx: Tx, now: String, schema: Arc<Schema>) -> Self {
        Self { tx, now, schema }
    }

    pub(super) fn finish(self) -> Vec<Arc<Collection>> {
        self.schema.collections().to_vec()
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The collections of a fresh data directory; of nodes that start at once on an empty database the first makes them.
    pub(super) async fn create_first(&mut self) -> Result<()> {
        if !self.schema.collections().is_empty() {
            return Ok(());
        }
        for model in first_collections() {
            if let Json::Object(model) = model {
                self.create(&model).await?;
            }
        }
        Ok(())
    }

    /// The id of what was created.
    pub(super) async fn create(&mut self, model: &Map<String, Json>) -> Result<String> {
        let new = self.draft(model, None)?;
        self.save(new, None, CREATE_FAILED, Links::Check).await
    }

    pub(super) async fn update(&mut self, id: &str, patch: &Map<String, Json>) -> Result<String> {
        let old = self.schema.by_id(id).cloned().ok_or_else(|| Error::not_found(""))?;
        let new = self.draft(patch, Some(&old))?;
        self.save(new, Some(&old), UPDATE_FAILED, Links::Check).await
    }

    /// Sets when a collection was made and last changed.
    pub(super) async fn set_times(&mut self, id: &str, created: String, updated: String) -> Result<()> {
        let Some(old) = self.schema.by_id(id) else { return Err(Error::not_found("")) };
        let new = Collection { created, updated, ..Collection::clone(old) };
        load::set_times(&self.tx, &new).await?;
        self.replace(id, Some(new));
        Ok(())
    }

    pub(super) async fn delete(&mut self, id: &str) -> Result<()> {
        let old = self.schema.by_id(id).cloned().ok_or_else(|| Error::not_found(""))?;
        if old.system {
            return Err(Error::invalid(format!("failed to delete collection: {} is a system collection", old.name)));
        }
        let referrer = self
            .schema
            .referrers(id)
            .iter()
            .find(|referrer| referrer.collection.id != old.id && !referrer.collection.is_view());
        if let Some(referrer) = referrer {
            let message = format!("failed to delete collection: {} has a relation to it", referrer.collection.name);
            return Err(Error::invalid(message));
        }
        self.drop_views().await?;
        if !old.is_view() {
            self.run(&drop_sql(&old)).await?;
        }
        load::remove(&self.tx, id).await?;
        self.replace(id, None);
        self.make_views("failed to delete collection").await
    }

    /// Reads what was sent over the defaults, or over what is there.
    pub(super) fn draft(&self, sent: &Map<String, Json>, old: Option<&Collection>) -> Result<Collection> {
        let mut model = match old {
            Some(old) => old.to_json(Secrets::Keep),
            None => {
                let kind = sent.get("type").and_then(Json::as_str).filter(|kind| !kind.is_empty()).unwrap_or("base");
                let mut model = empty_model(kind);
                model.insert("indexes".into(), Json::Array(Vec::new()));
                model
            }
        };
        let before = old.map(|_| model.clone());
        merge(&mut model, sent);
        if model.get("type").and_then(Json::as_str) == Some("") {
            model.insert("type".into(), old.map_or("base", Collection::type_name).into());
        }
        let shape = |reason: String| {
            Error::invalid("failed to load the submitted data due to invalid formatting").with_cause(reason)
        };
        if let (Some(old), Some(before)) = (old, &before) {
            keep_client_secrets(&mut model, before);
            if model.get("id") != before.get("id") {
                return Err(Error::invalid("failed to update collection: its id can't be changed"));
            }
            model.insert("created".into(), old.created.as_str().into());
            let sent_type = model.get("type").and_then(Json::as_str).unwrap_or_default();
            if sent_type != old.type_name() {
                let error = FieldError::new("validation_collection_type_change", "The type can't be changed.");
                return Err(Error::invalid(UPDATE_FAILED).with_fields(FieldErrors::one("type", error)));
            }
        }
        let kind = model.get("type").and_then(Json::as_str).unwrap_or_default();
        if !["base", "auth", "view"].contains(&kind) {
            let error = FieldError::new("validation_in_invalid", "The type must be base, auth or view.");
            return Err(Error::invalid(CREATE_FAILED).with_fields(FieldErrors::one("type", error)));
        }
        let mut new = Collection::from_json(&model, 0).map_err(shape)?;
        new.settle(old, &self.schema);
        if old.is_none() {
            new.created.clone_from(&self.now);
        }
        new.updated.clone_from(&self.now);
        if let (Some(before), CollectionKind::Auth(after)) = (old.and_then(Collection::auth), &mut new.kind)
            && before.auth_rule != after.auth_rule
            && before.auth_token.secret == after.auth_token.secret
        {
            // Whoever could sign in under the old rule must do so again under the new.
            after.auth_token.secret = new_secret();
        }
        Ok(new)
    }

    /// Checks a completed collection and carries it out. The id of it.
    pub(super) async fn save(
        &mut self,
        mut new: Collection,
        old: Option<&Collection>,
        failed: &'static str,
        links: Links,
    ) -> Result<String> {
        let mut errors = check_shape(&new, old, &self.schema);
        if new.is_view() {
            // While the other views are still there: this one may read them.
            let problem = match self.infer(&mut new, old).await {
                Ok(rows) => check_ids(&new.fields, &rows).err().map(invalid_query),
                Err(error) => Some(error),
            };
            if let Some(error) = problem {
                errors.add("viewQuery", error);
                if new.fields.is_empty() {
                    errors.add("fields", FieldError::new("validation_required", "A view needs fields."));
                }
            }
        }
        if links == Links::Check {
            errors = self.check_links(&new, errors);
        }
        if errors.is_empty() {
            errors = missing_index_columns(&new);
        }
        errors.into_result(failed)?;
        self.drop_views().await?;
        if !new.is_view() {
            let sql = old.map_or_else(|| create_sql(&new), |old| change_sql(old, &new));
            for statement in sql {
                self.run(&statement).await.map_err(|error| statement_failed(&new, &statement, error, failed))?;
            }
        }
        load::save(&self.tx, &mut new).await?;
        let id = new.id.clone();
        self.replace(&id, Some(new));
        self.make_views(failed).await?;
        Ok(id)
    }

    /// Rules and relation targets, as they are once this collection is in place.
    pub(super) fn check_links(&self, new: &Collection, mut errors: FieldErrors) -> FieldErrors {
        let (mut collections, shared) = (self.schema.collections().to_vec(), Arc::new(new.clone()));
        match collections.iter_mut().find(|other| other.id == new.id) {
            Some(place) => *place = shared.clone(),
            None => collections.push(shared.clone()),
        }
        let schema = Schema::new(self.schema.version, collections);
        check_relations(new, &schema, &mut errors);
        let rules = &new.rules;
        let auth = new.auth();
        let named = [
            ("listRule", rules.list.as_deref()),
            ("viewRule", rules.view.as_deref()),
            ("createRule", rules.create.as_deref()),
            ("updateRule", rules.update.as_deref()),
            ("deleteRule", rules.delete.as_deref()),
            ("authRule", auth.and_then(|auth| auth.auth_rule.as_deref())),
            ("manageRule", auth.and_then(|auth| auth.manage_rule.as_deref())),
        ];
        let refused = |rule: &str| {
            let error = query::check_rule(rule, &schema, &shared).err()?;
            Some(FieldError::new("validation_invalid_rule", format!("The rule is not valid: {error}.")))
        };
        for (name, rule) in named {
            if let Some(error) = rule.filter(|rule| !rule.is_empty()).and_then(refused) {
                errors.add(name, error);
            }
        }
        let mfa = auth.and_then(|auth| auth.other.get("mfa")).filter(|mfa| mfa["enabled"] == true);
        let mfa = mfa.and_then(|mfa| mfa["rule"].as_str()).filter(|rule| !rule.is_empty());
        if let Some(error) = mfa.and_then(refused) {
            errors.nest("mfa", FieldErrors::one("rule", error));
        }
        errors
    }

    async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.tx.execute(&Statement::new(sql, vec![])).await.map(|_| ())
    }

    fn replace(&mut self, id: &str, new: Option<Collection>) {
        let mut collections = self.schema.collections().to_vec();
        let place = collections.iter().position(|collection| collection.id == id);
        match (place, new.map(Arc::new)) {
            (Some(place), Some(new)) => collections[place] = new,
            (Some(place), None) => drop(collections.remove(place)),
            (None, Some(new)) => collections.push(new),
            (None, None) => {}
        }
        self.schema = Arc::new(Schema::new(self.schema.version, collections));
    }

    fn views(&self) -> Vec<Arc<Collection>> {
        self.schema.collections().iter().filter(|collection| collection.is_view()).cloned().collect()
    }

    async fn drop_views(&self) -> Result<()> {
        for view in self.views().iter().rev() {
            self.run(&drop_sql(view)).await?;
        }
        Ok(())
    }

    /// Makes all views again, those that read others after these.
    async fn make_views(&mut self, failed: &'static str) -> Result<()> {
        let mut waiting = self.views();
        while !waiting.is_empty() {
            let mut later = Vec::new();
            let mut first_failure = None;
            let before = waiting.len();
            for view in waiting {
                if let Some(error) = self.make_view(&view).await? {
                    first_failure.get_or_insert_with(|| view_broken(failed, &view.name, &error));
                    later.push(view);
                }
            }
            if later.len() == before
                && let Some(error) = first_failure
            {
                return Err(error);
            }
            waiting = later;
        }
        Ok(())
    }

    /// Infers the fields and sources, makes the SQL view and saves what changed; the reason where the query does not work now.
    async fn make_view(&mut self, view: &Arc<Collection>) -> Result<Option<FieldError>> {
        let mut new = Collection::clone(view);
        if let Err(error) = self.infer(&mut new, Some(view)).await {
            return Ok(Some(error));
        }
        let CollectionKind::View { query, .. } = &new.kind else { return Ok(None) };
        self.run(&format!("CREATE VIEW {} AS SELECT * FROM ({})", quote(&new.name), view_query(query))).await?;
        if new != **view {
            load::save(&self.tx, &mut new).await?;
            let id = new.id.clone();
            self.replace(&id, Some(new));
        }
        Ok(None)
    }

    /// The fields of a view, from its query and the tables as they are now; none where the query yields none.
    /// Gives the first rows, whose ids are for the caller to check: a view that is saved already may have come to bad
    /// ones by its records, which must not stand in the way of other changes.
    async fn infer(&self, new: &mut Collection, old: Option<&Collection>) -> Result<Vec<Row>, FieldError> {
        // An import brings the fields that the view had elsewhere.
        let sent = new.clone();
        new.fields.clear();
        let CollectionKind::View { query, .. } = &new.kind else { return Ok(Vec::new()) };
        let query = view_query(query);
        if query.is_empty() {
            return Err(FieldError::new("validation_required", "Cannot be blank."));
        }
        let denied = secret_columns(&self.schema);
        let found = self
            .tx
            .inspect_view(query, &denied, CHECKED_ROWS)
            .await
            .map_err(|error| invalid_query(error.to_string()))?;
        let fields = view_fields(query, &found.columns, &self.schema, old.or(Some(&sent))).map_err(invalid_query)?;
        new.fields = fields;
        load::note_sources(new, &found);
        new.settle_table(new.table.number);
        Ok(found.rows)
    }
}

fn invalid_query(reason: String) -> FieldError {
    FieldError::new("validation_invalid_view_query", format!("The query is not valid: {reason}."))
}

/// The rows of a view must have ids, each its own.
pub(super) fn check_ids(fields: &[Field], rows: &[Row]) -> Result<(), String> {
    let id_column = fields.iter().position(Field::is_primary_key).unwrap_or_default();
    let mut ids = HashSet::new();
    let unique = rows.iter().all(|row| {
        let id = row.get(id_column);
        *id != Value::Null && *id != Value::Text(String::new()) && ids.insert(format!("{id:?}"))
    });
    if unique { Ok(()) } else { Err("the ids must be unique and never empty".into()) }
}

/// Whether rules and relation targets are checked at once, or by the caller when all collections are in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Check,
    Later,
}

/// The query without what may stand behind it.
pub(super) fn view_query(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}

/// The columns that no view may read.
pub(super) fn secret_columns(schema: &Schema) -> Vec<(String, String)> {
    let secret = |collection: &Collection, field: &Field| {
        field.kind.name() == "password" || (collection.auth().is_some() && field.name == "tokenKey")
    };
    let tables = schema.collections().iter().filter(|collection| !collection.is_view());
    tables
        .flat_map(|collection| {
            let fields = collection.fields.iter().filter(|field| secret(collection, field));
            fields.map(|field| (collection.name.clone(), field.name.clone()))
        })
        .collect()
}

fn view_broken(failed: &'static str, name: &str, error: &FieldError) -> Error {
    let message = format!("{failed}: the view {name} would not work any more. {}", error.message);
    Error::new(Kind::Invalid, message)
}

/// A statement that the engine refused: an index gets the blame where it is one.
fn statement_failed(new: &Collection, statement: &str, error: StoreError, failed: &'static str) -> Error {
    let reason = match &error {
        StoreError::Unique { .. } => "some records have the same values".to_owned(),
        StoreError::Statement(reason) => reason.clone(),
        _ => return error.into(),
    };
    let Some(index) = new.indexes.iter().position(|index| index == statement) else {
        return Error::invalid(format!("{failed}. Raw error: {reason}"));
    };
    let name = IndexStatement::parse(statement).map(|parsed| parsed.name).unwrap_or_default();
    let error =
        FieldError::new("validation_invalid_index_expression", format!("The index {name} can't be made: {reason}."));
    let mut nested = FieldErrors::default();
    nested.nest("indexes", FieldErrors::one(index.to_string(), error));
    Error::invalid(failed).with_fields(nested)
}
