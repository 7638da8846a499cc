//! What tables and views there are, and how their columns are stored.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::literal;
use super::typed::{Form, Typed};

/// PostgreSQL cuts longer names off.
const MAX_NAME_BYTES: usize = 63;
/// Behind the name of a column of mixed values: the column of its numbers.
pub(super) const NUMBER_PART: &str = "@n";
/// The column that counts the rows of a table, which SQLite calls `rowid`.
pub(super) const ROW_COLUMN: &str = "@row";

/// Tables and views by name. Cheap to clone: relations are shared.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    relations: HashMap<String, Arc<Relation>>,
}

/// How a column is stored or an expression comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `text COLLATE "C"`.
    Text,
    /// `basalt_json`, the domain of valid JSON: the text as SQLite stores it.
    Json,
    /// `double precision` that is an integer to SQLite where it is whole.
    Number,
    /// `double precision` that is a real to SQLite even where it is whole.
    Real,
    /// `boolean`; 0 and 1 to SQLite.
    Bool,
    /// `bigint`.
    Int,
    /// `bytea`.
    Blob,
    /// A number or a text from row to row: a column of numbers (`double precision`) and one of texts, both null for null.
    Dynamic,
}

/// What the declared type of a column does to values that are compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Affinity {
    #[default]
    None,
    Text,
    Numeric,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    pub name: String,
    pub columns: Vec<Column>,
    /// Whether it has the column that counts its rows.
    pub counted: bool,
    /// Set for a view.
    pub view: Option<ViewNote>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub not_null: bool,
    pub note: ColumnNote,
}

/// What SQLite would know of a column beyond its kind; kept as a comment on each column of a view.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnNote {
    pub kind: Option<Kind>,
    pub affinity: Affinity,
    /// The declared type of the column behind it.
    pub decltype: Option<String>,
    /// The column of a table that it comes from.
    pub origin: Option<(String, String)>,
}

/// What is known of a view; kept as a comment on it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ViewNote {
    pub stable: bool,
    /// Whether it says in which order its rows come.
    #[serde(default)]
    pub ordered: bool,
    pub tables_read: Vec<String>,
}

/// A column as the system tables of PostgreSQL tell it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadedColumn {
    pub name: String,
    /// As `format_type` prints it, or the name of a domain.
    pub type_name: String,
    pub not_null: bool,
    pub comment: Option<String>,
}

impl Catalog {
    pub fn insert(&mut self, relation: Relation) {
        self.relations.insert(relation.name.to_ascii_lowercase(), Arc::new(relation));
    }

    pub fn remove(&mut self, name: &str) {
        self.relations.remove(&physical(name).to_ascii_lowercase());
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Relation>> {
        self.relations.get(&physical(name).to_ascii_lowercase())
    }
}

impl Relation {
    /// From what the system tables tell. A view has a comment of ours, without which nothing is known of it.
    pub fn load(name: &str, is_view: bool, columns: Vec<LoadedColumn>, comment: Option<&str>) -> Self {
        let note = || comment.and_then(|comment| serde_json::from_str(comment).ok()).unwrap_or_default();
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let counted = names.iter().any(|name| name == ROW_COLUMN);
        let has = |name: String| names.contains(&name);
        let shown = columns.into_iter().filter(|column| {
            let number_part =
                column.name.strip_suffix(NUMBER_PART).is_some_and(|of| names.iter().any(|name| name == of));
            column.name != ROW_COLUMN && !number_part
        });
        let columns = shown
            .map(|column| {
                let dynamic = is_view && has(format!("{}{NUMBER_PART}", column.name));
                Column::load(column, dynamic, (!is_view).then_some(name))
            })
            .collect();
        Self { name: name.to_owned(), columns, counted, view: is_view.then(note) }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = physical(name);
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name))
    }
}

impl Column {
    /// A column of a table, which is its own origin.
    pub fn of_table(table: &str, name: &str, kind: Kind, not_null: bool) -> Self {
        let note = ColumnNote {
            kind: None,
            affinity: kind.affinity(),
            decltype: kind.declared().map(str::to_owned),
            origin: Some((table.to_owned(), name.to_owned())),
        };
        Self { name: name.to_owned(), kind, not_null, note }
    }

    /// The column, asked of a source of this printed name.
    pub(super) fn value(&self, source: &str) -> Typed {
        let part = |suffix: &str| format!("{source}.{}", literal::name(&format!("{}{suffix}", self.name)));
        let form = match self.kind {
            Kind::Dynamic => Form::Dynamic(part(NUMBER_PART), part("")),
            kind => kind.form(part("")),
        };
        Typed {
            affinity: self.note.affinity,
            never_null: self.not_null,
            note: Some(self.note.clone()),
            ..Typed::of(form)
        }
    }

    fn load(column: LoadedColumn, dynamic: bool, table: Option<&str>) -> Self {
        let stored = if dynamic { Kind::Dynamic } else { Kind::of_type(&column.type_name) };
        if let Some(table) = table {
            return Self::of_table(table, &column.name, stored, column.not_null);
        }
        let note: ColumnNote =
            column.comment.and_then(|comment| serde_json::from_str(&comment).ok()).unwrap_or_default();
        Self { name: column.name, kind: note.kind.unwrap_or(stored), not_null: false, note }
    }
}

impl Kind {
    /// The kind that a type of PostgreSQL stands for.
    pub fn of_type(name: &str) -> Self {
        match name {
            "basalt_json" => Self::Json,
            "double precision" | "float8" | "real" | "numeric" => Self::Number,
            "boolean" | "bool" => Self::Bool,
            "bigint" | "integer" | "smallint" | "int8" | "int4" | "int2" => Self::Int,
            "bytea" => Self::Blob,
            _ => Self::Text,
        }
    }

    pub(super) fn affinity(self) -> Affinity {
        match self {
            Self::Text => Affinity::Text,
            Self::Json | Self::Number | Self::Real | Self::Bool | Self::Int => Affinity::Numeric,
            Self::Blob | Self::Dynamic => Affinity::None,
        }
    }

    /// The type that SQLite would have declared.
    pub(super) fn declared(self) -> Option<&'static str> {
        Some(match self {
            Self::Text => "TEXT",
            Self::Json => "JSON",
            Self::Number => "NUMERIC",
            Self::Real => "REAL",
            Self::Bool => "BOOLEAN",
            Self::Int => "INTEGER",
            Self::Blob => "BLOB",
            Self::Dynamic => return None,
        })
    }

    /// The type of PostgreSQL that stores it; of a dynamic one that of its text part.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Text | Self::Dynamic => "text COLLATE \"C\"",
            Self::Json => "basalt_json",
            Self::Number | Self::Real => "double precision",
            Self::Bool => "boolean",
            Self::Int => "bigint",
            Self::Blob => "bytea",
        }
    }
}

/// The name that PostgreSQL knows a name by: itself, unless it is too long.
pub fn physical(name: &str) -> std::borrow::Cow<'_, str> {
    if name.len() <= MAX_NAME_BYTES {
        return name.into();
    }
    let digest = crc32fast::hash(name.to_ascii_lowercase().as_bytes());
    // Room for the mark, the digest and the name of a number part.
    let room = (0..=MAX_NAME_BYTES - 11).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    format!("{}~{digest:08x}", &name[..room]).into()
}
