//! Fields: one tagged enum for the wire, one trait for behaviour, one file a type.
//!
//! A [`Field`] is what all types share plus a [`FieldKind`] with the options of its type. What a type does
//! (its column, how input becomes a stored value, what it accepts, how it looks as JSON) is a
//! [`FieldType`], implemented by the options struct of each type; [`FieldKind::behaviour`] hands it out.
//! A new type is one file here and one line in each list of this file.
//! *Invariant:* nothing here does I/O, fails on odd input or knows a collection: checks that need other
//! records (relation targets, unique values) belong to `records/`, those that need the schema to
//! `collections/`. Start reading at [`Field`], then take `select.rs` as an example.

mod autodate;
mod boolean;
mod coerce;
mod convert;
mod date;
mod domains;
mod editor;
mod email;
mod file;
mod generate;
mod geo_point;
mod json;
mod limits;
mod list;
mod name;
mod number;
mod password;
mod pattern;
mod relation;
mod select;
#[cfg(test)]
mod tests;
mod text;
mod url;
mod wire;

use serde_json::Value as Json;

use crate::error::{FieldError, FieldErrors};
use crate::store::{Value, ValueRef};

pub use autodate::AutodateOptions;
pub use boolean::BoolOptions;
pub use convert::{multi_to_single, multi_to_single_sql, single_to_multi, single_to_multi_sql};
pub use date::{DateOptions, parse_date};
pub use editor::EditorOptions;
pub use email::EmailOptions;
pub use file::FileOptions;
pub use generate::{generate, sample};
pub use geo_point::GeoPointOptions;
pub use json::JsonOptions;
pub use number::{NumberOptions, write_number};
pub use password::PasswordOptions;
pub use relation::RelationOptions;
pub use select::SelectOptions;
pub use text::TextOptions;
pub use url::UrlOptions;
pub(crate) use url::is_url;

/// A field of a collection: what all types share, and the options of its type (contract 4.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub id: String,
    pub name: String,
    pub system: bool,
    pub hidden: bool,
    pub presentable: bool,
    pub required: bool,
    pub help: String,
    pub kind: FieldKind,
}

/// The type of a field with its options.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    Text(TextOptions),
    Editor(EditorOptions),
    Number(NumberOptions),
    Bool(BoolOptions),
    Email(EmailOptions),
    Url(UrlOptions),
    Date(DateOptions),
    Autodate(AutodateOptions),
    Select(SelectOptions),
    File(FileOptions),
    Relation(RelationOptions),
    Json(JsonOptions),
    Password(PasswordOptions),
    GeoPoint(GeoPointOptions),
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

/// What a field type does; the defaults are those of a plain text column.
pub(crate) trait FieldType {
    /// The column definition without the name.
    fn column(&self) -> &'static str {
        "TEXT DEFAULT '' NOT NULL"
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn prepare(&self, input: &Json) -> Value {
        Value::Text(coerce::text(input))
    }

    fn modify(&self, _current: &Value, _modifier: Modifier, _input: &Json) -> Option<Value> {
        None
    }

    /// True if the value counts as not given, which a required field refuses.
    fn is_blank(&self, value: &Value) -> bool {
        value.as_str().is_empty()
    }

    /// Checks a value that is not blank.
    fn validate(&self, value: &Value) -> Option<FieldError>;

    /// Checks the options themselves; `base` is the field they belong to.
    fn validate_options(&self, _base: &Field, _errors: &mut FieldErrors) {}

    fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        coerce::write_text(value, out);
    }

    fn items(&self, _value: &Value) -> Vec<String> {
        Vec::new()
    }
}

impl FieldKind {
    pub(crate) fn behaviour(&self) -> &dyn FieldType {
        match self {
            FieldKind::Text(options) => options,
            FieldKind::Editor(options) => options,
            FieldKind::Number(options) => options,
            FieldKind::Bool(options) => options,
            FieldKind::Email(options) => options,
            FieldKind::Url(options) => options,
            FieldKind::Date(options) => options,
            FieldKind::Autodate(options) => options,
            FieldKind::Select(options) => options,
            FieldKind::File(options) => options,
            FieldKind::Relation(options) => options,
            FieldKind::Json(options) => options,
            FieldKind::Password(options) => options,
            FieldKind::GeoPoint(options) => options,
        }
    }

