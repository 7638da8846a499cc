//! A read of one collection under construction: conditions, order and page become a statement.

use std::sync::Arc;

use super::Trust;
use super::ast::Filter;
use super::compile::{Compiler, Condition, Frame, Joins, quoted};
use super::error::{QueryError, Result};
use super::path::Path;
use super::request::Request;
use super::sort::{Sort, Term};
use super::walk::{Planned, Planner};
use crate::schema::{Collection, Schema};
use crate::store::{REV_COLUMN, Statement, Value};

/// The alias of the collection that is read.
const ROW: &str = "r";

/// A read of one collection: add conditions, then ask for the statement.
pub struct Query<'a> {
    compiler: Compiler<'a>,
    frame: Frame,
    conditions: Vec<Condition>,
    order: Vec<String>,
    /// At most one record can match.
    unique: bool,
    dear: bool,
}

impl<'a> Query<'a> {
    pub fn new(schema: &'a Schema, collection: &Arc<Collection>, request: &'a Request) -> Self {
        let compiler = Compiler { schema, request, params: Vec::new(), aliases: 0 };
        let frame = Frame::new(ROW.to_owned(), collection.clone(), Trust::Rule, !collection.is_view());
        Self { compiler, frame, conditions: Vec::new(), order: Vec::new(), unique: false, dear: false }
    }

    /// ANDs an expression. For [`Trust::Client`] the limits of contract 3.7 apply, unless the caller is a
    /// superuser.
    ///
    /// # Errors
    /// Unknown or forbidden fields, wrong modifiers, too many hops.
    pub fn filter(&mut self, filter: &Filter, trust: Trust) -> Result<()> {
        self.frame.trust = trust;
        let conditions = self.compiler.conjuncts(&mut self.frame, filter)?;
        self.conditions.extend(conditions);
        Ok(())
    }

    /// Orders by the terms, before any that were added already.
    ///
    /// # Errors
    /// Unknown or forbidden fields.
    pub fn sort(&mut self, sort: &Sort, trust: Trust) -> Result<()> {
        self.frame.trust = trust;
        for term in &sort.terms {
            let text = self.order_text(term)?;
            self.order.push(format!("{text}{}", if term.descending { " DESC" } else { "" }));
        }
        Ok(())
    }

    /// ANDs `id = ?`.
    pub fn id(&mut self, id: &str) {
        let param = self.compiler.bind(id.into());
        self.conditions.push(Condition::sql(format!("{ROW}.\"id\" = {param}")));
        self.unique = true;
    }

    /// ANDs `id` is one of these.
    pub fn ids(&mut self, ids: &[String]) {
        let param = self.compiler.bind(Value::Text(serde_json::json!(ids).to_string()));
        self.conditions.push(Condition::sql(format!("{ROW}.\"id\" IN (SELECT value FROM json_each({param}))")));
    }

    /// ANDs that a relation field points at one of these records: for back relations.
    pub fn refers_to(&mut self, field: usize, ids: &[String]) {
        let param = self.compiler.bind(Value::Text(serde_json::json!(ids).to_string()));
        let field = &self.frame.collection.fields[field];
        let column = format!("{ROW}.{}", quoted(&field.name));
        self.conditions.push(Condition::sql(match field.is_multi() {
            true => format!(
                "EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE item.value IN (SELECT value FROM json_each({param})))"
            ),
            false => format!("{column} IN (SELECT value FROM json_each({param}))"),
        }));
    }

    /// ANDs `field = ?` for a text column, folding ASCII letter case when asked: sign-in by identity.
    pub fn identity(&mut self, field: usize, text: &str, fold_case: bool) {
        let param = self.compiler.bind(text.into());
        let column = quoted(&self.frame.collection.fields[field].name);
        let fold = if fold_case { " COLLATE NOCASE" } else { "" };
        self.conditions.push(Condition::sql(format!("{ROW}.{column} = {param}{fold} AND {ROW}.{column} != ''")));
        self.unique = true;
    }

