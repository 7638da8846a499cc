//! One expression, by what it is.

use super::Refused;
use super::ast::{Binary, Expr, Query, Unary};
use super::catalog::{Affinity, Kind};
use super::comparison::{Operator, compare};
use super::scope::{Grouped, Scope};
use super::translator::{Result, Translator};
use super::typed::{Form, NULL_NUMBER, Typed};

/// Values of mixed kinds are printed several times over, and those inside of them again.
const MAX_PRINTED_BYTES: usize = 1 << 20;

impl Translator<'_> {
    pub fn expr(&mut self, scope: &Scope<'_>, expr: &Expr) -> Result<Typed> {
        let value = self.unbounded(scope, expr)?;
        match value.length() <= MAX_PRINTED_BYTES {
            true => Ok(value),
            false => Err(Refused::new("the expression is too long on PostgreSQL")),
        }
    }

    fn unbounded(&mut self, scope: &Scope<'_>, expr: &Expr) -> Result<Typed> {
        if let Some(grouped) = scope.grouped
            && let Some(key) = self.key(scope, grouped, expr)
        {
            return Ok(key);
        }
        match expr {
            Expr::Literal(literal) => Ok(Self::literal(literal)),
            Expr::Parameter(index) => self.parameter(*index),
            Expr::Column { table, name, quoted } => self.column(scope, table.as_deref(), name, *quoted),
            Expr::Unary(operator, value) => self.unary(scope, *operator, value),
            Expr::Binary(operator, left, right) => self.binary(scope, *operator, left, right),
            Expr::All(parts) => self.conditions(scope, parts, " AND "),
            Expr::Any(parts) => self.conditions(scope, parts, " OR "),
            Expr::Is { left, right, not } => self.is(scope, left, right, *not),
            Expr::Like { value, pattern, escape, not } => self.like(scope, [value, pattern], escape.as_deref(), *not),
            Expr::Glob { value, pattern, not } => self.glob(scope, value, pattern, *not),
            Expr::Between { value, low, high, not } => {
                let [value, low, high] = self.three(scope, [value, low, high])?;
                let (from, to) = (compare(Operator::Ge, &value, &low)?, compare(Operator::Le, &value, &high)?);
                Ok(negated(format!("({} AND {})", from.truth(), to.truth()), *not))
            }
            Expr::InList { value, items, not } => self.in_list(scope, value, items, *not),
            Expr::InQuery { value, query, not } => self.in_query(scope, value, query, *not),
            Expr::Exists(query) => {
                let shape = self.query(query, Some(scope))?;
                Ok(Typed::bool_of(format!("EXISTS ({})", shape.sql)).certain())
            }
            Expr::Scalar(query) => self.scalar(scope, query),
            Expr::Case { operand, branches, otherwise } => {
                self.case(scope, operand.as_deref(), branches, otherwise.as_deref())
            }
            Expr::Cast { value, to } => {
                let value = self.expr(scope, value)?;
                cast(&value, to)
            }
            Expr::Collate { value, collation } => {
                let value = self.expr(scope, value)?;
                let folds_case = match collation.to_ascii_lowercase().as_str() {
                    "nocase" => true,
                    "binary" => false,
                    other => return Err(Refused::new(format!("no such collation sequence here: {other}"))),
                };
                Ok(Typed { folds_case, ..value })
            }
            Expr::Call(call) => self.call(scope, call),
        }
    }

    /// The expression as it is, where the rows are grouped by it.
    fn key(&mut self, scope: &Scope<'_>, grouped: &Grouped, expr: &Expr) -> Option<Typed> {
        if matches!(expr, Expr::Literal(_) | Expr::Parameter(_)) || grouped.keys.is_empty() {
            return None;
        }
        let plain = self.expr(&scope.ungrouped(), expr).ok()?;
        grouped.keys.iter().any(|key| key.form == plain.form).then_some(plain)
    }

    fn three(&mut self, scope: &Scope<'_>, exprs: [&Expr; 3]) -> Result<[Typed; 3]> {
        let [a, b, c] = exprs;
        Ok([self.expr(scope, a)?, self.expr(scope, b)?, self.expr(scope, c)?])
    }

    fn conditions(&mut self, scope: &Scope<'_>, parts: &[Expr], operator: &str) -> Result<Typed> {
        let parts = parts.iter().map(|part| self.condition(scope, part)).collect::<Result<Vec<_>>>()?;
        Ok(Typed::bool_of(format!("({})", parts.join(operator))))
    }

    fn unary(&mut self, scope: &Scope<'_>, operator: Unary, value: &Expr) -> Result<Typed> {
        let value = self.expr(scope, value)?;
        Ok(match operator {
            Unary::Not => Typed::bool_of(format!("(NOT {})", value.truth())),
            Unary::Plus => Typed { folds_case: false, ..value.bare() },
            Unary::Minus => {
                let value = value.calculated();
                match (&value.form, value.integer()) {
                    (Form::Null, _) => Typed::null(),
                    (_, Some(sql)) => Typed::int_of(format!("(- {sql})")),
                    (Form::Real(sql), _) => Typed::real_of(format!("(- {sql})")),
                    _ => Typed::number_of(format!("(- {})", value.calculated_float())),
                }
            }
            Unary::BitNot => Typed::int_of(format!("(~ {})", whole(&value))),
        })
    }

    fn binary(&mut self, scope: &Scope<'_>, operator: Binary, left: &Expr, right: &Expr) -> Result<Typed> {
        let comparison = match operator {
            Binary::Eq => Operator::Eq,
            Binary::Ne => Operator::Ne,
            Binary::Lt => Operator::Lt,
            Binary::Le => Operator::Le,
            Binary::Gt => Operator::Gt,
            Binary::Ge => Operator::Ge,
            Binary::Json | Binary::JsonValue => return self.arrow(scope, operator, left, right),
            _ => {
                let (left, right) = (self.expr(scope, left)?, self.expr(scope, right)?);
                return Ok(calculate(operator, &left, &right));
            }
        };
        let (left, right) = (self.expr(scope, left)?, self.expr(scope, right)?);
        compare(comparison, &left, &right)
    }

    /// The first value of a query, null where there is none.
    fn scalar(&mut self, scope: &Scope<'_>, query: &Query) -> Result<Typed> {
        self.first_of_rows = query.order.is_empty() && query.rest.is_empty();
        let shape = self.query(query, Some(scope))?;
        let [column] = shape.columns.as_slice() else {
            let found = shape.columns.len();
            return Err(Refused::new(format!("sub-select returns {found} columns - expected 1")));
        };
        let first = if query.limit.is_some() { "" } else { " LIMIT 1" };
        let value = match column.kind {
            Kind::Dynamic => {
                let alias = self.alias();
                let part =
                    |part: &String| format!("(SELECT \"{alias}\".{part} FROM ({}) AS \"{alias}\"{first})", shape.sql);
                let [text, number] = column.printed() else { return Err(Refused::new("a query without a column")) };
                Typed::of(Form::Dynamic(part(number), part(text)))
            }
            kind => Typed::of(kind.form(format!("({}{first})", shape.sql))),
        };
        Ok(Typed { affinity: column.affinity, is_json: column.is_json, ..value })
    }
}