    /// The name of the type on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            FieldKind::Text(_) => "text",
            FieldKind::Editor(_) => "editor",
            FieldKind::Number(_) => "number",
            FieldKind::Bool(_) => "bool",
            FieldKind::Email(_) => "email",
            FieldKind::Url(_) => "url",
            FieldKind::Date(_) => "date",
            FieldKind::Autodate(_) => "autodate",
            FieldKind::Select(_) => "select",
            FieldKind::File(_) => "file",
            FieldKind::Relation(_) => "relation",
            FieldKind::Json(_) => "json",
            FieldKind::Password(_) => "password",
            FieldKind::GeoPoint(_) => "geoPoint",
        }
    }
}

impl Field {
    /// A field with the defaults of all that its type shares, and the id that follows from its name.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        let name = name.into();
        let id = Self::id_for(kind.name(), &name);
        let help = String::new();
        Self { id, name, system: false, hidden: false, presentable: false, required: false, help, kind }
    }

    /// The column definition without the name, such as `TEXT DEFAULT '' NOT NULL`.
    pub fn column_definition(&self) -> &'static str {
        self.kind.behaviour().column()
    }

    /// What a record holds when nothing was given.
    pub fn zero(&self) -> Value {
        self.kind.behaviour().zero()
    }

    /// Turns input of any shape into the stored value by the coercions of contract 1.5; never fails.
    pub fn prepare(&self, input: &Json) -> Value {
        self.kind.behaviour().prepare(input)
    }

    /// Applies a modifier to the present value; `None` where the type does not know it (key ignored).
    pub fn modify(&self, current: &Value, modifier: Modifier, input: &Json) -> Option<Value> {
        match modifier {
            Modifier::Set => Some(self.prepare(input)),
            _ => self.kind.behaviour().modify(current, modifier, input),
        }
    }

    /// Checks a stored value by the codes of contract 1.8, without I/O (relation targets and unique
    /// indexes are the business of `records`).
    pub fn validate(&self, value: &Value) -> Option<FieldError> {
        let behaviour = self.kind.behaviour();
        if behaviour.is_blank(value) {
            return self.required.then(limits::required);
        }
        behaviour.validate(value)
    }

    /// Checks the options of the field itself, as saving a collection does. The name is checked by
    /// [`Field::validate_name`], the target of a relation by `collections`.
    pub fn validate_options(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        limits::length(&mut errors, "id", &self.id, 1, 100);
        limits::length(&mut errors, "help", &self.help, 1, 300);
        self.kind.behaviour().validate_options(self, &mut errors);
        errors
    }

    /// Writes the wire form of a stored column as JSON (contract 2.2).
    pub fn write_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        self.kind.behaviour().write_json(value, out);
    }

    /// Like [`Field::write_json`], for a column of a table: the JSON in it was written by us and needs no check, while a
    /// view may yield any text.
    pub fn write_table_json(&self, value: ValueRef<'_>, out: &mut Vec<u8>) {
        match value {
            ValueRef::Text(text) if !text.is_empty() && self.holds_json() => out.extend_from_slice(text.as_bytes()),
            _ => self.write_json(value, out),
        }
    }

    fn holds_json(&self) -> bool {
        matches!(self.kind, FieldKind::Json(_)) || self.is_multi()
    }

    /// The wire form of a stored value.
    pub fn to_json(&self, value: &Value) -> Json {
        let mut text = Vec::new();
        self.write_json(value.as_ref(), &mut text);
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The items of a relation, select or file value, single or list; empty for anything else.
    pub fn items(&self, value: &Value) -> Vec<String> {
        self.kind.behaviour().items(value)
    }

    /// True for a select, file or relation that holds a list (stored as a JSON array of strings).
    pub fn is_multi(&self) -> bool {
        self.max_select() >= 2
    }

    /// How many items a select, file or relation may hold; 0 (which means one) for all others.
    pub fn max_select(&self) -> i64 {
        match &self.kind {
            FieldKind::Select(select) => select.max_select,
            FieldKind::File(file) => file.max_select,
            FieldKind::Relation(relation) => relation.max_select,
            _ => 0,
        }
    }

    /// The id of the collection that a relation points to.
    pub fn relation_target(&self) -> Option<&str> {
        match &self.kind {
            FieldKind::Relation(relation) => Some(&relation.collection_id),
            _ => None,
        }
    }

    /// Whether this is the text field that holds the record id.
    pub fn is_primary_key(&self) -> bool {
        matches!(&self.kind, FieldKind::Text(text) if text.primary_key)
    }
}
