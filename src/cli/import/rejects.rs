//! The rows that became no record, written beside the file as they turn up.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::source::{Format, Row};
use crate::error::{Error, Result};

pub(super) struct Rejects {
    path: PathBuf,
    format: Format,
    /// The columns of a CSV file.
    names: Vec<String>,
    out: Option<Out>,
    pub count: u64,
}

enum Out {
    Csv(Box<csv::Writer<File>>),
    Json(BufWriter<File>),
}

impl Rejects {
    /// Nothing is written before the first row.
    pub fn new(file: &Path, format: Format, names: &[String]) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push(match format {
            Format::Csv => ".rejected.csv",
            Format::Json => ".rejected.json",
        });
        Self { path: path.into(), format, names: names.to_vec(), out: None, count: 0 }
    }

    pub fn add(&mut self, row: &Row, reason: &str) -> Result<()> {
        self.count += 1;
        self.write(row, reason).map_err(|error| self.failed(&error))
    }

    /// Completes the file, if there is one, and tells where it is.
    pub fn finish(mut self) -> Result<Option<PathBuf>> {
        let finished = match self.out.take() {
            None => return Ok(None),
            Some(Out::Csv(mut out)) => out.flush(),
            Some(Out::Json(mut out)) => out.write_all(b"\n]\n").and_then(|()| out.flush()),
        };
        finished.map_err(|error| self.failed(&error.into()))?;
        Ok(Some(self.path))
    }

    fn failed(&self, error: &anyhow::Error) -> Error {
        Error::invalid(format!("can't write {}: {error:#}", self.path.display()))
    }

    fn write(&mut self, row: &Row, reason: &str) -> anyhow::Result<()> {
        let out = match &mut self.out {
            Some(out) => out,
            None => {
                let file = File::create(&self.path)?;
                self.out.insert(match self.format {
                    Format::Csv => {
                        let mut writer = csv::Writer::from_writer(file);
                        writer.write_record(
                            ["line", "reason"].into_iter().chain(self.names.iter().map(String::as_str)),
                        )?;
                        Out::Csv(Box::new(writer))
                    }
                    Format::Json => Out::Json(BufWriter::new(file)),
                })
            }
        };
        match out {
            Out::Csv(writer) => {
                let cells =
                    self.names.iter().map(|name| row.values.get(name).and_then(Json::as_str).unwrap_or_default());
                writer.write_record([row.line.to_string().as_str(), reason].into_iter().chain(cells))?;
            }
            Out::Json(writer) => {
                writer.write_all(if self.count == 1 { b"[\n" } else { b",\n" })?;
                serde_json::to_writer(writer, &json!({ "line": row.line, "reason": reason, "row": row.values }))?;
            }
        }
        Ok(())
    }
}
