//! Functions of many rows: aggregates and windows.

use super::Refused;
use super::ast::{Call, Expr, Window};
use super::catalog::Kind;
use super::comparison::lower;
use super::json;
use super::scope::Scope;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed, text_literal};

const AGGREGATES: &[&str] =
    &["count", "sum", "total", "avg", "group_concat", "string_agg", "json_group_array", "json_group_object"];
/// Functions that have a meaning in a window alone.
const WINDOWS: &[&str] = &[
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

impl Call {
    fn is_aggregate(&self) -> bool {
        let extreme = matches!(self.name.as_str(), "min" | "max") && self.arguments.len() == 1;
        extreme || AGGREGATES.contains(&self.name.as_str())
    }
}

/// Whether an expression speaks of groups; queries inside of it speak for themselves.
pub(super) fn has_aggregate(expr: &Expr) -> bool {
    let mut found = false;
    visit(expr, &mut |call| found |= call.is_aggregate() && call.over.is_none());
    found
}

/// The arguments of all `min()` and `max()`; and whether the largest comes first.
pub(super) fn extremes(exprs: &[&Expr]) -> Vec<(bool, Expr)> {
    let mut found = Vec::new();
    for expr in exprs {
        visit(expr, &mut |call| {
            if matches!(call.name.as_str(), "min" | "max") && call.is_aggregate() && call.over.is_none() {
                found.extend(call.arguments.first().map(|argument| (call.name == "max", argument.clone())));
            }
        });
    }
    found
}

/// Visits the calls of an expression.
fn visit(expr: &Expr, see: &mut dyn FnMut(&Call)) {
    let all = |exprs: &[&Expr], see: &mut dyn FnMut(&Call)| {
        for expr in exprs {
            visit(expr, see);
        }
    };
    match expr {
        Expr::Literal(_) | Expr::Parameter(_) | Expr::Column { .. } | Expr::Exists(_) | Expr::Scalar(_) => {}
        Expr::Unary(_, value) | Expr::Cast { value, .. } | Expr::Collate { value, .. } => all(&[value], see),
        Expr::InQuery { value, .. } => all(&[value], see),
        Expr::Binary(_, left, right) | Expr::Is { left, right, .. } => all(&[left, right], see),
        Expr::Like { value, pattern, .. } | Expr::Glob { value, pattern, .. } => all(&[value, pattern], see),
        Expr::Between { value, low, high, .. } => all(&[value, low, high], see),
        Expr::All(parts) | Expr::Any(parts) => all(&parts.iter().collect::<Vec<_>>(), see),
        Expr::InList { value, items, .. } => {
            all(&[value], see);
            all(&items.iter().collect::<Vec<_>>(), see);
        }
        Expr::Case { operand, branches, otherwise } => {
            let outer = operand.iter().chain(otherwise).map(|expr| &**expr);
            let inner = branches.iter().flat_map(|(condition, value)| [condition, value]);
            all(&outer.chain(inner).collect::<Vec<_>>(), see);
        }
        Expr::Call(call) => {
            see(call);
            all(&call.arguments.iter().collect::<Vec<_>>(), see);
        }
    }
}

impl Translator<'_> {
    /// `None` where the function is one of a single row.
    pub(super) fn aggregate(&mut self, scope: &Scope<'_>, call: &Call) -> Result<Option<Typed>> {
        let window = WINDOWS.contains(&call.name.as_str());
        if !call.is_aggregate() && !window {
            return Ok(None);
        }
        if window && call.over.is_none() {
            return Err(Refused::new(format!("misuse of window function {}()", call.name)));
        }
        if call.over.is_none() && scope.grouped.is_none() {
            return Err(Refused::new(format!("misuse of aggregate: {}()", call.name)));
        }
        // Rows of groups are what a window is over, the rows themselves what an aggregate is over.
        let inner = if call.over.is_some() { *scope } else { scope.ungrouped() };
        let values = call.arguments.iter().map(|argument| self.expr(&inner, argument)).collect::<Result<Vec<_>>>()?;
        let mut tail = String::new();
        if let Some(filter) = &call.filter {
            tail.push_str(&format!(" FILTER (WHERE {})", self.condition(&inner, filter)?));
        }
        if let Some(over) = &call.over {
            tail.push_str(&self.over(&inner, over)?);
        }
        let order = self.order(&inner, &call.order, &[])?;
        let made = Made { distinct: if call.distinct { "DISTINCT " } else { "" }, order, tail };
        match window {
            true => windowed(&call.name, &values, &made),
            false => aggregated(call, &values, &made),
        }
        .map(Some)
    }

    fn over(&mut self, scope: &Scope<'_>, window: &Window) -> Result<String> {
        let window = &resolved(scope, window, 0)?;
        let mut parts = Vec::new();
        if !window.partition.is_empty() {
            let keys = window.partition.iter().map(|expr| self.expr(scope, expr)).collect::<Result<Vec<_>>>()?;
            let keys: Vec<String> = keys.iter().flat_map(Typed::parts).collect();
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        let order = self.order(scope, &window.order, &[])?;
        if !order.is_empty() {
            parts.push(order.trim_start().to_owned());
        }
        if !window.frame.is_empty() {
            parts.push(window.frame.clone());
        }
        Ok(format!(" OVER ({})", parts.join(" ")))
    }
}

/// The window with all that it takes from windows of a name.
fn resolved(scope: &Scope<'_>, window: &Window, depth: usize) -> Result<Window> {
    let Some(base) = &window.base else { return Ok(window.clone()) };
    let known = scope.windows.iter().find(|(name, _)| name.eq_ignore_ascii_case(base));
    let (_, known) =
        known.filter(|_| depth < scope.windows.len()).ok_or_else(|| Refused::new(format!("no such window: {base}")))?;
    let mut whole = resolved(scope, known, depth + 1)?;
    whole.partition.extend(window.partition.iter().cloned());
    whole.order.extend(window.order.iter().cloned());
    if !window.frame.is_empty() {
        whole.frame.clone_from(&window.frame);
    }
    Ok(whole)
}

/// What stands around the arguments of an aggregate.
struct Made {
    distinct: &'static str,
    order: String,
    tail: String,
}

impl Made {
    fn call(&self, function: &str, argument: &str) -> String {
        format!("({function}({}{argument}{}){})", self.distinct, self.order, self.tail)
    }
}

fn aggregated(call: &Call, values: &[Typed], made: &Made) -> Result<Typed> {
    Ok(match (call.name.as_str(), values) {
        ("count", []) => Typed::int_of(made.call("count", "*")).certain(),
        ("count", [value]) => Typed::int_of(made.call("count", &counted(value, call.distinct))).certain(),
        ("sum", [value]) => {
            let value = value.calculated();
            match (value.integer(), &value.form) {
                (Some(sql), _) => Typed::int_of(format!("{}::bigint", made.call("sum", &sql))),
                (None, Form::Real(sql)) => Typed::real_of(made.call("basalt_sum", sql)),
                _ => {
                    // One real makes the sum a real.
                    let is_real = value.reality().map(|real| made.call("bool_or", &real));
                    Typed { is_real, ..Typed::number_of(made.call("basalt_sum", &value.calculated_float())) }
                }
            }
        }
        ("total", [value]) => Typed::real_of(made.call("basalt_total", &value.calculated_float())).certain(),
        ("avg", [value]) => Typed::real_of(made.call("basalt_avg", &value.calculated_float())),
        ("min" | "max", [value]) => extreme(&call.name, value, made),
        ("group_concat" | "string_agg", [value, rest @ ..]) if rest.len() < 2 => {
            let separator = rest.first().map_or_else(|| text_literal(",").text(), Typed::text);
            Typed::text_of(made.call("string_agg", &format!("{}, {separator}", value.text())))
        }
        ("json_group_array", [value]) => {
            let items = made.call("string_agg", &format!("{}, ','", json::item(value)));
            Typed { is_json: true, ..Typed::text_of(format!("('[' || COALESCE({items}, '') || ']')")).certain() }
        }
        ("json_group_object", [key, value]) => {
            let members = made.call("string_agg", &format!("{}, ','", json::member(key, value)));
            Typed { is_json: true, ..Typed::text_of(format!("('{{' || COALESCE({members}, '') || '}}')")).certain() }
        }
        (name, values) => {
            return Err(Refused::new(format!("wrong number of arguments to function {name}(): {}", values.len())));
        }
    })
}

/// What is null together with a value; and different where distinct values are counted.
fn counted(value: &Typed, distinct: bool) -> String {
    match &value.form {
        Form::Text(sql) if value.folds_case => lower(sql),
        Form::Dynamic(..) | Form::Json(_) if distinct => value.key(),
        Form::Dynamic(..) => format!("CASE WHEN {} THEN 1 END", value.is_not_null_sql()),
        _ => value.parts().remove(0),
    }
}

/// Numbers come before texts.
fn extreme(name: &str, value: &Typed, made: &Made) -> Typed {
    match value.kind() {
        Kind::Dynamic | Kind::Json => {
            let number = made.call(name, &value.number_part());
            let text = made.call(name, &value.text_part());
            Typed::of(match name {
                "min" => Form::Dynamic(number.clone(), format!("(CASE WHEN {number} IS NULL THEN {text} END)")),
                _ => Form::Dynamic(format!("(CASE WHEN {text} IS NULL THEN {number} END)"), text),
            })
        }
        Kind::Bool => Typed::int_of(made.call(name, &value.integer().unwrap_or_default())),
        kind => Typed::of(kind.form(made.call(name, &value.parts().remove(0)))),
    }
}

fn windowed(name: &str, values: &[Typed], made: &Made) -> Result<Typed> {
    Ok(match (name, values) {
        ("row_number" | "rank" | "dense_rank", []) => Typed::int_of(made.call(name, "")).certain(),
        ("percent_rank" | "cume_dist", []) => Typed::real_of(made.call(name, "")).certain(),
        ("ntile", [value]) => {
            let buckets = value.integer().ok_or_else(|| Refused::new("ntile() takes an integer"))?;
            Typed::int_of(format!("{}::bigint", made.call(name, &format!("{buckets}::int")))).certain()
        }
        ("lag" | "lead" | "first_value" | "last_value" | "nth_value", [value, rest @ ..]) if rest.len() < 2 => {
            let offset = match rest.first().map(Typed::integer) {
                None => String::new(),
                Some(Some(sql)) => format!(", {sql}::int"),
                Some(None) => return Err(Refused::new(format!("{name}() takes an integer offset"))),
            };
            let part = |sql: &String| made.call(name, &format!("{sql}{offset}"));
            let form = match &value.form {
                Form::Dynamic(number, text) => Form::Dynamic(part(number), part(text)),
                _ => value.kind().form(part(&value.parts().remove(0))),
            };
            Typed::of(form)
        }
        (name, _) => return Err(Refused::new(format!("{name}() with these arguments is not available on PostgreSQL"))),
    })
}
