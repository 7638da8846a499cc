//! Fields guessed from rows: the narrowest type that every value fits.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::source::Row;
use crate::schema::FieldKind;
use crate::schema::field::{EmailOptions, UrlOptions, parse_date};
use crate::store::Value;

/// A text with so few values, each of which comes back so often on average, is a choice.
const SELECT_VALUES: usize = 12;
const SELECT_REPEATS: usize = 4;
const SELECT_LENGTH: usize = 60;

/// Texts of a field are limited to this length unless it says otherwise.
const DEFAULT_TEXT_LENGTH: usize = 5000;

/// Fields as the collections API takes them; `unique` says that an index is to be made. Names that every collection
/// has are left out.
pub(super) fn fields(rows: &[Row]) -> Vec<Json> {
    let mut columns: IndexMap<&str, Vec<&Json>> = IndexMap::new();
    for row in rows {
        for (name, value) in &row.values {
            columns.entry(name).or_default().push(value);
        }
    }
    columns.iter().filter(|(name, _)| **name != "id").map(|(name, values)| field(name, values, rows.len())).collect()
}

fn field(name: &str, values: &[&Json], rows: usize) -> Json {
    let filled: Vec<&Json> = values.iter().copied().filter(|value| !is_blank(value)).collect();
    let mut field = kind(&filled);
    field["name"] = name.into();
    // A required number or boolean must not be zero, which no file can promise.
    let zero_counts = matches!(field["type"].as_str(), Some("number" | "bool"));
    field["required"] = (rows > 0 && filled.len() == rows && !zero_counts).into();
    let texts: BTreeSet<String> = filled.iter().map(|value| plain(value)).collect();
    let keyed = matches!(field["type"].as_str(), Some("text" | "email" | "url"));
    field["unique"] = (keyed && rows > 1 && filled.len() == rows && texts.len() == rows).into();
    field
}

fn kind(filled: &[&Json]) -> Json {
    let all = |fits: &dyn Fn(&str) -> bool| !filled.is_empty() && filled.iter().all(|value| fits(&plain(value)));
    if filled.iter().any(|value| value.is_object() || value.is_array()) {
        return json!({ "type": "json" });
    }
    if all(&|text| matches!(text, "true" | "false")) {
        return json!({ "type": "bool" });
    }
    if all(&is_number) {
        return json!({ "type": "number" });
    }
    if all(&is_date) {
        return json!({ "type": "date" });
    }
    if all(&|text| fits(&FieldKind::Email(EmailOptions::default()), text)) {
        return json!({ "type": "email" });
    }
    if all(&|text| text.contains("://") && fits(&FieldKind::Url(UrlOptions::default()), text)) {
        return json!({ "type": "url" });
    }
    let choices: BTreeSet<String> = filled.iter().map(|value| plain(value)).collect();
    let short = choices.iter().all(|choice| choice.chars().count() <= SELECT_LENGTH);
    if (1..=SELECT_VALUES).contains(&choices.len()) && filled.len() >= choices.len() * SELECT_REPEATS && short {
        return json!({ "type": "select", "maxSelect": 1, "values": choices });
    }
    let longest = choices.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    match longest > DEFAULT_TEXT_LENGTH {
        true => json!({ "type": "text", "max": longest * 2 }),
        false => json!({ "type": "text" }),
    }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A number whose digits mean one: `007` and `+1` are codes.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    !code && digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `YYYY-MM-DD` at least; other orders of day and month are anybody's guess.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && parse_date(text).is_some()
}

fn fits(kind: &FieldKind, text: &str) -> bool {
    kind.behaviour().validate(&Value::from(text)).is_none()
}
