//! Comparisons, as SQLite makes them: affinities first, then null, numbers, texts in this order.

use super::Refused;
use super::ast::{Core, Expr, Item, Literal, Query, Table};
use super::catalog::{Affinity, Kind};
use super::conversion::unify;
use super::expression::negated;
use super::scope::Scope;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Is,
    IsNot,
}

impl Operator {
    fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Is => "IS NOT DISTINCT FROM",
            Self::IsNot => "IS DISTINCT FROM",
        }
    }

    fn is_null_safe(self) -> bool {
        matches!(self, Self::Is | Self::IsNot)
    }

    /// What it says of two values that come in this order.
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq | Self::Is => order.is_eq(),
            Self::Ne | Self::IsNot => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

/// `left operator right`, a truth value or null.
pub(super) fn compare(operator: Operator, left: &Typed, right: &Typed) -> Result<Typed> {
    let folds_case = left.folds_case || right.folds_case;
    let (left, right) = under_affinities(left, right);
    let never_null = operator.is_null_safe() || (left.never_null && right.never_null);
    let sql = match (left.is_null(), right.is_null()) {
        (true, true) => match operator {
            Operator::Is => "TRUE".to_owned(),
            Operator::IsNot => "FALSE".to_owned(),
            _ => return Ok(Typed::null()),
        },
        (true, false) | (false, true) => {
            let value = if left.is_null() { &right } else { &left };
            match operator {
                Operator::Is => value.is_null_sql(),
                Operator::IsNot => value.is_not_null_sql(),
                _ => return Ok(Typed::null()),
            }
        }
        (false, false) => values(operator, &left, &right, folds_case)?,
    };
    Ok(Typed { never_null, ..Typed::bool_of(sql) })
}

/// The same where null and false come to the same: equality looks at one part of a mixed value alone.
pub(super) fn holds(operator: Operator, left: &Typed, right: &Typed) -> Result<String> {
    let (a, b) = under_affinities(left, right);
    let mixed = |value: &Typed| matches!(value.form, Form::Dynamic(..));
    if operator == Operator::Eq && (mixed(&a) != mixed(&b)) && !left.folds_case && !right.folds_case {
        let fixed = if mixed(&a) { &b } else { &a };
        if matches!(fixed.form, Form::Text(_)) {
            return Ok(format!("({} = {})", a.text_part(), b.text_part()));
        }
        if fixed.is_number() {
            return Ok(format!("({} = {})", a.number_part(), b.number_part()));
        }
    }
    Ok(compare(operator, left, right)?.truth())
}

/// A numeric side turns the text it meets into the number it spells; else a text turns a number into text.
fn under_affinities(left: &Typed, right: &Typed) -> (Typed, Typed) {
    use Affinity::{None, Numeric, Text};
    match (left.affinity, right.affinity) {
        (Numeric, None | Text) => (left.clone(), right.numeric()),
        (None | Text, Numeric) => (left.numeric(), right.clone()),
        (Text, None) => (left.clone(), right.textual()),
        (None, Text) => (left.textual(), right.clone()),
        _ => (left.clone(), right.clone()),
    }
}

/// Two values of which neither is the word null.
fn values(operator: Operator, left: &Typed, right: &Typed, folds_case: bool) -> Result<String> {
    let sign = operator.sql();
    let equality = matches!(operator, Operator::Eq | Operator::Ne | Operator::Is | Operator::IsNot);
    let plain = |left: &str, right: &str| format!("({left} {sign} {right})");
    match (&left.form, &right.form) {
        (Form::Blob(left), Form::Blob(right)) => Ok(plain(left, right)),
        (Form::Blob(_), _) | (_, Form::Blob(_)) => Err(Refused::new("a blob is compared with blobs only")),
        (Form::Text(left), Form::Text(right)) if folds_case => Ok(plain(&lower(left), &lower(right))),
        (Form::Text(left), Form::Text(right)) => Ok(plain(left, right)),
        // Stored JSON spells a number in one way.
        (Form::Json(left), Form::Json(right)) if equality => Ok(plain(left, right)),
        (Form::Json(json), Form::Text(text)) if equality && right.spells_number == Some(false) => Ok(plain(json, text)),
        (Form::Text(text), Form::Json(json)) if equality && left.spells_number == Some(false) => Ok(plain(text, json)),
        (Form::Bool(left), Form::Bool(right)) => Ok(plain(left, right)),
        _ => match (left.integer(), right.integer()) {
            (Some(left), Some(right)) => Ok(plain(&left, &right)),
            _ if left.is_number() && right.is_number() => Ok(plain(&left.number_part(), &right.number_part())),
            _ => Ok(mixed(operator, left, right, folds_case)),
        },
    }
}

