//! Fields: one tagged enum for the wire, one trait for behaviour, one file a type.
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

/// A field of a collection: what all types share, and the options of its type (contract 4.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub system: bool,
    #[serde(default)]
    pub hidden: bool,
    #[serde(default)]
    pub presentable: bool,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub help: String,
    #[serde(flatten)]
    pub kind: FieldKind,
}

/// The type of a field with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FieldKind {
    Text {
        min: i64,
        max: i64,
        pattern: String,
        autogenerate_pattern: String,
        primary_key: bool,
    },
    Editor {
        max_size: i64,
        #[serde(rename = "convertURLs")]
        convert_urls: bool,
    },
    Number {
        min: Option<f64>,
        max: Option<f64>,
        only_int: bool,
    },
    Bool {},
    Email {
        except_domains: Vec<String>,
        only_domains: Vec<String>,
    },
    Url {
        except_domains: Vec<String>,
        only_domains: Vec<String>,
    },
    Date {
        min: String,
        max: String,
    },
    Autodate {
        on_create: bool,
        on_update: bool,
    },
    Select {
        values: Vec<String>,
        max_select: i64,
    },
    File {
        max_size: i64,
        max_select: i64,
        mime_types: Vec<String>,
        thumbs: Vec<String>,
        protected: bool,
    },
    Relation {
        collection_id: String,
        cascade_delete: bool,
        min_select: i64,
        max_select: i64,
    },
    Json {
        max_size: i64,
    },
    Password {
        min: i64,
        max: i64,
        pattern: String,
        cost: i64,
    },
    GeoPoint {},
}

impl Field {
    /// True for a select, file or relation that holds a list (stored as a JSON array of strings).
    pub fn is_multi(&self) -> bool {
        matches!(
            self.kind,
            FieldKind::Select { max_select: 2.., .. }
                | FieldKind::File { max_select: 2.., .. }
                | FieldKind::Relation { max_select: 2.., .. }
        )
    }
}

/// What a key of a body asks beyond "set" (contract 1.5): `f+`, `+f`, `f-`, `f:autogenerate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    Set,
    /// `f+`: add to a number, append to a list.
    Plus,
    /// `+f`: prepend to a list.
    Prepend,
    /// `f-`: subtract, remove from a list.
    Minus,
    /// `f:autogenerate`: the given prefix and a generated rest.
    Autogenerate,
}

/// The behaviour of a field (stubs; one file a type implements them behind a trait).
impl Field {
    /// The SQLite column definition without the name, such as `TEXT DEFAULT '' NOT NULL`.
    pub fn column_definition(&self) -> &'static str {
        todo!()
    }
    /// What a record holds when nothing was given.
    pub fn zero(&self) -> Value {
        todo!()
    }
    /// Turns input of any shape into the stored value by the coercions of contract 1.5; never fails.
    pub fn prepare(&self, _input: &Json) -> Value {
        todo!()
    }
    /// Applies a modifier to the present value; `None` where the type does not know it (key ignored).
    pub fn modify(&self, _current: &Value, _modifier: Modifier, _input: &Json) -> Option<Value> {
        todo!()
    }
    /// Checks a stored value by the codes of contract 1.8, without I/O (relation targets and unique
    /// indexes are the business of `records`).
    pub fn validate(&self, _value: &Value) -> Option<FieldError> {
        todo!()
    }
    /// Checks the options of the field itself, as saving a collection does.
    pub fn validate_options(&self) -> FieldErrors {
        todo!()
    }
    /// Writes the wire form of a stored column as JSON (contract 2.2).
    pub fn write_json(&self, _value: ValueRef<'_>, _out: &mut Vec<u8>) {
        todo!()
    }
    /// The wire form of a stored value.
    pub fn to_json(&self, _value: &Value) -> Json {
        todo!()
    }
    /// The items of a relation, select or file value, single or list; empty for anything else.
    pub fn items(&self, _value: &Value) -> Vec<String> {
        todo!()
    }
}
