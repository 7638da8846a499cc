//! Fields guessed from rows as they come by: the narrowest type that every value fits.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};

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

/// A field of more values than this is not said to be unique: they are not all remembered.
const UNIQUE_VALUES: usize = 1_000_000;

type Test = fn(&str) -> bool;

/// Types of texts, the narrowest first.
const TYPES: [(&str, Test); 5] = [
    ("bool", |text| matches!(text, "true" | "false")),
    ("number", is_number),
    ("date", is_date),
    ("email", |text| fits(&FieldKind::Email(EmailOptions::default()), text)),
    ("url", |text| text.contains("://") && fits(&FieldKind::Url(UrlOptions::default()), text)),
];

/// What the rows so far have in common.
#[derive(Default)]
pub(super) struct Inference {
    columns: IndexMap<String, Column>,
    rows: usize,
    hashes: RandomState,
}

struct Column {
    filled: usize,
    structured: bool,
    /// Which of [`TYPES`] every value fits.
    fits: [bool; TYPES.len()],
    /// The first different values, one more than a choice may have.
    choices: BTreeSet<String>,
    longest: usize,
    /// Hashes of the values, as long as all differ. That two values share one is a needless no, never a wrong yes.
    distinct: Option<HashSet<u64>>,
}

impl Inference {
    pub fn add(&mut self, row: &Row) {
        self.rows += 1;
        for (name, value) in &row.values {
            let column = match self.columns.get_mut(name) {
                Some(column) => column,
                None => self.columns.entry(name.clone()).or_insert_with(Column::new),
            };
            column.add(value, &self.hashes);
        }
    }

    /// Fields as the collections API takes them; `unique` says that an index is to be made. Names that every
    /// collection has are left out.
    pub fn fields(&self) -> Vec<Json> {
        let own = self.columns.iter().filter(|(name, _)| *name != "id");
        own.map(|(name, column)| column.field(name, self.rows)).collect()
    }
}

impl Column {
    fn new() -> Self {
        Self {
            filled: 0,
            structured: false,
            fits: [true; TYPES.len()],
            choices: BTreeSet::new(),
            longest: 0,
            distinct: Some(HashSet::new()),
        }
    }

    fn add(&mut self, value: &Json, hashes: &RandomState) {
        if is_blank(value) {
            self.distinct = None;
            return;
        }
        self.filled += 1;
        self.structured |= value.is_object() || value.is_array();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (fits, (_, test)) in self.fits.iter_mut().zip(TYPES) {
            *fits = *fits && test(&text);
        }
        let is_new = |hashed: &mut HashSet<u64>| hashed.insert(hashes.hash_one(&text)) && hashed.len() <= UNIQUE_VALUES;
        if !self.distinct.as_mut().is_some_and(is_new) {
            self.distinct = None;
        }
        self.longest = self.longest.max(text.chars().count());
        if self.choices.len() <= SELECT_VALUES {
            self.choices.insert(text);
        }
    }

    fn field(&self, name: &str, rows: usize) -> Json {
        let mut field = self.kind();
        field["name"] = name.into();
        // A required number or boolean must not be zero, which no file can promise.
        let zero_counts = matches!(field["type"].as_str(), Some("number" | "bool"));
        let full = self.filled == rows;
        field["required"] = (full && !zero_counts).into();
        let keyed = matches!(field["type"].as_str(), Some("text" | "email" | "url"));
        field["unique"] = (keyed && full && rows > 1 && self.distinct.is_some()).into();
        field
    }

    fn kind(&self) -> Json {
        if self.structured {
            return json!({ "type": "json" });
        }
        let narrow = self.fits.iter().zip(TYPES).find(|(fits, _)| **fits && self.filled > 0);
        if let Some((_, (name, _))) = narrow {
            return json!({ "type": name });
        }
        let few = (1..=SELECT_VALUES).contains(&self.choices.len());
        if few && self.filled >= self.choices.len() * SELECT_REPEATS && self.longest <= SELECT_LENGTH {
            return json!({ "type": "select", "maxSelect": 1, "values": self.choices });
        }
        match self.longest > DEFAULT_TEXT_LENGTH {
            true => json!({ "type": "text", "max": self.longest * 2 }),
            false => json!({ "type": "text" }),
        }
    }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
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
