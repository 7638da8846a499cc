//! Orders, with null before numbers before texts.

use super::Refused;
use super::ast::{Expr, Literal, Term};
use super::comparison::lower;
use super::scope::Scope;
use super::select::BlockColumn;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};

/// A term of an order. What can't be null is printed plain, as an index has it.
pub(super) fn order_sql(value: &Typed, descending: bool, nulls_first: Option<bool>) -> String {
    let direction = if descending { " DESC" } else { "" };
    let usual = !descending;
    let first = nulls_first.unwrap_or(usual);
    let nulls = |first: bool| if first { " NULLS FIRST" } else { " NULLS LAST" };
    let folded = |sql: String| if value.folds_case { lower(&sql) } else { sql };
    match &value.form {
        Form::Dynamic(..) | Form::Json(_) => {
            let (number, text) = (value.number_part(), folded(value.text_part()));
            let apart = match first == usual {
                true => String::new(),
                false => format!("{} {}, ", value.is_null_sql(), if first { "DESC" } else { "ASC" }),
            };
            let within = nulls(usual);
            format!("{apart}({text} IS NOT NULL){direction}, {number}{direction}{within}, {text}{direction}{within}")
        }
        _ => {
            let sql = value.parts().remove(0);
            let sql = if matches!(value.form, Form::Text(_)) { folded(sql) } else { sql };
            let nulls = if value.never_null { "" } else { nulls(first) };
            format!("{sql}{direction}{nulls}")
        }
    }
}

impl Translator<'_> {
    /// ` ORDER BY …` of a select, or nothing.
    pub fn order(&mut self, scope: &Scope<'_>, order: &[Term], columns: &[BlockColumn]) -> Result<String> {
        let mut terms = Vec::new();
        for term in order {
            let value = match &term.expr {
                Expr::Literal(Literal::Int(position)) if !columns.is_empty() => {
                    let column = usize::try_from(position - 1).ok().and_then(|index| columns.get(index));
                    let column = column.ok_or_else(|| {
                        Refused::new(format!("ORDER BY term out of range - should be between 1 and {}", columns.len()))
                    })?;
                    column.value.clone()
                }
                expr => self.expr(scope, expr)?,
            };
            terms.push(order_sql(&value, term.descending, term.nulls_first));
        }
        Ok(if terms.is_empty() { String::new() } else { format!(" ORDER BY {}", terms.join(", ")) })
    }
}
