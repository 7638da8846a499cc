//! The order of a read, and how it goes on behind a row that was seen (contract 2.1; the cursor is ours).
//!
//! A page behind a row is a condition on the keys of that row, not a number of rows to pass over: it costs the same
//! wherever it is, and rows that come and go before it move nothing.

use super::compile::Joins;
use super::error::{QueryError, Result};
use super::path::Path;
use super::select::{Query, ROW};
use super::sort::Term;
use super::walk::Planned;
use crate::store::{Statement, Value, quote};

/// One term of an order.
#[derive(Debug, Clone)]
pub(super) struct Key {
    text: String,
    descending: bool,
    /// A column of a stored row: never null, and an index may serve it.
    stored: bool,
    /// The value may have another affinity than the expression: a column of a view, which may be a union, or the
    /// first of several related values.
    loose: bool,
    /// No two records have the same value, so that what follows orders nothing.
    unique: bool,
    random: bool,
}

impl Key {
    fn of(text: String, term: &Term) -> Self {
        Self { text, descending: term.descending, stored: false, loose: false, unique: false, random: false }
    }

    fn row_number(term: &Term) -> Self {
        Self { stored: true, unique: true, ..Self::of(format!("{ROW}.rowid"), term) }
    }

    pub fn sql(&self) -> String {
        format!("{}{}", self.text, if self.descending { " DESC" } else { "" })
    }

    /// The key as a side of a comparison. The sign takes an affinity away.
    fn side(&self) -> String {
        if self.loose { format!("(+{})", self.text) } else { self.text.clone() }
    }

    /// What holds of the rows behind a value of this key; `None` where there are none. Null comes before all others.
    fn behind(&self, value: &Value, param: &str) -> Option<String> {
        let key = self.side();
        match (self.descending, value) {
            (false, Value::Null) => Some(format!("{key} IS NOT NULL")),
            (false, _) => Some(format!("{key} > {param}")),
            (true, Value::Null) => None,
            (true, _) if self.stored => Some(format!("{key} < {param}")),
            (true, _) => Some(format!("({key} < {param} OR {key} IS NULL)")),
        }
    }

    fn same(&self, value: &Value, param: &str) -> String {
        match value {
            Value::Null => format!("{} IS NULL", self.side()),
            _ => format!("{} = {param}", self.side()),
        }
    }
}

