//! A printed expression of PostgreSQL and what SQLite would know of its value.
//!
//! *Invariant:* the texts in here are closed: a name, a call, a cast or something in parentheses, so that they can stand
//! beside any operator.

use super::catalog::{Affinity, ColumnNote, Kind};
use super::literal;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Typed {
    pub form: Form,
    pub affinity: Affinity,
    /// Compared without regard to the case of ASCII letters.
    pub folds_case: bool,
    pub never_null: bool,
    /// Whether a text spells a number, where that is known.
    pub spells_number: Option<bool>,
    /// Of a [`Form::Number`] that was calculated: whether it is a real to SQLite even where it is whole.
    pub is_real: Option<String>,
    /// JSON that a function made, which other functions take as such.
    pub is_json: bool,
    /// What is known of the column that it is.
    pub note: Option<ColumnNote>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Null,
    Text(String),
    Json(String),
    Number(String),
    Real(String),
    Int(String),
    Bool(String),
    Blob(String),
    /// The number part and the text part.
    Dynamic(String, String),
}

pub(super) const NULL_NUMBER: &str = "NULL::double precision";
pub(super) const NULL_TEXT: &str = "NULL::text";

impl Typed {
    pub fn of(form: Form) -> Self {
        Self {
            form,
            affinity: Affinity::None,
            folds_case: false,
            never_null: false,
            spells_number: None,
            is_real: None,
            is_json: false,
            note: None,
        }
    }

    pub fn null() -> Self {
        Self::of(Form::Null)
    }

    /// A text in the order of its bytes.
    pub fn text_of(sql: impl std::fmt::Display) -> Self {
        Self::of(Form::Text(collated(&sql.to_string())))
    }

    pub fn bool_of(sql: impl Into<String>) -> Self {
        Self::of(Form::Bool(sql.into()))
    }

    pub fn int_of(sql: impl Into<String>) -> Self {
        Self::of(Form::Int(sql.into()))
    }

    pub fn number_of(sql: impl Into<String>) -> Self {
        Self::of(Form::Number(sql.into()))
    }

    pub fn real_of(sql: impl Into<String>) -> Self {
        Self::of(Form::Real(sql.into()))
    }

    pub fn certain(self) -> Self {
        Self { never_null: true, ..self }
    }

    /// The value without what a column has beside it.
    pub fn bare(self) -> Self {
        Self { affinity: Affinity::None, note: None, ..self }
    }

    pub fn is_null(&self) -> bool {
        self.form == Form::Null
    }

    /// How it would be stored; a null as a text.
    pub fn kind(&self) -> Kind {
        match self.form {
            Form::Null | Form::Text(_) => Kind::Text,
            Form::Json(_) => Kind::Json,
            Form::Number(_) => Kind::Number,
            Form::Real(_) => Kind::Real,
            Form::Int(_) => Kind::Int,
            Form::Bool(_) => Kind::Bool,
            Form::Blob(_) => Kind::Blob,
            Form::Dynamic(..) => Kind::Dynamic,
        }
    }

    /// Whether its values are numbers or null.
    pub fn is_number(&self) -> bool {
        matches!(self.form, Form::Number(_) | Form::Real(_) | Form::Int(_) | Form::Bool(_))
    }

    /// How many bytes it is printed in.
    pub fn length(&self) -> usize {
        match &self.form {
            Form::Null => 0,
            Form::Text(sql) | Form::Json(sql) | Form::Number(sql) | Form::Real(sql) => sql.len(),
            Form::Int(sql) | Form::Bool(sql) | Form::Blob(sql) => sql.len(),
            Form::Dynamic(number, text) => number.len() + text.len(),
        }
    }

    /// All its columns: one, or the text part and then the number part.
    pub fn parts(&self) -> Vec<String> {
        match &self.form {
            Form::Null => vec![NULL_TEXT.to_owned()],
            Form::Text(sql) | Form::Json(sql) | Form::Number(sql) | Form::Real(sql) => vec![sql.clone()],
            Form::Int(sql) | Form::Bool(sql) | Form::Blob(sql) => vec![sql.clone()],
            Form::Dynamic(number, text) => vec![text.clone(), number.clone()],
        }
    }

    /// The columns that are null together exactly where it is null, for `count` and `IS NULL`.
    pub fn is_null_sql(&self) -> String {
        match &self.form {
            Form::Null => "TRUE".to_owned(),
            _ => {
                let parts: Vec<String> = self.parts().iter().map(|part| format!("{part} IS NULL")).collect();
                format!("({})", parts.join(" AND "))
            }
        }
    }

    pub fn is_not_null_sql(&self) -> String {
        match &self.form {
            Form::Null => "FALSE".to_owned(),
            _ => {
                let parts: Vec<String> = self.parts().iter().map(|part| format!("{part} IS NOT NULL")).collect();
                format!("({})", parts.join(" OR "))
            }
        }
    }

    /// The number part: the number that the value is, null where it is none.
    pub fn number_part(&self) -> String {
        match &self.form {
            Form::Null | Form::Text(_) | Form::Blob(_) => NULL_NUMBER.to_owned(),
            Form::Json(sql) => format!("basalt_num({sql})"),
            Form::Dynamic(number, _) => number.clone(),
            _ => self.float(),
        }
    }