/// Values of which at least one may be a number or a text.
fn mixed(operator: Operator, left: &Typed, right: &Typed, folds_case: bool) -> String {
    let text_of = |value: &Typed| if folds_case { lower(&value.text_part()) } else { value.text_part() };
    let (left_text, right_text) = (text_of(left), text_of(right));
    let (left_number, right_number) = (left.number_part(), right.number_part());
    if operator.is_null_safe() {
        let sign = operator.sql();
        let join = if operator == Operator::Is { "AND" } else { "OR" };
        return format!("({left_number} {sign} {right_number} {join} {left_text} {sign} {right_text})");
    }
    let never_the_same = |number: &Typed, text: &Typed| number.is_number() && matches!(text.form, Form::Text(_));
    let decided = match () {
        () if never_the_same(left, right) => Some(std::cmp::Ordering::Less),
        () if never_the_same(right, left) => Some(std::cmp::Ordering::Greater),
        () => None,
    };
    if let Some(order) = decided {
        let holds = if operator.holds(order) { "TRUE" } else { "FALSE" };
        if left.never_null && right.never_null {
            return holds.to_owned();
        }
        return format!("(CASE WHEN {} AND {} THEN {holds} END)", left.is_not_null_sql(), right.is_not_null_sql());
    }
    // Equality with a text or a number looks at one part; the other part says that they differ.
    let sign = operator.sql();
    let differs = if operator == Operator::Ne { "TRUE" } else { "FALSE" };
    let beside = |mixed_part: &str, other_part: &str, fixed: &Typed, fixed_sql: &str| {
        let known = if fixed.never_null { String::new() } else { format!(" AND {fixed_sql} IS NOT NULL") };
        format!(
            "COALESCE({mixed_part} {sign} {fixed_sql}, CASE WHEN {other_part} IS NOT NULL{known} THEN {differs} END)"
        )
    };
    if matches!(operator, Operator::Eq | Operator::Ne) {
        match () {
            () if matches!(right.form, Form::Text(_)) => return beside(&left_text, &left_number, right, &right_text),
            () if matches!(left.form, Form::Text(_)) => return beside(&right_text, &right_number, left, &left_text),
            () if right.is_number() => return beside(&left_number, &left_text, right, &right_number),
            () if left.is_number() => return beside(&right_number, &right_text, left, &left_number),
            () => {}
        }
    }
    format!("(basalt_compare({left_number}, {left_text}, {right_number}, {right_text}) {sign} 0)")
}

/// ASCII letters alone, as the order of bytes has no others.
pub(super) fn lower(sql: &str) -> String {
    format!("lower({sql})")
}