pub(super) fn negated(sql: String, not: bool) -> Typed {
    Typed::bool_of(if not { format!("(NOT {sql})") } else { sql })
}

/// An integer as bit operators take it.
fn whole(value: &Typed) -> String {
    value.integer().unwrap_or_else(|| format!("basalt_cast_int({})", value.calculated_float()))
}

fn calculate(operator: Binary, left: &Typed, right: &Typed) -> Typed {
    if operator == Binary::Concat {
        return match left.is_null() || right.is_null() {
            true => Typed::null(),
            false => Typed::of(Form::Text(format!("({} || {})", left.text(), right.text()))),
        };
    }
    if left.is_null() || right.is_null() {
        return Typed::null();
    }
    let (sign, function) = match operator {
        Binary::Add => ("+", "basalt_add"),
        Binary::Subtract => ("-", "basalt_sub"),
        Binary::Multiply => ("*", "basalt_mul"),
        Binary::Divide => return divide(left, right),
        Binary::Remainder => {
            let sql = format!("({} % NULLIF({}, 0))", whole(left), whole(right));
            return match matches!(left.form, Form::Real(_)) || matches!(right.form, Form::Real(_)) {
                true => Typed::real_of(format!("{sql}::double precision")),
                false => Typed::int_of(sql),
            };
        }
        Binary::BitAnd => return Typed::int_of(format!("({} & {})", whole(left), whole(right))),
        Binary::BitOr => return Typed::int_of(format!("({} | {})", whole(left), whole(right))),
        Binary::ShiftLeft => return Typed::int_of(format!("({} << {}::int)", whole(left), whole(right))),
        _ => return Typed::int_of(format!("({} >> {}::int)", whole(left), whole(right))),
    };
    if let (Some(left), Some(right)) = (left.integer(), right.integer()) {
        return Typed::int_of(format!("({left} {sign} {right})"));
    }
    let sql = format!("{function}({}, {})", left.calculated_float(), right.calculated_float());
    real_or_number(left, right, sql)
}

