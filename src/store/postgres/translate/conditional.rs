//! Expressions that choose: `CASE`, `COALESCE`, `NULLIF`, `IIF`, and the larger of several.

use super::Refused;
use super::ast::{Call, Expr};
use super::catalog::Kind;
use super::comparison::{Operator, compare};
use super::conversion::unify;
use super::scope::Scope;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};

impl Translator<'_> {
    pub(super) fn case(
        &mut self,
        scope: &Scope<'_>,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Result<Typed> {
        if let (None, [(condition, value)], None) = (operand, branches, otherwise)
            && let Some(value) = self.guarded_json(scope, condition, value)?
        {
            return Ok(value);
        }
        let operand = operand.map(|operand| self.expr(scope, operand)).transpose()?;
        let mut choices = Vec::new();
        for (condition, value) in branches {
            let condition = match &operand {
                Some(operand) => {
                    let item = self.expr(scope, condition)?;
                    compare(Operator::Eq, operand, &item)?.truth()
                }
                None => self.condition(scope, condition)?,
            };
            choices.push((condition, self.expr(scope, value)?));
        }
        let otherwise = match otherwise {
            Some(expr) => self.expr(scope, expr)?,
            None => Typed::null(),
        };
        choose(&choices, &otherwise)
    }

    /// `CASE WHEN json_valid(c) THEN json_extract(c, …) END` over a column of JSON, which is always valid.
    fn guarded_json(&mut self, scope: &Scope<'_>, condition: &Expr, value: &Expr) -> Result<Option<Typed>> {
        let Expr::Call(Call { name, arguments, .. }) = condition else { return Ok(None) };
        let [document @ Expr::Column { .. }] = arguments.as_slice() else { return Ok(None) };
        let speaks_of_it = match value {
            Expr::Call(call) => call.name == "json_extract" && call.arguments.first() == Some(document),
            value => value == document,
        };
        if name != "json_valid" || !speaks_of_it || !matches!(self.expr(scope, document)?.form, Form::Json(_)) {
            return Ok(None);
        }
        self.expr(scope, value).map(|value| Some(value.bare()))
    }

    pub(super) fn coalesce(&mut self, scope: &Scope<'_>, arguments: &[Expr]) -> Result<Typed> {
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.expr(scope, argument)?.bare();
            let certain = value.never_null;
            if !value.is_null() {
                values.push(value);
            }
            if certain {
                break;
            }
        }
        let Some((last, before)) = values.split_last() else { return Ok(Typed::null()) };
        if before.is_empty() {
            return Ok(last.clone());
        }
        let kind = unify(values.iter());
        let never_null = last.never_null;
        if kind != Kind::Dynamic {
            let parts: Result<Vec<String>> =
                values.iter().map(|value| Ok(value.as_kind(kind)?.parts().remove(0))).collect();
            let form = kind.form(format!("COALESCE({})", parts?.join(", ")));
            return Ok(Typed { never_null, ..Typed::of(form) });
        }
        let choices: Vec<(String, Typed)> =
            before.iter().map(|value| (value.is_not_null_sql(), value.clone())).collect();
        Ok(Typed { never_null, ..choose(&choices, last)? })
    }

    pub(super) fn nullif(&mut self, scope: &Scope<'_>, left: &Expr, right: &Expr) -> Result<Typed> {
        let (left, right) = (self.expr(scope, left)?.bare(), self.expr(scope, right)?.bare());
        let same = compare(Operator::Eq, &left, &right)?;
        if left.is_null() || same.is_null() || same.form == Form::Bool("FALSE".to_owned()) {
            return Ok(left);
        }
        // A text is never a number, so that the number part stays.
        if let (Form::Dynamic(number, text), Form::Text(right)) = (&left.form, &right.form) {
            return Ok(Typed::of(Form::Dynamic(number.clone(), format!("NULLIF({text}, {right})"))));
        }
        if let (Form::Text(left), Form::Text(right)) = (&left.form, &right.form) {
            return Ok(Typed::of(Form::Text(format!("NULLIF({left}, {right})"))));
        }
        if left.is_number() && matches!(right.form, Form::Text(_)) {
            return Ok(Typed { never_null: false, ..left });
        }
        choose(&[(same.truth(), Typed::null())], &left)
    }

    /// `iif(condition, a, b)`.
    pub(super) fn iif(&mut self, scope: &Scope<'_>, arguments: &[Expr]) -> Result<Typed> {
        let mut choices = Vec::new();
        let mut rest = arguments;
        while let [condition, value, further @ ..] = rest {
            choices.push((self.condition(scope, condition)?, self.expr(scope, value)?));
            rest = further;
        }
        let otherwise = rest.first().map_or(Ok(Typed::null()), |expr| self.expr(scope, expr))?;
        choose(&choices, &otherwise)
    }

    /// `max(a, b, …)` and `min(a, b, …)`: null where one of them is null.
    pub(super) fn extreme_of(&mut self, scope: &Scope<'_>, arguments: &[Expr], greatest: bool) -> Result<Typed> {
        let values = arguments.iter().map(|argument| self.expr(scope, argument).map(Typed::bare));
        let values = values.collect::<Result<Vec<_>>>()?;
        if values.iter().any(Typed::is_null) {
            return Ok(Typed::null());
        }
        let kind = unify(values.iter());
        let name = if greatest { "basalt_greater" } else { "basalt_lesser" };
        if matches!(kind, Kind::Dynamic | Kind::Json | Kind::Blob) {
            return Err(Refused::new("max() and min() of several values take either numbers or texts"));
        }
        let kind = if kind == Kind::Bool { Kind::Int } else { kind };
        let mut parts = values.iter().map(|value| Ok(value.as_kind(kind)?.parts().remove(0)));
        let first = parts.next().unwrap_or_else(|| Err(Refused::new("max() and min() take values")))?;
        let sql = parts.try_fold(first, |so_far, next| next.map(|next| format!("{name}({so_far}, {next})")))?;
        Ok(match kind {
            Kind::Text => Typed::text_of(sql),
            kind => Typed::of(kind.form(sql)),
        })
    }
}

/// The value of the first condition that holds.
pub(super) fn choose(choices: &[(String, Typed)], otherwise: &Typed) -> Result<Typed> {
    let values = choices.iter().map(|(_, value)| value).chain([otherwise]);
    let kind = unify(values.clone());
    let never_null = values.clone().all(|value| value.never_null);
    let is_json = values.clone().all(|value| value.is_json || value.is_null());
    let part = |index: usize| -> Result<String> {
        let mut sql = String::from("(CASE");
        for (condition, value) in choices {
            sql.push_str(&format!(" WHEN {condition} THEN {}", value.as_kind(kind)?.parts()[index]));
        }
        if !otherwise.is_null() {
            sql.push_str(&format!(" ELSE {}", otherwise.as_kind(kind)?.parts()[index]));
        }
        sql.push_str(" END)");
        Ok(sql)
    };
    let form = match kind {
        Kind::Dynamic => Form::Dynamic(part(1)?, part(0)?),
        kind => kind.form(part(0)?),
    };
    Ok(Typed { never_null, is_json, ..Typed::of(form) })
}
