//! What an import created, kept in the data directory so that it can be undone.
//!
//! A file of lines: the collection, then the ids of each batch before it is written.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::app::App;
use crate::crypto::time_ordered_id;
use crate::error::{Error, Kind, Result};
use crate::records::{BatchAction, BatchEntry, BatchError};

const DIRECTORY: &str = "imports";
const BATCH: usize = 200;
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Ledger {
    pub id: String,
    file: File,
}

impl Ledger {
    pub fn create(app: &App, collection: &str) -> Result<Self> {
        let id = time_ordered_id(app.clock.now_ms());
        let path = path(&app.config.dir, &id);
        let file = std::fs::create_dir_all(app.config.dir.join(DIRECTORY)).and_then(|()| File::create_new(path));
        let mut ledger = Self { id, file: file.map_err(Error::internal)? };
        ledger.add(&[collection.to_owned()])?;
        Ok(ledger)
    }

    /// Notes ids durably.
    pub fn add(&mut self, ids: &[String]) -> Result<()> {
        let lines: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
        self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data()).map_err(Error::internal)
    }
}

/// Deletes what an import created and is still there; cascades as any other deletion.
pub(in crate::cli) async fn undo(app: &App, id: &str) -> Result<Json> {
    let unknown = || Error::not_found(format!("there is no import {id}"));
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(unknown());
    }
    let path = path(&app.config.dir, id);
    let file = File::open(&path).map_err(|error| unknown().with_cause(error))?;
    let mut lines = BufReader::new(file).lines();
    let collection = lines.next().ok_or_else(unknown)?.map_err(Error::internal)?;
    let mut deleted = 0;
    loop {
        let ids: std::io::Result<Vec<String>> = lines.by_ref().take(BATCH).collect();
        let ids = ids.map_err(Error::internal)?;
        if ids.is_empty() {
            break;
        }
        deleted += delete(app, &collection, ids).await?;
    }
    std::fs::remove_file(&path).map_err(Error::internal)?;
    Ok(json!({ "deleted": deleted }))
}

/// Deletes the records in one transaction; those that are gone are left out and the rest tried again.
async fn delete(app: &App, collection: &str, mut ids: Vec<String>) -> Result<usize> {
    let request = crate::cli::task::request(app)?;
    while !ids.is_empty() {
        let entry = |id: &String| BatchEntry {
            action: BatchAction::Delete(id.clone()),
            collection: collection.to_owned(),
            query: indexmap::IndexMap::default(),
            headers: indexmap::IndexMap::default(),
            body: serde_json::Map::new(),
        };
        match app.records.batch(&request, ids.iter().map(entry).collect(), BATCH_TIMEOUT, None).await {
            Ok(_) => return Ok(ids.len()),
            Err(BatchError::Entry { index, error }) if error.kind() == Kind::NotFound && index < ids.len() => {
                ids.remove(index);
            }
            Err(BatchError::Entry { error, .. } | BatchError::Whole(error)) => return Err(error),
        }
    }
    Ok(0)
}

fn path(dir: &Path, id: &str) -> PathBuf {
    dir.join(DIRECTORY).join(format!("{id}.txt"))
}
