//! The condition on groups: the filter language over the keys of the answer.

use super::compile::{Column, column};
use super::{AggregateError, Aggregation, Result};
use crate::query::ast::{Call, Expr, Operand};
use crate::query::compile::{Condition, Scalar, Side};
use crate::query::constant;
use crate::query::path::{Path, Root};
use crate::query::select::Query;
use crate::query::value::Affinity;
use crate::store::Value;

impl Query<'_> {
    /// ` WHERE …` around the groups, or nothing.
    pub(super) fn having(&mut self, aggregation: &Aggregation, columns: &[Column]) -> Result<String> {
        let Some(filter) = &aggregation.having else { return Ok(String::new()) };
        Ok(match self.group_condition(&filter.root, columns)? {
            Condition::True => String::new(),
            Condition::False => " WHERE 0".to_owned(),
            Condition::Sql { text, .. } => format!(" WHERE {text}"),
        })
    }

    fn group_condition(&mut self, expr: &Expr, columns: &[Column]) -> Result<Condition> {
        match expr {
            // A group has one value for each key, so that any-of and plain operators mean the same.
            Expr::Compare(comparison) => {
                let left = self.group_side(&comparison.left, columns)?;
                let right = self.group_side(&comparison.right, columns)?;
                Ok(self.compiler.compare(comparison.op, left, right))
            }
            Expr::And(parts) => Ok(Condition::all(self.group_conditions(parts, columns)?)),
            Expr::Or(parts) => Ok(Condition::any_of(self.group_conditions(parts, columns)?)),
        }
    }

    fn group_conditions(&mut self, parts: &[Expr], columns: &[Column]) -> Result<Vec<Condition>> {
        parts.iter().map(|part| self.group_condition(part, columns)).collect()
    }

    /// A key of the answer, a macro or a constant.
    fn group_side(&self, operand: &Operand, columns: &[Column]) -> Result<Side> {
        let key = match operand {
            Operand::Null => return Ok(Side::Const(Value::Null)),
            Operand::Bool(flag) => return Ok(Side::Const(Value::Int(i64::from(*flag)))),
            Operand::Number(number) => return Ok(Side::Const(Value::Real(*number))),
            Operand::Text(text) => return Ok(Side::Const(Value::Text(text.clone()))),
            Operand::Path(text, position) if text.starts_with('@') => {
                let path = Path::parse(text, *position).ok().filter(|path| path.root == Root::Macro);
                let value = path.and_then(|path| constant::macro_value(&path, self.compiler.request).ok());
                return value.map(Side::Const).ok_or_else(|| AggregateError::unknown("having", text));
            }
            Operand::Path(text, _) => text.clone(),
            Operand::Call(call) => key_of(call),
        };
        match columns.iter().position(|known| known.key == key) {
            Some(index) => Ok(Side::Sql(Scalar::of(column(index), Affinity::None))),
            None => Err(AggregateError::unknown("having", &key)),
        }
    }
}

/// A call as the key that it may be; one of another form is the key of nothing.
fn key_of(call: &Call) -> String {
    match call.arguments.as_slice() {
        [Operand::Path(path, _)] => format!("{}({path})", call.name),
        [] => format!("{}()", call.name),
        _ => format!("{}(…)", call.name),
    }
}
