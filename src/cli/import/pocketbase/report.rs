//! What was imported, and what could not be, with the reason.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// So many notes are listed; more are counted.
const LISTED: usize = 1000;

#[derive(Default)]
pub(super) struct Report {
    pub dry_run: bool,
    pub collections: usize,
    pub records: IndexMap<String, u64>,
    pub log_entries: u64,
    pub files: u64,
    pub file_bytes: u64,
    notes: Vec<Note>,
    unlisted: u64,
    clashes: u64,
}

struct Note {
    kind: &'static str,
    item: String,
    reason: String,
}

impl Report {
    /// Something of the source that is not in the directory as it was.
    pub fn note(&mut self, kind: &'static str, item: impl Into<String>, reason: impl Into<String>) {
        match self.notes.len() < LISTED {
            true => self.notes.push(Note { kind, item: item.into(), reason: reason.into() }),
            false => self.unlisted += 1,
        }
    }

    /// Something that is in the directory already.
    pub fn clash(&mut self, item: impl Into<String>, reason: impl Into<String>) {
        self.clashes += 1;
        self.note("clash", item, reason);
    }

    pub fn clashes(&self) -> u64 {
        self.clashes
    }

    pub fn print(&self, json: bool) {
        match json {
            true => println!("{}", self.to_json()),
            false => print!("{}", self.text()),
        }
    }

    fn to_json(&self) -> Json {
        let note = |note: &Note| json!({ "kind": note.kind, "item": note.item, "reason": note.reason });
        json!({
            "dryRun": self.dry_run,
            "collections": self.collections,
            "records": self.records,
            "logEntries": self.log_entries,
            "files": self.files,
            "fileBytes": self.file_bytes,
            "notCarried": self.notes.iter().map(note).collect::<Vec<_>>(),
            "notListed": self.unlisted,
        })
    }

    fn text(&self) -> String {
        let records: u64 = self.records.values().sum();
        let verb = match (self.dry_run, self.clashes) {
            (_, 1..) => "did not import",
            (true, _) => "would import",
            (false, _) => "imported",
        };
        let mut text = format!(
            "{verb} {} collections, {records} records, {} entries of the log and {} files\n",
            self.collections, self.log_entries, self.files
        );
        if self.notes.is_empty() {
            return text + "nothing was left out\n";
        }
        text.push_str("not carried as it was:\n");
        for Note { kind, item, reason } in &self.notes {
            text.push_str(&format!("  {kind} {}: {}\n", one_line(item), one_line(reason)));
        }
        if self.unlisted > 0 {
            text.push_str(&format!("  and {} more\n", self.unlisted));
        }
        text
    }
}

/// What comes from the source may hold anything, but not what a terminal obeys.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
