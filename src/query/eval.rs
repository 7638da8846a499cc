//! The same language in memory: a rule on a record that is at hand, without the database.
//!
//! It answers only where the answer is proven equal to SQL's: constants and plain columns of the record
//! itself. Anything else is left to the database.

use std::sync::Arc;

use super::Trust;
use super::ast::{Comparison, Expr, Filter, Op, Operand};
use super::compile::affinity;
use super::path::Path;
use super::request::Request;
use super::value::{self, Affinity};
use super::walk::{Leaf, Planned, Planner, Start};
use crate::schema::{Collection, FieldKind, Record, Schema};
use crate::store::Value;

/// Evaluates a rule on a record. `None`: it needs the database (joins, lists, json, functions). An expression
/// that can't be resolved is false: errors deny.
pub fn eval(filter: &Filter, schema: &Schema, record: &Record, request: &Request) -> Option<bool> {
    Evaluator { schema, record, request }.expression(&filter.root)
}

/// An operand whose value is known.
struct Known {
    value: Value,
    affinity: Affinity,
    /// It is a field of the record, not a constant of the request.
    column: bool,
}

struct Evaluator<'a> {
    schema: &'a Schema,
    record: &'a Record,
    request: &'a Request,
}

impl Evaluator<'_> {
    /// What can't be told in memory stays open only as long as the other parts do not decide.
    fn expression(&self, expr: &Expr) -> Option<bool> {
        let decide = |parts: &[Expr], decisive: bool| {
            let mut open = false;
            for part in parts {
                match self.expression(part) {
                    Some(answer) if answer == decisive => return Some(decisive),
                    Some(_) => {}
                    None => open = true,
                }
            }
            if open { None } else { Some(!decisive) }
        };
        match expr {
            Expr::And(parts) => decide(parts, false),
            Expr::Or(parts) => decide(parts, true),
            Expr::Compare(comparison) => self.comparison(comparison),
        }
    }

    fn comparison(&self, comparison: &Comparison) -> Option<bool> {
        let (left, right) = (self.operand(&comparison.left)?, self.operand(&comparison.right)?);
        let ordered = comparison.op.is_order();
        // For equality the type of a constant matters beside another constant only: a column goes before.
        let affinity = |side: &Known, other: &Known| match side.column || !other.column || ordered {
            true => side.affinity,
            false => Affinity::None,
        };
        let (left_affinity, right_affinity) = (affinity(&left, &right), affinity(&right, &left));
        let right_is_column = right.column;
        let (left, right) = (left.value, right.value);
        let op = comparison.op;
        let beside_column = |operand: &Operand, other: Affinity| other != Affinity::None && is_changed(operand);
        if beside_column(&comparison.left, right_affinity) || beside_column(&comparison.right, left_affinity) {
            return None;
        }
        let as_text =
            matches!(op, Op::Like | Op::NotLike) || left_affinity == Affinity::Text || right_affinity == Affinity::Text;
        if as_text && !(value::prints_plainly(&left) && value::prints_plainly(&right)) {
            return None;
        }
        if matches!(op, Op::Like | Op::NotLike) {
            if right_is_column {
                return None;
            }
            if right == Value::Null {
                return Some(false);
            }
            let pattern = Value::Text(value::like_pattern(&value::constant_text(&right)));
            return Some(value::compare(op, &left, left_affinity, &pattern, Affinity::None).unwrap_or(false));
        }
        Some(value::compare(op, &left, left_affinity, &right, right_affinity).unwrap_or(false))
    }

    fn operand(&self, operand: &Operand) -> Option<Known> {
        let constant = |value: Value| Some(Known { value, affinity: Affinity::None, column: false });
        match operand {
            Operand::Null => constant(Value::Null),
            Operand::Bool(flag) => constant(Value::Int(i64::from(*flag))),
            Operand::Number(number) => constant(Value::Real(*number)),
            Operand::Text(text) => constant(Value::Text(text.clone())),
            Operand::Path(text, position) => self.path(&Path::parse(text, *position).ok()?),
            Operand::Call(_) => None,
        }
    }

    fn path(&self, path: &Path<'_>) -> Option<Known> {
        let constant = |value: Value, affinity: Affinity| Some(Known { value, affinity, column: false });
        let collection: &Arc<Collection> = &self.record.collection;
        match Planner::new(self.schema, collection, self.request, Trust::Rule).plan(path).ok()? {
            Planned::Const(value) => constant(value, Affinity::None),
            Planned::Typed(value, affinity) => constant(value, affinity),
            Planned::Changed { body, field } => {
                let affinity = affinity(&collection.fields[field]);
                let differs = value::compare(Op::Ne, &body, Affinity::None, &self.record.values[field], affinity);
                constant(Value::Int(i64::from(differs.unwrap_or(false))), Affinity::None)
            }
            Planned::Walk(walk) => match (&walk.start, walk.hops.is_empty(), &walk.leaf) {
                (Start::Own, true, Leaf::Column { field, lower: false }) if is_plain(&field.kind) => {
                    let (index, _) = collection.field(&field.name)?;
                    Some(Known { value: self.record.values[index].clone(), affinity: affinity(field), column: true })
                }
                _ => None,
            },
        }
    }
}

/// An expression in SQL, to which the affinity rules of constants do not apply.
fn is_changed(operand: &Operand) -> bool {
    matches!(operand, Operand::Path(text, _) if text.ends_with(":changed"))
}

/// Kinds whose stored form is what SQL compares.
fn is_plain(kind: &FieldKind) -> bool {
    !matches!(kind, FieldKind::Json(_) | FieldKind::GeoPoint(_))
}
