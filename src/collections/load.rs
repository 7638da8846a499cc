//! Rows of `_collections` into collections and back.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::change::view_query;
use crate::error::{Error, Result};
use crate::schema::{Collection, CollectionKind, Secrets};
use crate::store::{Row, Statement, Store, Tx, Value, ViewInspection};

const SELECT: &str = "SELECT number, id, name, type, system, fields, indexes, listRule, viewRule, createRule, \
                      updateRule, deleteRule, options, created, updated FROM _collections ORDER BY number";

/// All stored collections, oldest first.
pub(super) async fn all(store: &Store) -> Result<Vec<Arc<Collection>>> {
    let mut collections = collections(&store.rows(Statement::new(SELECT, vec![])).await?)?;
    for view in &mut collections {
        if let Some(query) = query(view) {
            // One that does not work any more keeps no sources, and fails when it is read.
            note_sources(view, &store.inspect_view(&query, Vec::new(), 0).await.unwrap_or_default());
        }
    }
    Ok(collections.into_iter().map(Arc::new).collect())
}

/// All collections as a transaction finds them.
pub(super) async fn all_in(tx: &Tx) -> Result<Vec<Arc<Collection>>> {
    let mut collections = collections(&tx.reader().rows(Statement::new(SELECT, vec![])).await?)?;
    for view in &mut collections {
        if let Some(query) = query(view) {
            note_sources(view, &tx.inspect_view(&query, &[], 0).await.unwrap_or_default());
        }
    }
    Ok(collections.into_iter().map(Arc::new).collect())
}

fn collections(rows: &[Row]) -> Result<Vec<Collection>> {
    rows.iter().map(collection).collect()
}

fn query(collection: &Collection) -> Option<String> {
    match &collection.kind {
        CollectionKind::View { query, .. } => Some(view_query(query).to_owned()),
        _ => None,
    }
}

/// Notes what a view reads, which is not stored.
pub(super) fn note_sources(view: &mut Collection, found: &ViewInspection) {
    if let CollectionKind::View { sources, .. } = &mut view.kind {
        *sources = found.stable.then(|| found.tables_read.clone());
    }
}

fn collection(row: &Row) -> Result<Collection> {
    let json = |index: usize| serde_json::from_str::<Json>(row.get(index).as_str()).map_err(Error::internal);
    let text = |index: usize| match row.get(index) {
        Value::Text(text) => Json::String(text.clone()),
        _ => Json::Null,
    };
    let mut model = match json(12)? {
        Json::Object(options) => options,
        _ => Map::new(),
    };
    let texts = [
        (1, "id"),
        (2, "name"),
        (3, "type"),
        (7, "listRule"),
        (8, "viewRule"),
        (9, "createRule"),
        (10, "updateRule"),
        (11, "deleteRule"),
        (13, "created"),
        (14, "updated"),
    ];
    model.extend(texts.map(|(index, name)| (name.to_owned(), text(index))));
    model.insert("system".into(), row.get(4).truthy().into());
    model.insert("fields".into(), json(5)?);
    model.insert("indexes".into(), json(6)?);
    Collection::from_json(&model, row.get(0).as_i64().unwrap_or_default()).map_err(Error::internal)
}

/// Writes the row of a collection; a new one gets its number, which is never used again.
pub(super) async fn save(tx: &Tx, collection: &mut Collection) -> Result<()> {
    let rule = |rule: &Option<String>| rule.as_deref().map_or(Value::Null, Value::from);
    let params = vec![
        collection.id.as_str().into(),
        collection.name.as_str().into(),
        collection.type_name().into(),
        collection.system.into(),
        serde_json::to_string(&collection.fields).map_err(Error::internal)?.into(),
        serde_json::to_string(&collection.indexes).map_err(Error::internal)?.into(),
        rule(&collection.rules.list),
        rule(&collection.rules.view),
        rule(&collection.rules.create),
        rule(&collection.rules.update),
        rule(&collection.rules.delete),
        Json::Object(collection.options_json(Secrets::Keep)).to_string().into(),
        collection.created.as_str().into(),
        collection.updated.as_str().into(),
    ];
    let sql = "INSERT INTO _collections (id, name, type, system, fields, indexes, listRule, viewRule, createRule, \
               updateRule, deleteRule, options, created, updated) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
               ON CONFLICT (id) DO UPDATE SET name = ?2, fields = ?5, indexes = ?6, listRule = ?7, viewRule = ?8, \
               createRule = ?9, updateRule = ?10, deleteRule = ?11, options = ?12, updated = ?14";
    tx.execute(&Statement::new(sql, params)).await?;
    let number = Statement::new("SELECT number FROM _collections WHERE id = ?1", vec![collection.id.as_str().into()]);
    let number = tx.reader().first(number).await?.and_then(|row| row.get(0).as_i64());
    collection.settle_table(number.unwrap_or_default());
    Ok(())
}

pub(super) async fn set_times(tx: &Tx, collection: &Collection) -> Result<()> {
    let params = [&collection.id, &collection.created, &collection.updated].map(|text| text.as_str().into());
    let sql = "UPDATE _collections SET created = ?2, updated = ?3 WHERE id = ?1";
    tx.execute(&Statement::new(sql, params.into())).await?;
    Ok(())
}

pub(super) async fn remove(tx: &Tx, id: &str) -> Result<()> {
    tx.execute(&Statement::new("DELETE FROM _collections WHERE id = ?1", vec![id.into()])).await?;
    Ok(())
}