    /// The text part: the text that the value is, null where it is none.
    pub fn text_part(&self) -> String {
        match &self.form {
            Form::Text(sql) => sql.clone(),
            Form::Json(sql) => format!("(CASE WHEN basalt_num({sql}) IS NULL THEN {sql} END)"),
            Form::Dynamic(_, text) => text.clone(),
            _ => NULL_TEXT.to_owned(),
        }
    }

    /// A number as a float; only where it is one.
    pub fn float(&self) -> String {
        match &self.form {
            Form::Number(sql) | Form::Real(sql) => sql.clone(),
            Form::Int(sql) => format!("{sql}::double precision"),
            Form::Bool(sql) => format!("{sql}::int::double precision"),
            _ => NULL_NUMBER.to_owned(),
        }
    }

    /// An integer as one; of others none.
    pub fn integer(&self) -> Option<String> {
        match &self.form {
            Form::Int(sql) => Some(sql.clone()),
            Form::Bool(sql) => Some(format!("{sql}::int::bigint")),
            _ => None,
        }
    }

    /// The value as a text, a number as SQLite prints it.
    pub fn text(&self) -> String {
        match &self.form {
            Form::Null => NULL_TEXT.to_owned(),
            Form::Text(sql) => sql.clone(),
            Form::Json(sql) => collated(&format!("{sql}::text")),
            Form::Number(sql) => match &self.is_real {
                Some(real) => {
                    collated(&format!("(CASE WHEN {real} THEN basalt_real_text({sql}) ELSE basalt_text({sql}) END)"))
                }
                None => collated(&format!("basalt_text({sql})")),
            },
            Form::Real(sql) => collated(&format!("basalt_real_text({sql})")),
            Form::Int(sql) => collated(&format!("{sql}::text")),
            Form::Bool(sql) => collated(&format!("{sql}::int::text")),
            Form::Blob(sql) => collated(&format!("convert_from({sql}, 'UTF8')")),
            Form::Dynamic(number, text) => format!("COALESCE({text}, {})", collated(&format!("basalt_text({number})"))),
        }
    }

    /// The value as a number to calculate with: of a text the number that it starts with, or 0.
    pub fn calculated(&self) -> Self {
        let sql = match &self.form {
            Form::Text(sql) => format!("basalt_cast_num({sql})"),
            Form::Json(sql) => format!("basalt_cast_num({sql}::text)"),
            Form::Dynamic(number, text) => format!("COALESCE({number}, basalt_cast_num({text}))"),
            Form::Blob(_) => format!("basalt_cast_num({})", self.text()),
            _ => return self.clone(),
        };
        Self::number_of(sql)
    }

    /// As [`Typed::calculated`], as a float.
    pub fn calculated_float(&self) -> String {
        self.calculated().float()
    }

    /// Whether the number is a real to SQLite; none where it never is.
    pub fn reality(&self) -> Option<String> {
        match (&self.form, &self.is_real) {
            (Form::Real(_), _) => Some("TRUE".to_owned()),
            (Form::Int(_) | Form::Bool(_) | Form::Null, _) => None,
            (_, Some(real)) => Some(real.clone()),
            _ => {
                let number = self.calculated_float();
                Some(format!("({number} <> trunc({number}))"))
            }
        }
    }

    /// The number that the value is or spells as a whole, else null: how functions of mathematics take it.
    pub fn spelled_float(&self) -> String {
        self.numeric().number_part()
    }

    /// Whether it counts as true; null for null.
    pub fn truth(&self) -> String {
        match &self.form {
            Form::Null => "NULL::boolean".to_owned(),
            Form::Bool(sql) => sql.clone(),
            Form::Int(sql) => format!("({sql} <> 0)"),
            _ => format!("({} <> 0)", self.calculated_float()),
        }
    }
}

impl Kind {
    /// An expression of this kind, printed; of a dynamic one the text alone.
    pub(super) fn form(self, sql: String) -> Form {
        match self {
            Kind::Text => Form::Text(sql),
            Kind::Json => Form::Json(sql),
            Kind::Number => Form::Number(sql),
            Kind::Real => Form::Real(sql),
            Kind::Int => Form::Int(sql),
            Kind::Bool => Form::Bool(sql),
            Kind::Blob => Form::Blob(sql),
            Kind::Dynamic => Form::Dynamic(NULL_NUMBER.to_owned(), sql),
        }
    }

    /// The type without a collation.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Kind::Text | Kind::Dynamic => "text",
            _ => self.stored(),
        }
    }
}

pub(super) fn collated(sql: &str) -> String {
    format!("({sql} COLLATE \"C\")")
}

/// A text that stands in the statement.
pub(super) fn text_literal(text: &str) -> Typed {
    let spells_number = Some(super::lexer::spells_number(text));
    let sql = collated(&format!("{}::text", literal::text(text)));
    Typed { spells_number, never_null: true, ..Typed::of(Form::Text(sql)) }
}