/// Integers divide to an integer; a number that may be one or not does as it is.
fn divide(left: &Typed, right: &Typed) -> Typed {
    if let (Some(left), Some(right)) = (left.integer(), right.integer()) {
        return Typed::int_of(format!("({left} / NULLIF({right}, 0))"));
    }
    let (a, b) = (left.calculated_float(), right.calculated_float());
    if matches!(left.form, Form::Real(_)) || matches!(right.form, Form::Real(_)) {
        return Typed::real_of(format!("basalt_real_div({a}, {b})"));
    }
    let real = reality(left, right);
    let sql = match &real {
        Some(real) if left.is_real.is_some() || right.is_real.is_some() => format!("basalt_div({a}, {b}, {real})"),
        // A whole number that was stored is an integer.
        _ => format!("basalt_div({a}, {b})"),
    };
    Typed { is_real: real, ..Typed::number_of(sql) }
}

fn real_or_number(left: &Typed, right: &Typed, sql: String) -> Typed {
    match matches!(left.form, Form::Real(_)) || matches!(right.form, Form::Real(_)) {
        true => Typed::real_of(sql),
        false => Typed { is_real: reality(left, right), ..Typed::number_of(sql) },
    }
}

/// What is calculated of a real is a real.
fn reality(left: &Typed, right: &Typed) -> Option<String> {
    match (left.reality(), right.reality()) {
        (Some(left), Some(right)) => Some(format!("({left} OR {right})")),
        (left, right) => left.or(right),
    }
}

/// `CAST(value AS to)`, by the affinity of the type's name.
fn cast(value: &Typed, to: &str) -> Result<Typed> {
    if value.is_null() {
        return Ok(Typed::null());
    }
    let to = to.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| to.contains(part));
    let (form, affinity) = if has(&["INT"]) {
        let sql = match (&value.form, value.integer()) {
            (_, Some(sql)) => sql,
            (Form::Text(sql), _) => format!("basalt_cast_int({sql})"),
            (Form::Json(sql), _) => format!("basalt_cast_int({sql}::text)"),
            (Form::Dynamic(number, text), _) => {
                format!("COALESCE(basalt_cast_int({number}), basalt_cast_int({text}))")
            }
            _ => format!("basalt_cast_int({})", value.calculated_float()),
        };
        (Form::Int(sql), Affinity::Numeric)
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        (Form::Text(value.text()), Affinity::Text)
    } else if to.is_empty() || has(&["BLOB"]) {
        return Err(Refused::new("a cast to BLOB is not available"));
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        (Form::Real(value.calculated_float()), Affinity::Numeric)
    } else {
        let sql = value.calculated_float();
        let form = match &value.form {
            Form::Int(_) | Form::Bool(_) => Form::Int(value.integer().unwrap_or_else(|| NULL_NUMBER.to_owned())),
            Form::Real(_) => Form::Real(sql),
            _ => Form::Number(sql),
        };
        (form, Affinity::Numeric)
    };
    Ok(Typed { affinity, never_null: value.never_null, ..Typed::of(form) })
}
