//! Rows become records, in batches through the normal write path; what does not fit is set aside.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use indicatif::ProgressBar;
use serde_json::{Map, Value as Json, json};

use super::ledger::Ledger;
use super::source::{self, Format, Row};
use crate::app::App;
use crate::cli::task::request;
use crate::crypto::time_ordered_id;
use crate::error::{Error, Result};
use crate::query::Request;
use crate::records::{BatchAction, BatchEntry, BatchError};

/// Rows of one transaction: enough to make its fixed cost small, few enough that requests get their turn.
const BATCH: usize = 200;
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);

/// A row that became no record.
struct Rejected {
    row: Row,
    reason: String,
}

/// Creates the collection if there are fields for it, then a record for every row that fits.
pub(in crate::cli) async fn load(
    app: &App,
    collection: &str,
    fields: Option<Vec<Json>>,
    file: PathBuf,
    format: Format,
) -> Result<Json> {
    let rows = source::read(&file, format).map_err(|error| Error::invalid(format!("{error:#}")))?;
    if let Some(fields) = fields {
        app.collections.create(model(collection, fields)).await?;
    } else if app.registry.load().find(collection).is_none() {
        return Err(Error::not_found(format!("there is no collection {collection}; --infer would create it")));
    }
    let mut ledger = Ledger::create(app, collection)?;
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(rows.len() as u64) } else { ProgressBar::hidden() };
    let (mut created, mut rejected) = (0, Vec::new());
    let request = request(app)?;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
        let taken = batch.len();
        give_ids(app, &mut batch);
        let ids: Vec<String> = batch.iter().filter_map(|row| row.values["id"].as_str().map(str::to_owned)).collect();
        ledger.add(&ids)?;
        created += write(app, &request, collection, batch, &mut rejected).await?;
        bar.inc(taken as u64);
    }
    bar.finish_and_clear();
    let mut result = json!({ "import": ledger.id, "created": created, "rejected": rejected.len() });
    if !rejected.is_empty() {
        let path = super::rejected_path(&file, format);
        set_aside(&path, format, &rejected).map_err(|error| Error::invalid(format!("{error:#}")))?;
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

/// Ids are given here, so that they can be noted before the records are there. A row with an id of its own that is
/// no id keeps it and is rejected for it.
fn give_ids(app: &App, rows: &mut [Row]) {
    for row in rows {
        let id = row.values.entry("id").or_insert(Json::Null);
        match id {
            Json::String(text) if !text.is_empty() => {}
            Json::Number(number) => *id = number.to_string().into(),
            _ => *id = time_ordered_id(app.clock.now_ms()).into(),
        }
    }
}

/// Writes the rows. Those before the first that fails go in again without it, and the ones behind it follow.
async fn write(
    app: &App,
    request: &Request,
    collection: &str,
    mut rows: Vec<Row>,
    rejected: &mut Vec<Rejected>,
) -> Result<usize> {
    let mut created = 0;
    while !rows.is_empty() {
        match send(app, request, collection, &rows).await {
            Ok(()) => return Ok(created + rows.len()),
            Err(BatchError::Entry { index, error }) if index < rows.len() => {
                let rest = rows.split_off(index + 1);
                rejected.extend(rows.pop().map(|row| Rejected { row, reason: reason(&error) }));
                if !rows.is_empty() {
                    send(app, request, collection, &rows).await.map_err(whole)?;
                    created += rows.len();
                }
                rows = rest;
            }
            Err(error) => return Err(whole(error)),
        }
    }
    Ok(created)
}

fn whole(error: BatchError) -> Error {
    match error {
        BatchError::Entry { error, .. } | BatchError::Whole(error) => error,
    }
}

async fn send(app: &App, request: &Request, collection: &str, rows: &[Row]) -> Result<(), BatchError> {
    let entry = |row: &Row| BatchEntry {
        action: BatchAction::Create,
        collection: collection.to_owned(),
        query: IndexMap::default(),
        headers: IndexMap::default(),
        body: row.values.clone(),
    };
    app.records.batch(request, rows.iter().map(entry).collect(), BATCH_TIMEOUT, None).await.map(drop)
}

fn reason(error: &Error) -> String {
    match error.fields().is_empty() {
        true => error.to_string(),
        false => error.fields().to_json().to_string(),
    }
}

fn set_aside(path: &Path, format: Format, rejected: &[Rejected]) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let list =
                rejected.iter().map(|one| json!({ "line": one.row.line, "reason": one.reason, "row": one.row.values }));
            std::fs::write(path, serde_json::to_vec_pretty(&list.collect::<Vec<_>>())?)?;
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_path(path)?;
            let names: Vec<&String> = rejected
                .iter()
                .flat_map(|one| one.row.values.keys())
                .collect::<indexmap::IndexSet<_>>()
                .into_iter()
                .collect();
            writer.write_record(["line", "reason"].into_iter().chain(names.iter().map(|name| name.as_str())))?;
            for Rejected { row, reason } in rejected {
                let cells = names.iter().map(|name| row.values.get(*name).and_then(Json::as_str).unwrap_or_default());
                writer.write_record([row.line.to_string().as_str(), reason].into_iter().chain(cells))?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}
