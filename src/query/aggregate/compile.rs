//! An aggregation to SQL.

use super::{AggregateError, Aggregation, Expression, Function, Result, Span};
use crate::query::Trust;
use crate::query::compile::Joins;
use crate::query::path::{Path, Root};
use crate::query::select::{Query, mentioned};
use crate::query::walk::{Leaf, Planned, Planner, Walk};
use crate::schema::{Field, FieldKind};
use crate::store::{Statement, Value};

/// The groups that an aggregation makes, ready to be read by pages.
#[derive(Debug)]
pub struct Grouped {
    pub columns: Vec<Column>,
    /// ` FROM (…) AS g WHERE …`.
    from: String,
    order: String,
    params: Vec<Value>,
}

/// One key of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub key: String,
    pub shown: Shown,
}

/// How the values of a column look on the wire; an SQL null is a JSON null in all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// As those of this field.
    Field(Box<Field>),
    Number,
    Text,
    /// A value from inside of a json field: a number or a text.
    Json,
}

/// What a path gives.
struct Operand {
    sql: String,
    shown: Shown,
}

impl Grouped {
    /// One page of groups, in a total order.
    pub fn page(&self, limit: u64, offset: u64) -> Statement {
        let names: Vec<String> = (0..self.columns.len()).map(column).collect();
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let mut params = self.params.clone();
        params.extend([number(limit), number(offset)]);
        let (limit, offset) = (params.len() - 1, params.len());
        let order = &self.order;
        Statement::new(
            format!("SELECT {}{}{order} LIMIT ?{limit} OFFSET ?{offset}", names.join(", "), self.from),
            params,
        )
    }

    /// The number of groups.
    pub fn count(&self) -> Statement {
        let sql = format!("SELECT COUNT(*){}", self.from);
        let params = mentioned(&sql, &self.params);
        Statement::new(sql, params)
    }
}

/// The name of a column of the inner select.
pub(super) fn column(index: usize) -> String {
    format!("g.c{index}")
}

impl Query<'_> {
    /// Groups what the query finds, on behalf of a client.
    ///
    /// # Errors
    /// Fields that do not exist or that the caller may not filter by; functions that do not fit their field.
    pub fn aggregate(mut self, aggregation: &Aggregation) -> Result<Grouped> {
        self.frame.trust = Trust::Client;
        let mut items = Joins::default();
        let mut columns = Vec::new();
        let mut texts = Vec::new();
        for (parameter, expression) in aggregation.expressions() {
            let (sql, shown) = self.expression(parameter, expression, &mut items)?;
            texts.push(format!("{sql} AS c{}", columns.len()));
            columns.push(Column { key: expression.key.clone(), shown });
        }
        let keys: Vec<String> = (1..=aggregation.group.len()).map(|number| number.to_string()).collect();
        let by = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
        let inner = format!("SELECT {}{}{by}", texts.join(", "), self.body_over(&items));
        let condition = self.having(aggregation, &columns)?;
        Ok(Grouped {
            from: format!(" FROM ({inner}) AS g{condition}"),
            order: order(aggregation, &columns)?,
            params: self.params(),
            columns,
        })
    }

    fn expression(
        &mut self,
        parameter: &'static str,
        expression: &Expression,
        items: &mut Joins,
    ) -> Result<(String, Shown)> {
        let Some(function) = expression.function else {
            let operand = self.operand(parameter, expression, Some(items))?;
            return Ok((operand.sql, operand.shown));
        };
        if expression.path.is_empty() {
            return Ok(("COUNT(*)".to_owned(), Shown::Number));
        }
        let is_key = matches!(function, Function::Bucket(_));
        let operand = self.operand(parameter, expression, is_key.then_some(items))?;
        apply(function, operand)
            .map_err(|reason| AggregateError::unfit(parameter, format!("{}: {reason}", expression.key)))
    }

    /// The value of a path. Where it leads to several, a key gives one row each (`items`); a function takes none.
    fn operand(
        &mut self,
        parameter: &'static str,
        expression: &Expression,
        items: Option<&mut Joins>,
    ) -> Result<Operand> {
        let unknown = || AggregateError::unknown(parameter, &expression.path);
        let walk = self.walk(&expression.path).filter(|walk| !is_secret(&walk.leaf)).ok_or_else(unknown)?;
        let compiler = &mut self.compiler;
        let scalar = match (walk.fans_out(), items) {
            (false, _) => {
                let mut joins = std::mem::take(&mut self.frame.single);
                let scalar = compiler.scalar(&self.frame, &mut joins, &walk, "");
                self.frame.single = joins;
                scalar
            }
            (true, Some(items)) => compiler.scalar(&self.frame, items, &walk, ""),
            (true, None) => {
                let reason =
                    "leads to several values of a record: group by it, or aggregate the collection that it leads to.";
                return Err(AggregateError::unfit(parameter, format!("{} {reason}", expression.path)));
            }
        };
        let scalar = scalar.map_err(|_| unknown())?;
        let sql = match scalar.guard {
            // As in a sort: who may not read an address finds none.
            Some(guard) => format!("(CASE WHEN {guard} THEN {} END)", scalar.text),
            None => scalar.text,
        };
        Ok(Operand { sql, shown: shown(walk.leaf) })
    }

    fn walk(&self, path: &str) -> Option<Walk> {
        let path = Path::parse(path, 0).ok().filter(|path| path.root == Root::Own)?;
        let compiler = &self.compiler;
        let planner = Planner::new(compiler.schema, &self.frame.collection, compiler.request, Trust::Client);
        match planner.plan(&path) {
            Ok(Planned::Walk(walk)) => Some(*walk),
            _ => None,
        }
    }
}

