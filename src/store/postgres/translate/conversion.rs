//! Values on their way into another form: under an affinity, beside values of other kinds, into a column.

use super::Refused;
use super::catalog::Kind;
use super::typed::{Form, Typed};

impl Typed {
    /// Under numeric affinity: a text that spells a number is that number.
    pub fn numeric(&self) -> Self {
        let form = match (&self.form, self.spells_number) {
            (Form::Text(_), Some(false)) => return self.clone(),
            (Form::Text(sql), Some(true)) => Form::Number(format!("basalt_num({sql})")),
            (Form::Text(sql), None) => Form::Dynamic(
                format!("basalt_num({sql})"),
                format!("(CASE WHEN basalt_num({sql}) IS NULL THEN {sql} END)"),
            ),
            (Form::Dynamic(number, text), _) => Form::Dynamic(
                format!("COALESCE({number}, basalt_num({text}))"),
                format!("(CASE WHEN basalt_num({text}) IS NULL THEN {text} END)"),
            ),
            _ => return self.clone(),
        };
        Self { form, ..self.clone() }
    }

    /// Under the affinity of text: a number is the text that it prints as.
    pub fn textual(&self) -> Self {
        match &self.form {
            Form::Null | Form::Text(_) | Form::Blob(_) => self.clone(),
            _ => Self { form: Form::Text(self.text()), spells_number: None, ..self.clone() },
        }
    }

    /// The same value in the form of a kind that can hold it.
    pub fn as_kind(&self, kind: Kind) -> Result<Self, Refused> {
        if self.kind() == kind && !self.is_null() {
            return Ok(self.clone());
        }
        let form = match (kind, &self.form) {
            (Kind::Dynamic, Form::Blob(_)) => return Err(Refused::new("a blob can't stand beside texts or numbers")),
            (Kind::Dynamic, _) => Form::Dynamic(self.number_part(), self.text_part()),
            (kind, Form::Null) => {
                let sql = format!("NULL::{}", kind.type_name());
                return Ok(Self { form: kind.form(sql), ..self.clone() });
            }
            (Kind::Int, _) if self.integer().is_some() => Form::Int(self.integer().unwrap_or_default()),
            (Kind::Number, _) if self.is_number() => Form::Number(self.float()),
            (Kind::Real, _) if self.is_number() => Form::Real(self.float()),
            (Kind::Text, Form::Json(_)) => Form::Text(self.text()),
            _ => return Err(Refused::new("values of different kinds can't stand beside each other")),
        };
        Ok(Self { form, ..self.clone() })
    }

    /// The value as a column of this kind stores it.
    pub fn stored(&self, kind: Kind) -> Result<String, Refused> {
        if self.is_null() {
            return Ok("NULL".to_owned());
        }
        Ok(match (kind, &self.form) {
            (Kind::Text, Form::Blob(_)) => return Err(Refused::new("a blob can't be stored in a column of texts")),
            (Kind::Text | Kind::Dynamic, _) => self.text(),
            (Kind::Json, Form::Json(sql)) => sql.clone(),
            (Kind::Json, Form::Text(sql)) => match self.spells_number {
                Some(false) => format!("{sql}::basalt_json"),
                _ => format!("basalt_json_stored({sql})::basalt_json"),
            },
            (Kind::Json, _) => format!("{}::basalt_json", self.text()),
            (Kind::Number | Kind::Real, Form::Text(_)) if self.spells_number == Some(false) => {
                return Err(Refused::new("a text can't be stored in a column of numbers"));
            }
            (Kind::Number | Kind::Real, _) => self.spelled_float(),
            (Kind::Int, _) => match self.integer() {
                Some(sql) => sql,
                None => format!("{}::bigint", self.spelled_float()),
            },
            (Kind::Bool, Form::Bool(sql)) => sql.clone(),
            (Kind::Bool, _) => format!("({} <> 0)", self.spelled_float()),
            (Kind::Blob, Form::Blob(sql)) => sql.clone(),
            (Kind::Blob, _) => format!("convert_to({}, 'UTF8')", self.text()),
        })
    }

    /// One text that is the same for equal values and differs for others; null for null.
    pub fn key(&self) -> String {
        match self.form {
            Form::Text(_) => format!("('t' || {})", self.text()),
            _ => {
                let (number, text) = (self.number_part(), self.text_part());
                format!("(CASE WHEN {text} IS NOT NULL THEN 't' || {text} ELSE 'n' || ({number} + 0)::text END)")
            }
        }
    }
}

/// The kind that can hold all of these.
pub(super) fn unify<'t>(values: impl Iterator<Item = &'t Typed>) -> Kind {
    let mut kinds: Vec<Kind> = values.filter(|value| !value.is_null()).map(Typed::kind).collect();
    kinds.dedup();
    let all = |allowed: &[Kind]| kinds.iter().all(|kind| allowed.contains(kind));
    match kinds.as_slice() {
        [] => Kind::Text,
        [only] => *only,
        _ if all(&[Kind::Int, Kind::Bool]) => Kind::Int,
        _ if all(&[Kind::Int, Kind::Bool, Kind::Number, Kind::Real]) => Kind::Number,
        _ => Kind::Dynamic,
    }
}