    /// All stored columns in field order, then the revision (0 for a view), one page of rows. Without a sort
    /// records come in the order of their creation.
    pub fn select(&self, limit: u64, offset: u64) -> Statement {
        let is_view = self.frame.collection.is_view();
        let mut sql = String::with_capacity(512);
        sql.push_str("SELECT ");
        for name in &self.frame.collection.table.columns {
            push_column(&mut sql, name);
            sql.push_str(", ");
        }
        match is_view {
            true => sql.push('0'),
            false => push_column(&mut sql, REV_COLUMN),
        }
        sql.push_str(&self.body());
        if !self.order.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", self.order.join(", ")));
        } else if !self.unique && !is_view {
            sql.push_str(&format!(" ORDER BY {ROW}.rowid"));
        }
        let mut params = self.compiler.params.clone();
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        params.push(number(limit));
        sql.push_str(&format!(" LIMIT ?{}", params.len()));
        if offset > 0 {
            params.push(number(offset));
            sql.push_str(&format!(" OFFSET ?{}", params.len()));
        }
        self.statement(sql, params)
    }

    /// The number of matching records.
    pub fn count(&self) -> Statement {
        self.unordered(format!("SELECT COUNT(*){}", self.body()))
    }

    /// One row `1` if any record matches.
    pub fn exists(&self) -> Statement {
        self.unordered(format!("SELECT 1{} LIMIT 1", self.body()))
    }

    /// A statement without the order: parameters that only the order or a folded condition mentioned go.
    fn unordered(&self, sql: String) -> Statement {
        let mut params = self.compiler.params.clone();
        let numbers = sql.split('?').skip(1).filter_map(|rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse::<usize>().ok()
        });
        params.truncate(numbers.max().unwrap_or(0));
        self.statement(sql, params)
    }

    fn statement(&self, sql: String, params: Vec<Value>) -> Statement {
        let statement = Statement::new(sql, params);
        if self.dear { statement.dear() } else { statement }
    }

    /// Conditions over any-of joins share one `EXISTS`; the others stand beside it, where indexes serve them.
    fn body(&self) -> String {
        let mut plain = Vec::new();
        let mut any = Vec::new();
        for condition in &self.conditions {
            match condition {
                Condition::True => {}
                Condition::False => plain.push("0"),
                Condition::Sql { text, any: false } => plain.push(text),
                Condition::Sql { text, any: true } => any.push(text.as_str()),
            }
        }
        plain.extend(self.frame.single.limits().iter().map(String::as_str));
        any.extend(self.frame.any.limits().iter().map(String::as_str));
        let exists = format!("EXISTS (SELECT 1 FROM (SELECT 1){} WHERE {})", self.frame.any.sql(), any.join(" AND "));
        if !any.is_empty() {
            plain.push(&exists);
        }
        let table = quoted(&self.frame.collection.name);
        let filter = if plain.is_empty() { String::new() } else { format!(" WHERE {}", plain.join(" AND ")) };
        format!(" FROM {table} AS {ROW}{}{filter}", self.frame.single.sql())
    }

    fn order_text(&mut self, term: &Term) -> Result<String> {
        match term.path.as_str() {
            "@random" => {
                self.dear = true;
                return Ok("RANDOM()".to_owned());
            }
            "@rowid" if !self.frame.collection.is_view() => return Ok(format!("{ROW}.rowid")),
            _ => {}
        }
        let path = Path::parse(&term.path, 0)?;
        let planner =
            Planner::new(self.compiler.schema, &self.frame.collection, self.compiler.request, self.frame.trust);
        let walk = match planner.plan(&path)? {
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
        let text = match scalar.guard {
            // A client that may not read an address may not learn it from the order either.
            Some(guard) => format!("(CASE WHEN {guard} THEN {} END)", scalar.text),
            None => scalar.text,
        };
        Ok(match from {
            Some(from) => format!("(SELECT {text} FROM (SELECT 1){from} LIMIT 1)"),
            None => text,
        })
    }
}

/// A column of the row that is read. Names of columns are words or our own: nothing to escape.
fn push_column(sql: &mut String, name: &str) {
    sql.push_str(ROW);
    sql.push_str(".\"");
    sql.push_str(name);
    sql.push('"');
}
