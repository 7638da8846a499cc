//! The rows of a file, with the lines they stand in, read one after the other: a file may be larger than memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) enum Format {
    Csv,
    Json,
}

/// One row; names are fit for fields already.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// From 1; of a JSON file, the position of the object.
    pub line: u64,
    pub values: Map<String, Json>,
}

type Source = BufReader<Box<dyn Read>>;

/// The rows of one file, in order. After a failure there are no more.
pub(super) enum Rows {
    Csv { names: Vec<String>, records: csv::StringRecordsIntoIter<Source> },
    Json { objects: Objects, count: u64 },
    Ended,
}

/// The objects of a JSON list, or those that stand one after the other.
pub(super) struct Objects {
    source: Source,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    /// Behind the bracket that opens the list.
    First,
    /// Behind an object of the list.
    Next,
    Loose,
}

pub(super) fn open(file: &Path, format: Format) -> anyhow::Result<Rows> {
    let source = File::open(file).with_context(|| format!("can't read {}", file.display()))?;
    rows(Box::new(source), format).with_context(|| format!("can't use {}", file.display()))
}

pub(super) fn rows(source: Box<dyn Read>, format: Format) -> anyhow::Result<Rows> {
    let mut source = BufReader::new(source);
    if source.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        source.consume(3);
    }
    Ok(match format {
        Format::Json => Rows::Json { objects: Objects { source, place: Place::Start }, count: 0 },
        Format::Csv => {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
            let names = reader.headers()?.iter().map(field_name).collect();
            Rows::Csv { names, records: reader.into_records() }
        }
    })
}

impl Rows {
    /// The names in the heading of a CSV file; a JSON file has none.
    pub fn names(&self) -> &[String] {
        match self {
            Rows::Csv { names, .. } => names,
            Rows::Json { .. } | Rows::Ended => &[],
        }
    }

    fn read(&mut self) -> anyhow::Result<Option<Row>> {
        match self {
            Rows::Csv { names, records } => {
                let Some(record) = records.next().transpose()? else { return Ok(None) };
                let line = record.position().map_or(0, csv::Position::line);
                let values = names.iter().cloned().zip(record.iter().map(Json::from)).collect();
                Ok(Some(Row { line, values }))
            }
            Rows::Json { objects, count } => {
                *count += 1;
                let object = objects.read().with_context(|| format!("row {count}"))?;
                let named = |object: Map<String, Json>| {
                    object.into_iter().map(|(name, value)| (field_name(&name), value)).collect()
                };
                Ok(object.map(|object| Row { line: *count, values: named(object) }))
            }
            Rows::Ended => Ok(None),
        }
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.read();
        if row.is_err() {
            *self = Rows::Ended;
        }
        row.transpose()
    }
}

impl Objects {
    fn read(&mut self) -> anyhow::Result<Option<Map<String, Json>>> {
        if self.place == Place::Start {
            self.place = if self.takes(b'[')? { Place::First } else { Place::Loose };
        }
        let ended = match self.place {
            Place::Start | Place::Loose => self.peek()?.is_none(),
            Place::First | Place::Next => self.takes(b']')?,
        };
        if ended {
            anyhow::ensure!(self.peek()?.is_none(), "something stands behind the end of the list");
            self.place = Place::Loose;
            return Ok(None);
        }
        if self.place == Place::Next {
            anyhow::ensure!(self.takes(b',')?, "expected a comma, or the end of the list");
        }
        if self.place == Place::First {
            self.place = Place::Next;
        }
        // An object ends with its brace: nothing behind it is read.
        let mut object = serde_json::Deserializer::from_reader(&mut self.source);
        Ok(Some(Map::deserialize(&mut object)?))
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> std::io::Result<Option<u8>> {
        loop {
            let bytes = self.source.fill_buf()?;
            let spaces = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let (next, ended) = (bytes.get(spaces).copied(), bytes.is_empty());
            self.source.consume(spaces);
            if next.is_some() || ended {
                return Ok(next);
            }
        }
    }

    fn takes(&mut self, byte: u8) -> std::io::Result<bool> {
        let found = self.peek()? == Some(byte);
        if found {
            self.source.consume(1);
        }
        Ok(found)
    }
}

/// A heading as the name of a field: other characters than `\w` become `_`.
fn field_name(heading: &str) -> String {
    let name: String =
        heading.trim().chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    match name.chars().next() {
        None => "_".into(),
        Some(first) if first.is_ascii_digit() => format!("_{name}"),
        Some(_) => name,
    }
}
