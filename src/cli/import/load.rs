//! Rows become records, through the normal write path and behind what requests write; what does not fit is set aside.

use std::path::PathBuf;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::ledger::Ledger;
use super::rejects::Rejects;
use super::source::{self, Format, Row};
use crate::app::App;
use crate::cli::progress::Progress;
use crate::crypto::time_ordered_id;
use crate::error::{Error, Kind, Result};
use crate::query::Request;

/// Rows that are written at once, so that they share commits.
const BATCH: usize = 256;
/// From so many new records on the planner is told at once, which otherwise learns of them by itself, but later.
const MANY: u64 = 10_000;

/// What is to be loaded.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Order {
    pub collection: String,
    /// Of the collection that is to be created; without them it must be there.
    pub fields: Option<Vec<Json>>,
    pub file: PathBuf,
    pub format: Format,
    /// How many rows there are, for the one who watches.
    pub rows: u64,
}

/// Creates the collection if there are fields for it, then a record for every row that fits.
pub(in crate::cli) async fn load(app: &App, order: Order, progress: &Progress) -> Result<Json> {
    let Order { collection, fields, file, format, rows: total } = order;
    let mut rows = source::open(&file, format).map_err(|error| Error::invalid(format!("{error:#}")))?;
    if let Some(fields) = fields {
        app.collections.create(model(&collection, fields)).await?;
    } else if app.registry.load().find(&collection).is_none() {
        return Err(Error::not_found(format!("there is no collection {collection}; --infer would create it")));
    }
    let mut ledger = Ledger::create(app, &collection)?;
    let mut rejects = Rejects::new(&file, format, rows.names());
    let (mut created, mut done) = (0, 0);
    loop {
        let batch: anyhow::Result<Vec<Row>> = rows.by_ref().take(BATCH).collect();
        let mut batch = batch.map_err(|error| broken_off(&ledger, created, &error))?;
        if batch.is_empty() {
            break;
        }
        done += batch.len() as u64;
        created += write(app, &collection, &mut batch, &mut ledger, &mut rejects).await?;
        progress.tell(done, total.max(done));
    }
    if created >= MANY
        && let Err(error) = app.store.optimize().await
    {
        tracing::warn!(%error, "the statistics of the planner could not be renewed");
    }
    let mut result = json!({ "import": ledger.id, "created": created, "rejected": rejects.count });
    if let Some(path) = rejects.finish()? {
        result["rejectedFile"] = path.to_string_lossy().into();
    }
    Ok(result)
}

fn model(name: &str, mut fields: Vec<Json>) -> Map<String, Json> {
    let mut indexes = Vec::new();
    for field in &mut fields {
        let Some(field) = field.as_object_mut() else { continue };
        let column = field.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        if field.remove("unique") == Some(Json::Bool(true)) {
            indexes.push(format!("CREATE UNIQUE INDEX `idx_{name}_{column}` ON `{name}` (`{column}`)"));
        }
    }
    let entries =
        [("name", json!(name)), ("type", json!("base")), ("fields", fields.into()), ("indexes", indexes.into())];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The file was read whole before, so it changed meanwhile.
fn broken_off(ledger: &Ledger, created: u64, error: &anyhow::Error) -> Error {
    let id = &ledger.id;
    Error::invalid(format!("{error:#}; {created} records were created before: basalt import undo {id} takes them back"))
}

/// Notes the rows' ids and writes them. Returns how many became records.
async fn write(
    app: &App,
    collection: &str,
    rows: &mut [Row],
    ledger: &mut Ledger,
    rejects: &mut Rejects,
) -> Result<u64> {
    let given: Vec<bool> = rows.iter_mut().map(|row| give_id(app, row)).collect();
    let ids: Vec<String> = rows.iter().filter_map(|row| row.values["id"].as_str().map(str::to_owned)).collect();
    ledger.add(&ids)?;
    let template = app.records.own_request()?;
    let all = join_all(rows.iter().map(|row| send(app, &template, collection, row))).await;
    let mut created = 0;
    for ((row, given), outcome) in rows.iter_mut().zip(given).zip(all) {
        // A row may point at one that stood before it and came to the writer behind it.
        let outcome = match outcome {
            Err(error) if error.kind() == Kind::Invalid => send(app, &template, collection, row).await,
            other => other,
        };
        match outcome {
            Ok(()) => created += 1,
            Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => {
                if given {
                    row.values.swap_remove("id");
                }
                rejects.add(row, &reason(&error))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(created)
}

/// Ids are given here, so that they can be noted before the records are there. A row with an id of its own that is
/// no id keeps it and is rejected for it. True if the row had none.
fn give_id(app: &App, row: &mut Row) -> bool {
    let id = row.values.entry("id").or_insert(Json::Null);
    match id {
        Json::String(text) if !text.is_empty() => return false,
        Json::Number(number) => *id = number.to_string().into(),
        _ => {
            *id = time_ordered_id(app.clock.now_ms()).into();
            return true;
        }
    }
    false
}

async fn send(app: &App, template: &Request, collection: &str, row: &Row) -> Result<()> {
    let request = Request { body: row.values.clone(), ..template.clone() };
    app.records.import(&request, collection).await.map(drop)
}

fn reason(error: &Error) -> String {
    match error.fields().is_empty() {
        true => error.to_string(),
        false => error.fields().to_json().to_string(),
    }
}
