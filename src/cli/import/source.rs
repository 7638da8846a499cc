//! The rows of a file, with the lines they stand in.

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
    /// From 1; of a JSON list, the position of the object.
    pub line: u64,
    pub values: Map<String, Json>,
}

pub(super) fn read(file: &Path, format: Format) -> anyhow::Result<Vec<Row>> {
    let bytes = std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
    let rows = match format {
        Format::Csv => csv(&bytes),
        Format::Json => json(&bytes),
    };
    rows.with_context(|| format!("can't use {}", file.display()))
}

pub(super) fn csv(bytes: &[u8]) -> anyhow::Result<Vec<Row>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let names: Vec<String> = reader.headers()?.iter().map(field_name).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let values = names.iter().cloned().zip(record.iter().map(Json::from)).collect();
        rows.push(Row { line, values });
    }
    Ok(rows)
}

pub(super) fn json(bytes: &[u8]) -> anyhow::Result<Vec<Row>> {
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let objects: Vec<Map<String, Json>> = match is_list {
        true => serde_json::from_slice(bytes)?,
        false => serde_json::Deserializer::from_slice(bytes).into_iter().collect::<Result<_, _>>()?,
    };
    let named =
        |object: Map<String, Json>| object.into_iter().map(|(name, value)| (field_name(&name), value)).collect();
    Ok(objects.into_iter().zip(1..).map(|(object, line)| Row { line, values: named(object) }).collect())
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