impl Query<'_> {
    /// A page of the rows in an order without ties, behind the row with the keys `after` or from the start: the
    /// columns of [`Query::select`], then the keys of each row, from [`Query::first_key`] on.
    ///
    /// # Errors
    /// A random order, which has no behind; keys of another order.
    pub fn select_after(&self, after: Option<&[Value]>, limit: u64) -> Result<Statement> {
        let keys = self.total_order();
        if keys.iter().any(|key| key.random) {
            return Err(QueryError::new("a random order can't be gone on with"));
        }
        let further: String = keys.iter().map(|key| format!(", {}", key.text)).collect();
        let mut params = self.params();
        let mut bind = |value: Value| {
            params.push(value);
            format!("?{}", params.len())
        };
        let stretches = match after {
            None => vec![Stretch { condition: None, keys: &keys }],
            Some(values) if values.len() == keys.len() => {
                let bound: Vec<String> = values.iter().cloned().map(&mut bind).collect();
                stretches(&keys, values, &bound)
            }
            Some(_) => return Err(QueryError::new("these are not the keys of this order")),
        };
        let limit = bind(Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
        let parts: Vec<String> = stretches
            .iter()
            .map(|stretch| {
                let order: Vec<String> = stretch.keys.iter().map(Key::sql).collect();
                self.rows(&further, stretch.condition.as_deref(), &order.join(", "))
            })
            .collect();
        let sql = match parts.as_slice() {
            [only] => format!("{only} LIMIT {limit}"),
            // The engine goes from one to the next only while the page is not full.
            several => {
                let each = several.iter().map(|part| format!("SELECT * FROM ({part} LIMIT {limit})"));
                format!("{} LIMIT {limit}", each.collect::<Vec<_>>().join(" UNION ALL "))
            }
        };
        Ok(self.statement(sql, params))
    }

    /// The order up to a key that no two records share; such a one is added where there is none.
    fn total_order(&self) -> Vec<Key> {
        let mut keys = self.order.clone();
        if let Some(unique) = keys.iter().position(|key| key.unique) {
            keys.truncate(unique + 1);
            return keys;
        }
        // In the direction of the key before, as an index gives it.
        let descending = keys.last().is_some_and(|key| key.descending);
        let term = Term { path: "id".to_owned(), descending };
        keys.push(match self.frame.collection.is_view() {
            true => Key { loose: true, unique: true, ..Key::of(format!("{ROW}.\"id\""), &term) },
            false => Key::row_number(&term),
        });
        keys
    }

    pub(super) fn key(&mut self, term: &Term) -> Result<Key> {
        match term.path.as_str() {
            "@random" => {
                self.dear = true;
                self.compiler.reads.volatile = true;
                return Ok(Key { random: true, ..Key::of("RANDOM()".to_owned(), term) });
            }
            "@rowid" if !self.frame.collection.is_view() => return Ok(Key::row_number(term)),
            _ => {}
        }
        let path = Path::parse(&term.path, 0)?;
        let walk = match self.compiler.path(&self.frame, &path)? {
            Planned::Walk(walk) => walk,
            _ => return Err(QueryError::new(format!("{} is nothing to sort by", term.path))),
        };
        let fans_out = walk.fans_out();
        let mut joins = if fans_out { Joins::default() } else { std::mem::take(&mut self.frame.single) };
        let scalar = self.compiler.scalar(&self.frame, &mut joins, &walk, "");
        let from = fans_out.then(|| match joins.limits() {
            [] => joins.sql(),
            limits => format!("{} WHERE {}", joins.sql(), limits.join(" AND ")),
        });
        if !fans_out {
            self.frame.single = joins;
        } else if !joins.limits().is_empty() {
            // As in a filter: records that lead only to what the client may not list are out.
            let mut any = std::mem::take(&mut self.frame.any);
            let added = self.compiler.scalar(&self.frame, &mut any, &walk, "");
            self.frame.any = any;
            added?;
        }
        let scalar = scalar?;
        let stored = scalar.never_null && scalar.guard.is_none() && !fans_out;
        let text = match scalar.guard {
            // A client that may not read an address may not learn it from the order either.
            Some(guard) => format!("(CASE WHEN {guard} THEN {} END)", scalar.text),
            None => scalar.text,
        };
        let text = match from {
            Some(from) => format!("(SELECT {text} FROM (SELECT 1){from} LIMIT 1)"),
            None => text,
        };
        let unique = text == format!("{ROW}.{}", quote("id"));
        let loose = fans_out || self.frame.collection.is_view();
        Ok(Key { stored, loose, unique, ..Key::of(text, term) })
    }
}

/// Rows that follow each other, ordered by what still tells them apart.
struct Stretch<'k> {
    condition: Option<String>,
    keys: &'k [Key],
}

/// What is behind a row, nearest first: those that differ from it in the last key only, then those that differ in the
/// last but one, and so on. An index that serves the order serves each stretch from its first row on, which it does
/// not for all of them in one condition.
fn stretches<'k>(keys: &'k [Key], values: &[Value], bound: &[String]) -> Vec<Stretch<'k>> {
    let mut stretches = Vec::new();
    for (index, key) in keys.iter().enumerate().rev() {
        let Some(behind) = key.behind(&values[index], &bound[index]) else { continue };
        let same = (0..index).map(|before| keys[before].same(&values[before], &bound[before]));
        let condition = same.chain([behind]).collect::<Vec<_>>().join(" AND ");
        stretches.push(Stretch { condition: Some(condition), keys: &keys[index..] });
    }
    if stretches.is_empty() {
        stretches.push(Stretch { condition: Some("0".to_owned()), keys });
    }
    stretches
}
