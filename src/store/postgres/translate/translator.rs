//! What all parts of a statement share while it is translated.

use std::collections::BTreeSet;

use super::ast::{Binary, Expr, Literal};
use super::catalog::Catalog;
use super::comparison::{Operator, holds};
use super::query::Shape;
use super::scope::{Found, Scope};
use super::typed::{Form, Typed, text_literal};
use super::{Param, ParamKind, Refused, literal};

pub(super) type Result<T> = std::result::Result<T, Refused>;

pub(super) struct Translator<'a> {
    pub catalog: &'a Catalog,
    kinds: &'a [ParamKind],
    pub params: Vec<Param>,
    /// Tables of `WITH` that are in sight, innermost last: name, printed name and columns.
    pub commons: Vec<(String, String, Shape)>,
    pub reads: Reads,
    aliases: usize,
    /// Whether the expression is stored with an index, where time stands still.
    pub timeless: bool,
    /// Whether the next select is asked for its first row, so that its rows must come in the order of their sources.
    pub first_of_rows: bool,
    /// Whether the next query is a view, which shows the numbers of its rows where they have one.
    pub numbered: bool,
    /// Whether the next select is a page of rows that were asked for in no order.
    pub paged: bool,
}

/// What a statement reads, and what it must not.
#[derive(Default)]
pub(super) struct Reads {
    pub tables: BTreeSet<String>,
    /// Time or chance was asked for.
    pub unstable: bool,
    /// Tables with a column that must not be read.
    pub denied: Vec<(String, String)>,
    /// Whether a person wrote the statement.
    pub inspected: bool,
}

impl<'a> Translator<'a> {
    pub fn new(kinds: &'a [ParamKind], catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            kinds,
            params: Vec::new(),
            commons: Vec::new(),
            reads: Reads::default(),
            aliases: 0,
            timeless: false,
            first_of_rows: false,
            numbered: false,
            paged: false,
        }
    }

    /// A name that no person gives.
    pub fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("@{}", self.aliases)
    }

    pub fn parameter(&mut self, source: usize) -> Result<Typed> {
        let missing = || Refused::new(format!("there is no parameter ?{}", source + 1));
        let kind = *self.kinds.get(source).ok_or_else(missing)?;
        if kind == ParamKind::Null {
            return Ok(Typed::null());
        }
        let position = self.params.iter().position(|param| param.source == source).unwrap_or_else(|| {
            self.params.push(Param { source, kind });
            self.params.len() - 1
        });
        let number = position + 1;
        let form = match kind {
            ParamKind::Bool => Form::Bool(format!("${number}::boolean")),
            ParamKind::Int => Form::Int(format!("${number}::bigint")),
            ParamKind::Real => Form::Real(format!("${number}::double precision")),
            ParamKind::Blob => Form::Blob(format!("${number}::bytea")),
            _ => Form::Text(format!("(${number}::text COLLATE \"C\")")),
        };
        let spells_number = matches!(form, Form::Text(_)).then_some(kind == ParamKind::NumericText);
        Ok(Typed { spells_number, never_null: true, ..Typed::of(form) })
    }

    pub fn literal(literal: &Literal) -> Typed {
        let form = match literal {
            Literal::Null => return Typed::null(),
            Literal::Text(text) => return text_literal(text),
            Literal::Int(number) => Form::Int(literal::int(*number)),
            Literal::Real(number) => Form::Real(literal::real(*number)),
            Literal::Blob(bytes) => Form::Blob(literal::blob(bytes)),
            Literal::Bool(flag) => Form::Bool(if *flag { "TRUE" } else { "FALSE" }.to_owned()),
        };
        Typed::of(form).certain()
    }

    /// What an identifier means.
    pub fn column(&mut self, scope: &Scope<'_>, table: Option<&str>, name: &str, quoted: bool) -> Result<Typed> {
        match scope.find(table, name) {
            Found::Column(place, column) => {
                if let Some((table, name)) = &column.read {
                    self.reads.column(table, name)?;
                }
                Ok(grouped(place, &column.value))
            }
            Found::Row(place, row) => Ok(grouped(place, row)),
            Found::Alias(place, expr) => {
                let place = Scope { inside_alias: true, aliases_first: false, ..*place };
                self.expr(&place, expr)
            }
            Found::Ambiguous => Err(Refused::new(format!("ambiguous column name: {}", full_name(table, name)))),
            Found::Nothing if quoted && table.is_none() => Ok(text_literal(name)),
            Found::Nothing => Err(Refused::new(format!("no such column: {}", full_name(table, name)))),
        }
    }

    /// A condition on rows, where null and false come to the same.
    pub fn filter(&mut self, scope: &Scope<'_>, expr: &Expr) -> Result<String> {
        let (parts, operator) = match expr {
            Expr::All(parts) => (parts, " AND "),
            Expr::Any(parts) => (parts, " OR "),
            Expr::Binary(Binary::Eq, left, right) => {
                let (left, right) = (self.expr(scope, left)?, self.expr(scope, right)?);
                return holds(Operator::Eq, &left, &right);
            }
            expr => return self.condition(scope, expr),
        };
        let parts = parts.iter().map(|part| self.filter(scope, part)).collect::<Result<Vec<_>>>()?;
        Ok(format!("({})", parts.join(operator)))
    }

    /// A condition: whether it holds, null for neither.
    pub fn condition(&mut self, scope: &Scope<'_>, expr: &Expr) -> Result<String> {
        Ok(self.expr(scope, expr)?.truth())
    }
}

impl Reads {
    pub fn column(&self, table: &str, name: &str) -> Result<()> {
        let secret = self
            .denied
            .iter()
            .any(|(owner, column)| owner.eq_ignore_ascii_case(table) && column.eq_ignore_ascii_case(name));
        if secret { Err(Refused::new(format!("access to {table}.{name} is prohibited"))) } else { Ok(()) }
    }
}

/// A column as it can be named beside groups: a key as it is, of another the value of one of the rows.
pub(super) fn grouped(place: &Scope<'_>, value: &Typed) -> Typed {
    let Some(grouped) = place.grouped else { return value.clone() };
    if grouped.keys.iter().any(|key| key.form == value.form) {
        return value.clone();
    }
    let one = |sql: &String| format!("((array_agg({sql}{}))[1])", grouped.front);
    let form = match &value.form {
        Form::Null => Form::Null,
        Form::Dynamic(number, text) => Form::Dynamic(one(number), one(text)),
        _ => value.kind().form(one(&value.parts().remove(0))),
    };
    Typed { form, never_null: false, ..value.clone() }
}

fn full_name(table: Option<&str>, name: &str) -> String {
    table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}"))
}