impl Aggregation {
    fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        let group = self.group.iter().map(|expression| ("group", expression));
        group.chain(self.select.iter().map(|expression| ("select", expression)))
    }
}

/// Hashes and token keys say something even through a count of the different ones.
fn is_secret(leaf: &Leaf) -> bool {
    let Leaf::Column { field, .. } = leaf else { return false };
    matches!(field.kind, FieldKind::Password(_)) || (field.system && field.name == "tokenKey")
}

fn shown(leaf: Leaf) -> Shown {
    match leaf {
        Leaf::Column { field, lower: false } => Shown::Field(Box::new(field)),
        Leaf::Column { lower: true, .. } | Leaf::Each { .. } | Leaf::Item => Shown::Text,
        Leaf::Length { .. } => Shown::Number,
        Leaf::Json { .. } => Shown::Json,
    }
}

/// A function over a value, or why it takes no such value. An empty text counts as no value, as it does in a filter.
fn apply(function: Function, operand: Operand) -> std::result::Result<(String, Shown), &'static str> {
    let Operand { sql, shown } = operand;
    let filled = || format!("NULLIF({sql}, '')");
    Ok(match function {
        Function::Count => ("COUNT(*)".to_owned(), Shown::Number),
        Function::CountDistinct => (format!("COUNT(DISTINCT {})", filled()), Shown::Number),
        Function::Sum => (format!("TOTAL({})", number(&sql, &shown)?), Shown::Number),
        Function::Avg => (format!("AVG({})", number(&sql, &shown)?), Shown::Number),
        Function::Min => (format!("MIN({})", ordered(&shown).map(|()| filled())?), shown),
        Function::Max => (format!("MAX({})", ordered(&shown).map(|()| filled())?), shown),
        Function::Bucket(span) => (bucket(span, date(&sql, &shown)?), Shown::Text),
    })
}

fn number(sql: &str, shown: &Shown) -> std::result::Result<String, &'static str> {
    match shown {
        Shown::Number => Ok(sql.to_owned()),
        Shown::Field(field) if matches!(field.kind, FieldKind::Number(_)) => Ok(sql.to_owned()),
        // What is no number inside of a json field is passed over.
        Shown::Json => Ok(format!("CASE WHEN typeof({sql}) IN ('integer', 'real') THEN {sql} END")),
        _ => Err("takes numbers only."),
    }
}

fn ordered(shown: &Shown) -> std::result::Result<(), &'static str> {
    match shown {
        Shown::Field(field) if field.is_multi() || matches!(field.kind, FieldKind::GeoPoint(_)) => {
            Err("takes values that have an order.")
        }
        _ => Ok(()),
    }
}

fn date<'s>(sql: &'s str, shown: &Shown) -> std::result::Result<&'s str, &'static str> {
    match shown {
        Shown::Field(field) if matches!(field.kind, FieldKind::Date(_) | FieldKind::Autodate(_)) => Ok(sql),
        _ => Err("takes dates only."),
    }
}

/// The start of the span that a date lies in, in the form of dates; null where there is no date.
fn bucket(span: Span, date: &str) -> String {
    match span {
        Span::Year => format!("strftime('%Y-01-01 00:00:00.000Z', {date})"),
        Span::Quarter => format!(
            "(strftime('%Y-', {date}) || printf('%02d-01 00:00:00.000Z', (strftime('%m', {date}) - 1) / 3 * 3 + 1))"
        ),
        Span::Month => format!("strftime('%Y-%m-01 00:00:00.000Z', {date})"),
        Span::Week => format!("strftime('%Y-%m-%d 00:00:00.000Z', {date}, '-6 days', 'weekday 1')"),
        Span::Day => format!("strftime('%Y-%m-%d 00:00:00.000Z', {date})"),
        Span::Hour => format!("strftime('%Y-%m-%d %H:00:00.000Z', {date})"),
    }
}

/// By the terms, then by all keys, so that no two groups are equal and pages fit together.
fn order(aggregation: &Aggregation, columns: &[Column]) -> Result<String> {
    let mut terms = Vec::new();
    for term in &aggregation.sort.terms {
        let index = columns.iter().position(|known| known.key == term.path);
        let index = index.ok_or_else(|| AggregateError::unknown("sort", &term.path))?;
        terms.push(format!("{}{}", column(index), if term.descending { " DESC" } else { "" }));
    }
    terms.extend((0..aggregation.group.len()).map(column));
    Ok(if terms.is_empty() { String::new() } else { format!(" ORDER BY {}", terms.join(", ")) })
}
