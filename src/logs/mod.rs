//! The request log (contract 8.2): one row a handled request, in a database of its own beside the data.
//!
//! [`Logs::request`] writes the entry's JSON by hand (`entry.rs`) and hands it to the auxiliary database, which
//! commits every 3 s or 1,000 rows on its own thread. The settings say what is kept: `maxDays` 0 switches the log off,
//! otherwise [`Logs::sweep`] deletes older entries.
//!
//! *Invariant:* a request never waits for its entry: a full buffer drops rows and counts them.

mod entry;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub use entry::RequestEntry;

use crate::clock::{Clock, wire_text};
use crate::crypto::{time_ordered_id, time_prefix};
use crate::error::Result;
use crate::settings::Settings;
use crate::store::sqlite::{Aux, AuxValue};
use crate::store::{Statement, Value};

const FILE_NAME: &str = "aux.db";

/// One tree only, in the order of the ids and so of time: another index costs every request a fifth of its entry.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS _logs (
    id      TEXT PRIMARY KEY NOT NULL,
    level   INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    data    TEXT NOT NULL DEFAULT '{}', -- JSON
    created TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
DROP INDEX IF EXISTS _logs_created;";

const INSERT: &str = "INSERT INTO _logs (id, level, message, data, created) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Room that a thread's text keeps from one entry to the next.
const KEPT_TEXT_BYTES: usize = 4096;

thread_local! {
    /// Where an entry is written before it is handed over, so that it takes no memory of its own.
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

const SWEEP: &str = "DELETE FROM _logs WHERE id < ?1";

/// An entry as another log kept it.
#[derive(Debug)]
pub struct KeptEntry {
    pub at: DateTime<Utc>,
    pub level: i64,
    pub message: String,
    /// JSON.
    pub data: String,
}

/// The log service. Cheap to clone.
#[derive(Clone)]
pub struct Logs(Arc<Inner>);

struct Inner {
    aux: Aux,
    settings: Settings,
    clock: Clock,
}

impl Logs {
    /// Opens the log's database.
    ///
    /// # Errors
    /// When the database can't be opened.
    pub fn open(dir: &Path, settings: Settings, clock: Clock) -> Result<Self> {
        let aux = Aux::open(&dir.join(FILE_NAME), SCHEMA)?;
        Ok(Self(Arc::new(Inner { aux, settings, clock })))
    }

    /// Never waits: when the buffer is full the entry is dropped and counted.
    pub fn request(&self, entry: &RequestEntry<'_>) {
        let settings = self.0.settings.load();
        let kept = &settings.logs;
        let level = entry.level();
        if kept.max_days <= 0 || level < kept.min_level {
            return;
        }
        TEXT.with_borrow_mut(|text| {
            text.clear();
            text.shrink_to(KEPT_TEXT_BYTES);
            entry.message(text);
            let message_end = text.len();
            entry.data(kept, text);
            let (message, data) = text.split_at(message_end);
            let id = time_ordered_id(entry.at_ms);
            let created = wire_text(DateTime::from_timestamp_millis(entry.at_ms).unwrap_or_default());
            let row = [
                AuxValue::Text(&id),
                AuxValue::Int(level),
                AuxValue::Text(message),
                AuxValue::Text(data),
                AuxValue::Text(&created),
            ];
            self.0.aux.append(INSERT, &row);
        });
    }

    /// Entries that were lost because the buffer was full.
    pub fn dropped(&self) -> u64 {
        self.0.aux.dropped()
    }

    /// Deletes the entries that are older than the settings keep them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sweep(&self) -> Result<()> {
        let days = self.0.settings.load().logs.max_days.clamp(0, 36_500);
        let Some(oldest) = self.0.clock.now().checked_sub_signed(TimeDelta::days(days)) else { return Ok(()) };
        self.0.aux.execute(Statement::new(SWEEP, vec![time_prefix(oldest.timestamp_millis()).into()])).await?;
        Ok(())
    }

    /// Takes entries of another log, whose `data` must be JSON. They get ids of their times.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn load(&self, entries: Vec<KeptEntry>) -> Result<()> {
        let row = |entry: KeptEntry| -> Vec<Value> {
            let id = time_ordered_id(entry.at.timestamp_millis());
            vec![id.into(), entry.level.into(), entry.message.into(), entry.data.into(), wire_text(entry.at).into()]
        };
        Ok(self.0.aux.load(INSERT, entries.into_iter().map(row).collect()).await?)
    }

    /// Writes what is queued and closes.
    pub async fn close(&self) {
        self.0.aux.close().await;
    }
}
