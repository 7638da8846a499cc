//! One comparison to a condition (contract 3.2, 3.3).

use super::joins::affinity;
use super::{Compiler, Condition, Frame, Joins, Scalar, Side, quoted};
use crate::query::ast::{Comparison, Op, Operand};
use crate::query::error::Result;
use crate::query::path::Path;
use crate::query::value::{self, Affinity};
use crate::query::walk::{Planned, Planner};
use crate::store::Value;

/// An operand after planning.
pub(super) enum Plan {
    Planned(Planned),
    /// A call with its planned arguments; the first text argument is the format of `strftime`.
    Call {
        name: super::function::Function,
        arguments: Vec<Plan>,
    },
}

impl Plan {
    fn fans_out(&self) -> bool {
        match self {
            Plan::Planned(Planned::Walk(walk)) => walk.fans_out(),
            Plan::Planned(_) => false,
            Plan::Call { arguments, .. } => arguments.iter().any(Plan::fans_out),
        }
    }

    fn any_only(&self) -> bool {
        matches!(self, Plan::Call { name, .. } if name.any_only())
    }
}

impl Compiler<'_> {
    pub(super) fn comparison(&mut self, frame: &mut Frame, comparison: &Comparison) -> Result<Condition> {
        let left = self.plan(frame, &comparison.left)?;
        let right = self.plan(frame, &comparison.right)?;
        let fans_out = left.fans_out() || right.fans_out();
        let any = comparison.any || left.any_only() || right.any_only();
        match (fans_out, any) {
            (false, _) => {
                let mut joins = std::mem::take(&mut frame.single);
                let condition = self.pair(frame, &mut joins, comparison.op, (&left, ""), (&right, ""));
                frame.single = joins;
                condition
            }
            (true, true) => {
                let mut joins = std::mem::take(&mut frame.any);
                let condition = self.pair(frame, &mut joins, comparison.op, (&left, ""), (&right, ""));
                frame.any = joins;
                Ok(match condition? {
                    Condition::Sql { text, .. } => Condition::Sql { text, any: true },
                    folded => folded,
                })
            }
            (true, false) => self.all_of(frame, comparison.op, &left, &right),
        }
    }

    /// Some pair satisfies the comparison and none fails it.
    fn all_of(&mut self, frame: &Frame, op: Op, left: &Plan, right: &Plan) -> Result<Condition> {
        let mut joins = Joins::default();
        let condition = self.pair(frame, &mut joins, op, (left, "l"), (right, "r"))?;
        let Condition::Sql { text, .. } = condition else { return Ok(condition) };
        let from = format!("SELECT 1 FROM (SELECT 1){}", joins.sql());
        let none_fails = format!("NOT EXISTS ({from} WHERE NOT {text})");
        Ok(Condition::sql(match op {
            // The only comparison that is never null: if none fails, all satisfy it.
            Op::Ne => none_fails,
            _ => format!("(EXISTS ({from} WHERE {text}) AND {none_fails})"),
        }))
    }

    fn pair(
        &mut self,
        frame: &Frame,
        joins: &mut Joins,
        op: Op,
        left: (&Plan, &str),
        right: (&Plan, &str),
    ) -> Result<Condition> {
        let left = self.side(frame, joins, left.0, left.1)?;
        let right = self.side(frame, joins, right.0, right.1)?;
        let guards: Vec<Condition> = [&left, &right]
            .into_iter()
            .filter_map(|side| match side {
                Side::Sql(scalar) => scalar.guard.clone().map(Condition::sql),
                Side::Const(_) => None,
            })
            .collect();
        let condition = match (left, right) {
            (Side::Const(left), Side::Const(right)) => fold(op, &left, &right),
            (left, right) => match op {
                Op::Eq | Op::Ne => self.equality(op == Op::Eq, left, right),
                Op::Like | Op::NotLike => self.like(op == Op::Like, left, right),
                Op::Lt => self.order("<", left, right),
                Op::Le => self.order("<=", left, right),
                Op::Gt => self.order(">", left, right),
                Op::Ge => self.order(">=", left, right),
            },
        };
        Ok(Condition::all(std::iter::once(condition).chain(guards).collect()))
    }

    pub(super) fn plan(&self, frame: &Frame, operand: &Operand) -> Result<Plan> {
        Ok(Plan::Planned(match operand {
            Operand::Null => Planned::Const(Value::Null),
            Operand::Bool(flag) => Planned::Const(Value::Int(i64::from(*flag))),
            Operand::Number(number) => Planned::Const(Value::Real(*number)),
            Operand::Text(text) => Planned::Const(Value::Text(text.clone())),
            Operand::Path(text, position) => {
                let path = Path::parse(text, *position)?;
                Planner::new(self.schema, &frame.collection, self.request, frame.trust).plan(&path)?
            }
            Operand::Call(call) => return self.plan_call(frame, call),
        }))
    }

    pub(super) fn side(&mut self, frame: &Frame, joins: &mut Joins, plan: &Plan, side: &str) -> Result<Side> {
        match plan {
            Plan::Planned(Planned::Const(value)) => Ok(Side::Const(value.clone())),
            Plan::Planned(Planned::Walk(walk)) => Ok(Side::Sql(self.scalar(frame, joins, walk, side)?)),
            Plan::Planned(Planned::Changed { body, field }) => Ok(self.changed(frame, body, *field)),
            Plan::Call { name, arguments } => self.call(frame, joins, *name, arguments, side),
        }
    }

    /// Whether a submitted value differs from the stored one, as a value.
    fn changed(&mut self, frame: &Frame, body: &Value, field: usize) -> Side {
        let field = &frame.collection.fields[field];
        let column = format!("{}.{}", frame.alias, quoted(&field.name));
        let stored = Scalar { never_null: frame.present, ..Scalar::of(column, affinity(field)) };
        match self.equality(false, Side::Const(body.clone()), Side::Sql(stored)) {
            Condition::Sql { text, .. } => Side::Sql(Scalar::of(format!("({text})"), Affinity::None)),
            folded => Side::Const(Value::Bool(folded == Condition::True)),
        }
    }

    fn equality(&mut self, equal: bool, left: Side, right: Side) -> Condition {
        let (operator, null_safe) = if equal { ("=", "IS") } else { ("IS NOT", "IS NOT") };
        Condition::sql(match (left, right) {
            (Side::Sql(left), Side::Sql(right)) => {
                let plain = left.never_null && right.never_null && left.affinity == right.affinity;
                match left.strict || right.strict {
                    true => format!("{} {null_safe} {}", left.text, right.text),
                    false if plain => format!("{} {operator} {}", left.text, right.text),
                    false => format!("COALESCE({}, '') {operator} COALESCE({}, '')", left.text, right.text),
                }
            }
            (Side::Sql(scalar), Side::Const(value)) | (Side::Const(value), Side::Sql(scalar)) => {
                let text = &scalar.text;
                match (scalar.strict, value::is_empty(&value)) {
                    (true, _) => format!("{text} {null_safe} {}", self.bind(value)),
                    (false, false) => format!("{text} {operator} {}", self.bind(value)),
                    (false, true) if scalar.never_null => format!("{text} {operator} ''"),
                    (false, true) if equal => format!("({text} = '' OR {text} IS NULL)"),
                    (false, true) => format!("({text} IS NOT '' AND {text} IS NOT NULL)"),
                }
            }
            (Side::Const(left), Side::Const(right)) => return fold(if equal { Op::Eq } else { Op::Ne }, &left, &right),
        })
    }

    fn order(&mut self, operator: &str, left: Side, right: Side) -> Condition {
        if matches!(left, Side::Const(Value::Null)) || matches!(right, Side::Const(Value::Null)) {
            return Condition::False;
        }
        let left = self.text(left);
        let right = self.text(right);
        Condition::sql(format!("{left} {operator} {right}"))
    }

    fn like(&mut self, like: bool, left: Side, right: Side) -> Condition {
        let pattern = match right {
            Side::Const(Value::Null) => return Condition::False,
            Side::Const(value) => self.bind(Value::Text(value::like_pattern(&value::constant_text(&value)))),
            Side::Sql(scalar) => format!("('%' || {} || '%')", scalar.text),
        };
        let left = self.text(left);
        let operator = if like { "LIKE" } else { "NOT LIKE" };
        Condition::sql(format!("{left} {operator} {pattern} ESCAPE '\\'"))
    }

    pub(super) fn text(&mut self, side: Side) -> String {
        match side {
            Side::Const(value) => self.bind(value),
            Side::Sql(scalar) => scalar.text,
        }
    }
}

/// Two constants need no engine.
fn fold(op: Op, left: &Value, right: &Value) -> Condition {
    let pattern = Value::Text(value::like_pattern(&value::constant_text(right)));
    let right = if matches!(op, Op::Like | Op::NotLike) && *right != Value::Null { &pattern } else { right };
    match value::compare(op, left, Affinity::None, right, Affinity::None) {
        Some(true) => Condition::True,
        _ => Condition::False,
    }
}
