//! The request log. It matters less than the data: what can't be read of it is noted and the import goes on.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::Move;
use super::report::Report;
use super::source::text;
use crate::logs::KeptEntry;
use crate::schema::field::parse_date;
use crate::store::Value;
use crate::store::sqlite::Foreign;

const COLUMNS: [&str; 4] = ["level", "message", "data", "created"];

pub(super) async fn carry(transfer: &Move<'_>, report: &mut Report) -> anyhow::Result<()> {
    let Some(path) = &transfer.source.log else { return Ok(()) };
    let columns = COLUMNS.map(String::from);
    let mut from = Some(i64::MIN);
    let foreign = Foreign::open(path, &transfer.source.scratch).and_then(|foreign| {
        let there = !foreign.columns("_logs")?.is_empty();
        Ok(there.then_some(foreign))
    });
    let foreign = match foreign {
        Ok(Some(foreign)) => foreign,
        Ok(None) => return Ok(()),
        Err(error) => {
            report.note("log", "auxiliary.db", error.to_string());
            return Ok(());
        }
    };
    while let Some(start) = from {
        let page = match foreign.page("_logs", &columns, start) {
            Ok(page) => page,
            Err(error) => {
                report.note("log", "auxiliary.db", error.to_string());
                return Ok(());
            }
        };
        from = page.next;
        if page.too_large.is_some() {
            report.note("log", "an entry", "it is too large");
        }
        let read = page.rows.len();
        let entries: Vec<KeptEntry> = page.rows.iter().filter_map(|row| entry(row)).collect();
        if entries.len() < read {
            report.note("log", format!("{} entries", read - entries.len()), "they have no time or no data in JSON");
        }
        report.log_entries += entries.len() as u64;
        transfer.app.logs.load(entries).await?;
    }
    Ok(())
}

fn entry(row: &[Value]) -> Option<KeptEntry> {
    let [level, message, data, created] = row else { return None };
    let at: DateTime<Utc> = parse_date(created.as_str())?.parse().ok()?;
    let (message, data) = (text(message).into_owned(), text(data).into_owned());
    serde_json::from_str::<&RawValue>(&data).ok()?;
    Some(KeptEntry { at, level: level.as_i64().unwrap_or_default(), message, data })
}
