//! One comparison to a condition (contract 3.2, 3.3).

use super::joins::affinity;
use super::{Compiler, Condition, Frame, Joins, Scalar, Side};
use crate::query::ast::{Comparison, Op, Operand};
use crate::query::error::Result;
use crate::query::path::Path;
use crate::query::reads::{CallerPart, asks_for_a_caller};
use crate::query::value::{self, Affinity};
use crate::query::walk::Planned;
use crate::store::{Value, quote};

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

    fn constant(&self) -> Option<(&Value, Affinity)> {
        match self {
            Plan::Planned(Planned::Const(value)) => Some((value, Affinity::None)),
            Plan::Planned(Planned::Typed(value, affinity)) => Some((value, *affinity)),
            _ => None,
        }
    }

    /// Whether a plain operator speaks of all its values.
    fn all_of(&self) -> bool {
        self.fans_out() && !self.any_only()
    }

    fn any_only(&self) -> bool {
        matches!(self, Plan::Call { name, .. } if name.any_only())
    }
}

impl Compiler<'_> {
    pub(super) fn comparison(&mut self, frame: &mut Frame, comparison: &Comparison) -> Result<Condition> {
        let caller_part = self.reads.caller;
        let left = self.plan(frame, &comparison.left)?;
        let right = self.plan(frame, &comparison.right)?;
        if asks_for_a_caller(comparison) {
            self.reads.caller = caller_part.max(CallerPart::Collection);
        }
        if let (Some(left), Some(right)) = (left.constant(), right.constant()) {
            return Ok(fold(comparison.op, left, right));
        }
        if !comparison.any && (left.all_of() || right.all_of()) {
            return self.all_of(frame, comparison.op, &left, &right);
        }
        let fans_out = left.fans_out() || right.fans_out();
        let mut joins = std::mem::take(if fans_out { &mut frame.any } else { &mut frame.single });
        let condition = self.pair(frame, &mut joins, comparison.op, &left, &right);
        *(if fans_out { &mut frame.any } else { &mut frame.single }) = joins;
        Ok(match condition? {
            Condition::Sql { text, .. } => Condition::Sql { text, any: fans_out },
            folded => folded,
        })
    }

    fn pair(&mut self, frame: &Frame, joins: &mut Joins, op: Op, left: &Plan, right: &Plan) -> Result<Condition> {
        let left = self.compared(op, frame, joins, left, "")?;
        let right = self.compared(op, frame, joins, right, "")?;
        let guards = guards(&left, &right);
        let condition = self.compare(op, left, right);
        Ok(Condition::all(std::iter::once(condition).chain(guards.into_iter().map(Condition::sql)).collect()))
    }

    /// Some pair satisfies the comparison and none fails it. Of what a client may not read nothing counts.
    fn all_of(&mut self, frame: &mut Frame, op: Op, left: &Plan, right: &Plan) -> Result<Condition> {
        let mut any = std::mem::take(&mut frame.any);
        let found = self.all_of_beside(frame, &mut any, op, left, right);
        frame.any = any;
        found
    }

    fn all_of_beside(
        &mut self,
        frame: &Frame,
        any: &mut Joins,
        op: Op,
        left: &Plan,
        right: &Plan,
    ) -> Result<Condition> {
        let mut joins = Joins::default();
        // A side that is any-of by nature speaks of the row of the any-of joins.
        let mut side = |plan: &Plan, name: &str| match plan.any_only() && plan.fans_out() {
            true => self.compared(op, frame, any, plan, ""),
            false => self.compared(op, frame, &mut joins, plan, name),
        };
        let (left_side, right_side) = (side(left, "l")?, side(right, "r")?);
        let reads_any = [left, right].into_iter().any(|plan| plan.any_only() && plan.fans_out());
        let guards = guards(&left_side, &right_side);
        let relaxed = relaxed(left, &left_side, right, &right_side);
        let Condition::Sql { text, .. } = self.compare(op, left_side, right_side) else { return Ok(Condition::False) };
        let fails = match relaxed {
            Some((left, right)) if matches!(op, Op::Eq | Op::Ne) => match self.compare(op, left, right) {
                Condition::Sql { text, .. } => text,
                _ => text.clone(),
            },
            _ => text.clone(),
        };
        if !joins.limits().is_empty() {
            // Records that lead only to what the client may not list are out, whatever else is said of them.
            for plan in [left, right] {
                self.side(frame, any, plan, "")?;
            }
        }
        let seen: String = joins.limits().iter().chain(&guards).map(|condition| format!("{condition} AND ")).collect();
        let from = format!("SELECT 1 FROM (SELECT 1){}", joins.sql());
        let none_fails = format!("NOT EXISTS ({from} WHERE {seen}NOT {fails})");
        let text = match op {
            // The only comparison that is never null: if none fails, all satisfy it.
            Op::Ne if guards.is_empty() && fails == text => none_fails,
            _ => format!("(EXISTS ({from} WHERE {seen}{text}) AND {none_fails})"),
        };
        Ok(Condition::Sql { text, any: reads_any })
    }

    pub fn compare(&mut self, op: Op, left: Side, right: Side) -> Condition {
        match (left, right) {
            (Side::Const(left), Side::Const(right)) => fold(op, (&left, Affinity::None), (&right, Affinity::None)),
            (left, right) => match op {
                Op::Eq | Op::Ne => self.equality(op == Op::Eq, left, right),
                Op::Like | Op::NotLike => self.like(op == Op::Like, left, right),
                Op::Lt => self.order("<", left, right),
                Op::Le => self.order("<=", left, right),
                Op::Gt => self.order(">", left, right),
                Op::Ge => self.order(">=", left, right),
            },
        }
    }

    pub(super) fn plan(&mut self, frame: &Frame, operand: &Operand) -> Result<Plan> {
        Ok(Plan::Planned(match operand {
            Operand::Null => Planned::Const(Value::Null),
            Operand::Bool(flag) => Planned::Const(Value::Int(i64::from(*flag))),
            Operand::Number(number) => Planned::Const(Value::Real(*number)),
            Operand::Text(text) => Planned::Const(Value::Text(text.clone())),
            Operand::Path(text, position) => self.path(frame, &Path::parse(text, *position)?)?,
            Operand::Call(call) => return self.plan_call(frame, call),
        }))
    }

    /// A side of this comparison. Where there is an order, a field of the caller has the type of its column.
    fn compared(&mut self, op: Op, frame: &Frame, joins: &mut Joins, plan: &Plan, name: &str) -> Result<Side> {
        match plan {
            Plan::Planned(Planned::Typed(value, affinity)) if op.is_order() && *value != Value::Null => {
                let kind = if *affinity == Affinity::Numeric { "NUMERIC" } else { "TEXT" };
                let text = format!("CAST({} AS {kind})", self.bind(value.clone()));
                Ok(Side::Sql(Scalar::of(text, *affinity)))
            }
            _ => self.side(frame, joins, plan, name),
        }
    }

    pub(super) fn side(&mut self, frame: &Frame, joins: &mut Joins, plan: &Plan, side: &str) -> Result<Side> {
        match plan {
            Plan::Planned(Planned::Const(value) | Planned::Typed(value, _)) => Ok(Side::Const(value.clone())),
            Plan::Planned(Planned::Walk(walk)) => Ok(Side::Sql(self.scalar(frame, joins, walk, side)?)),
            Plan::Planned(Planned::Changed { body, field }) => Ok(self.changed(frame, body, *field)),
            Plan::Call { name, arguments } => self.call(frame, joins, *name, arguments, side),
        }
    }

    /// Whether a submitted value differs from the stored one, as a value.
    fn changed(&mut self, frame: &Frame, body: &Value, field: usize) -> Side {
        let field = &frame.collection.fields[field];
        let column = format!("{}.{}", frame.alias, quote(&field.name));
        let stored = Scalar { never_null: frame.present, ..Scalar::of(column, affinity(field)) };
        match self.equality(false, Side::Const(body.clone()), Side::Sql(stored)) {
            Condition::Sql { text, .. } => Side::Sql(Scalar::of(format!("({text})"), Affinity::None)),
            folded => Side::Const(Value::Int(i64::from(folded == Condition::True))),
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
            (Side::Const(left), Side::Const(right)) => {
                return fold(if equal { Op::Eq } else { Op::Ne }, (&left, Affinity::None), (&right, Affinity::None));
            }
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

/// Conditions without which a client may not see the values of the sides.
fn guards(left: &Side, right: &Side) -> Vec<String> {
    let guard = |side: &Side| match side {
        Side::Sql(scalar) => scalar.guard.clone(),
        Side::Const(_) => None,
    };
    [guard(left), guard(right)].into_iter().flatten().collect()
}

/// A json value beside the plain values of a list: that none fails is asked as of plain values, where null and
/// `''` coincide. PocketBase does so.
fn relaxed(left: &Plan, left_side: &Side, right: &Plan, right_side: &Side) -> Option<(Side, Side)> {
    let strict = |side: &Side| matches!(side, Side::Sql(scalar) if scalar.strict);
    let plain = |side: &Side| match side.clone() {
        Side::Sql(scalar) => Side::Sql(Scalar { strict: false, ..scalar }),
        other => other,
    };
    let beside_list = |json: &Plan, json_side: &Side, list: &Plan, list_side: &Side| {
        strict(json_side) && !json.fans_out() && list.all_of() && !strict(list_side)
    };
    let applies = beside_list(left, left_side, right, right_side) || beside_list(right, right_side, left, left_side);
    applies.then(|| (plain(left_side), plain(right_side)))
}

/// Two constants need no engine.
fn fold(op: Op, (left, left_affinity): (&Value, Affinity), (right, right_affinity): (&Value, Affinity)) -> Condition {
    let pattern = Value::Text(value::like_pattern(&value::constant_text(right)));
    let right = if matches!(op, Op::Like | Op::NotLike) && *right != Value::Null { &pattern } else { right };
    match value::compare(op, left, left_affinity, right, right_affinity) {
        Some(true) => Condition::True,
        _ => Condition::False,
    }
}