impl Translator<'_> {
    pub(super) fn is(&mut self, scope: &Scope<'_>, left: &Expr, right: &Expr, not: bool) -> Result<Typed> {
        let value = self.expr(scope, left)?;
        if let Expr::Literal(Literal::Bool(flag)) = right {
            let word = if *flag { "TRUE" } else { "FALSE" };
            return Ok(negated(format!("({} IS {word})", value.truth()), not).certain());
        }
        let right = self.expr(scope, right)?;
        compare(if not { Operator::IsNot } else { Operator::Is }, &value, &right)
    }

    pub(super) fn like(
        &mut self,
        scope: &Scope<'_>,
        sides: [&Expr; 2],
        escape: Option<&Expr>,
        not: bool,
    ) -> Result<Typed> {
        let value = self.expr(scope, sides[0])?;
        let pattern = self.expr(scope, sides[1])?;
        let escape = match escape {
            None => String::new(),
            Some(Expr::Literal(Literal::Text(text))) if text.chars().count() == 1 => text.to_ascii_lowercase(),
            Some(_) => return Err(Refused::new("ESCAPE takes one character in quotes")),
        };
        let sql = like_sql(&value, &pattern, &escape);
        Ok(negated(sql, not))
    }

    pub(super) fn glob(&mut self, scope: &Scope<'_>, value: &Expr, pattern: &Expr, not: bool) -> Result<Typed> {
        let (value, pattern) = (self.expr(scope, value)?, self.expr(scope, pattern)?);
        Ok(negated(format!("basalt_glob({}, {})", value.text(), pattern.text()), not))
    }

    pub(super) fn in_list(&mut self, scope: &Scope<'_>, value: &Expr, items: &[Expr], not: bool) -> Result<Typed> {
        let value = self.expr(scope, value)?;
        let items = items.iter().map(|item| self.expr(scope, item).map(Typed::bare)).collect::<Result<Vec<_>>>()?;
        if items.is_empty() {
            return Ok(Typed::bool_of(if not { "TRUE" } else { "FALSE" }).certain());
        }
        let parts = items.iter().map(|item| Ok(compare(Operator::Eq, &value, item)?.truth()));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        Ok(negated(format!("({})", parts.join(" OR ")), not))
    }

    pub(super) fn in_query(&mut self, scope: &Scope<'_>, value: &Expr, query: &Query, not: bool) -> Result<Typed> {
        let value = self.expr(scope, value)?;
        let shape = self.query(query, Some(scope))?;
        let alias = self.alias();
        let [column] = shape.columns.as_slice() else {
            let found = shape.columns.len();
            return Err(Refused::new(format!("sub-select returns {found} columns - expected 1")));
        };
        let (left, right) = under_affinities(&value, &column.value(&alias));
        let folds_case = value.folds_case;
        let (left, right) = match (&left.form, &right.form) {
            (Form::Text(left), Form::Text(right)) if folds_case => (lower(left), lower(right)),
            (Form::Blob(left), Form::Blob(right)) => (left.clone(), right.clone()),
            (Form::Text(left), Form::Text(right)) => (left.clone(), right.clone()),
            _ => match unify([&left, &right].into_iter()) {
                Kind::Int => (left.integer().unwrap_or_default(), right.integer().unwrap_or_default()),
                Kind::Bool => (left.truth(), right.truth()),
                Kind::Number | Kind::Real => (left.number_part(), right.number_part()),
                _ => (left.key(), right.key()),
            },
        };
        let set = format!("SELECT {right} FROM ({}) AS \"{alias}\"", shape.sql);
        // As an array it is made once, and an index finds its items.
        let sql = match is_given_list(query) {
            true => format!("({left} = ANY (ARRAY({set})))"),
            false => format!("({left} IN ({set}))"),
        };
        Ok(negated(sql, not))
    }
}

/// A pattern that ends in the middle of an escape is like nothing, where PostgreSQL would raise.
fn like_sql(value: &Typed, pattern: &Typed, escape: &str) -> String {
    let quoted = super::literal::text(escape);
    let (value, pattern) = (value.text(), pattern.text());
    let plain = format!("({} LIKE {} ESCAPE {quoted})", lower(&value), lower(&pattern));
    match escape {
        "" => plain,
        _ => format!(
            "(CASE WHEN right({pattern}, 1) = {quoted} THEN basalt_like({value}, {pattern}, {quoted}) ELSE {plain} END)"
        ),
    }
}

/// `SELECT value FROM json_each(?)`: a list that comes with the statement.
fn is_given_list(query: &Query) -> bool {
    let Core::Select(select) = &query.first else { return false };
    let from_parameter = matches!(&select.from, Some(from) if from.joins.is_empty()
        && matches!(&from.first, Table::Function { arguments, .. } if matches!(arguments.as_slice(), [Expr::Parameter(_)])));
    let column = matches!(select.items.as_slice(), [Item::Expr { expr: Expr::Column { .. }, .. }]);
    from_parameter && column && select.filter.is_none() && query.rest.is_empty() && query.limit.is_none()
}
