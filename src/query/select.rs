//! A read of one collection under construction: conditions, order and page become a statement.

use std::sync::Arc;

use super::Trust;
use super::ast::Filter;
use super::compile::{Compiler, Condition, Frame, Joins};
use super::error::Result;
use super::order::Key;
use super::reads::Reads;
use super::request::Request;
use super::sort::Sort;
use crate::schema::{Collection, Schema};
use crate::store::{REV_COLUMN, Statement, Value, quote};

/// The alias of the collection that is read.
pub(super) const ROW: &str = "r";

/// A read of one collection: add conditions, then ask for the statement.
pub struct Query<'a> {
    pub(super) compiler: Compiler<'a>,
    pub(super) frame: Frame,
    conditions: Vec<Condition>,
    pub(super) order: Vec<Key>,
    /// At most one record can match.
    unique: bool,
    pub(super) dear: bool,
}

impl<'a> Query<'a> {
    pub fn new(schema: &'a Schema, collection: &Arc<Collection>, request: &'a Request) -> Self {
        let mut compiler = Compiler { schema, request, params: Vec::new(), aliases: 0, reads: Reads::default() };
        compiler.reads.collection(schema, collection);
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
            let key = self.key(term)?;
            self.order.push(key);
        }
        Ok(())
    }

    /// What the rows that are found depend on, as far as the query is made.
    pub fn reads(&self) -> &Reads {
        &self.compiler.reads
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
        let column = format!("{ROW}.{}", quote(&field.name));
        self.conditions.push(Condition::sql(match field.is_multi() {
            true => format!(
                "EXISTS (SELECT 1 FROM json_each({column}) AS item WHERE item.value IN (SELECT value FROM json_each({param})))"
            ),
            false => format!("{column} IN (SELECT value FROM json_each({param}))"),
        }));
    }

    /// ANDs `field = ?` for a plain text column; nothing matches where there is no such field.
    pub fn equal(&mut self, field: &str, text: &str) {
        let Some((_, field)) = self.frame.collection.field(field) else {
            return self.conditions.push(Condition::False);
        };
        let column = quote(&field.name);
        let param = self.compiler.bind(text.into());
        self.conditions.push(Condition::sql(format!("{ROW}.{column} = {param}")));
    }

    /// ANDs `field = ?` for a text column, folding ASCII letter case when asked: sign-in by identity.
    pub fn identity(&mut self, field: usize, text: &str, fold_case: bool) {
        let param = self.compiler.bind(text.into());
        let column = quote(&self.frame.collection.fields[field].name);
        let fold = if fold_case { " COLLATE NOCASE" } else { "" };
        self.conditions.push(Condition::sql(format!("{ROW}.{column} = {param}{fold} AND {ROW}.{column} != ''")));
        self.unique = true;
    }

    /// All stored columns in field order, then the revision (0 for a view), one page of rows. Without a sort
    /// records come in the order of their creation.
    pub fn select(&self, limit: u64, offset: u64) -> Statement {
        let order = match self.order.as_slice() {
            [] if self.unique || self.frame.collection.is_view() => String::new(),
            [] => format!("{ROW}.rowid"),
            keys => keys.iter().map(Key::sql).collect::<Vec<_>>().join(", "),
        };
        let mut sql = self.rows("", None, &order);
        let mut params = self.params();
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        params.push(number(limit));
        sql.push_str(&format!(" LIMIT ?{}", params.len()));
        if offset > 0 {
            params.push(number(offset));
            sql.push_str(&format!(" OFFSET ?{}", params.len()));
        }
        self.statement(sql, params)
    }

    /// How many columns of a row come before the keys of [`Query::select_after`].
    pub fn first_key(&self) -> usize {
        self.frame.collection.table.columns.len() + 1
    }

    pub(super) fn params(&self) -> Vec<Value> {
        self.compiler.params.clone()
    }

    /// The rows that also satisfy `condition`, with `further` columns.
    pub(super) fn rows(&self, further: &str, condition: Option<&str>, order: &str) -> String {
        let mut sql = String::with_capacity(512);
        sql.push_str("SELECT ");
        for name in &self.frame.collection.table.columns {
            push_column(&mut sql, name);
            sql.push_str(", ");
        }
        match self.frame.collection.is_view() {
            true => sql.push('0'),
            false => push_column(&mut sql, REV_COLUMN),
        }
        sql.push_str(further);
        sql.push_str(&self.body(condition));
        if !order.is_empty() {
            sql.push_str(" ORDER BY ");
            sql.push_str(order);
        }
        sql
    }

    /// The number of matching records.
    pub fn count(&self) -> Statement {
        self.unordered(format!("SELECT COUNT(*){}", self.body(None)))
    }

    /// One row `1` if any record matches.
    pub fn exists(&self) -> Statement {
        self.unordered(format!("SELECT 1{} LIMIT 1", self.body(None)))
    }

    /// A statement without the order: parameters that only the order or a folded condition mentioned go.
    fn unordered(&self, sql: String) -> Statement {
        let params = mentioned(&sql, &self.compiler.params);
        self.statement(sql, params)
    }

    pub(super) fn statement(&self, sql: String, params: Vec<Value>) -> Statement {
        let statement = Statement::new(sql, params);
        if self.dear { statement.dear() } else { statement }
    }

    fn body(&self, further: Option<&str>) -> String {
        self.body_with(&Joins::default(), further)
    }

    /// The rows with one more each for every item that these joins lead to.
    pub(super) fn body_over(&self, items: &Joins) -> String {
        self.body_with(items, None)
    }

    /// Conditions over any-of joins share one `EXISTS`; the others stand beside it, where indexes serve them.
    fn body_with(&self, items: &Joins, further: Option<&str>) -> String {
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
        plain.extend(self.frame.single.limits().iter().chain(items.limits()).map(String::as_str));
        any.extend(self.frame.any.limits().iter().map(String::as_str));
        let exists = format!("EXISTS (SELECT 1 FROM (SELECT 1){} WHERE {})", self.frame.any.sql(), any.join(" AND "));
        if !any.is_empty() {
            plain.push(&exists);
        }
        plain.extend(further);
        let table = quote(&self.frame.collection.name);
        let filter = if plain.is_empty() { String::new() } else { format!(" WHERE {}", plain.join(" AND ")) };
        format!(" FROM {table} AS {ROW}{}{}{filter}", self.frame.single.sql(), items.sql())
    }
}

/// The parameters up to the last one that the text mentions: engines refuse more.
pub(super) fn mentioned(sql: &str, params: &[Value]) -> Vec<Value> {
    let numbers = sql.split('?').skip(1).filter_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<usize>().ok()
    });
    params.iter().take(numbers.max().unwrap_or(0)).cloned().collect()
}

/// A column of the row that is read. Names of columns are words or our own: nothing to escape.
fn push_column(sql: &mut String, name: &str) {
    sql.push_str(ROW);
    sql.push_str(".\"");
    sql.push_str(name);
    sql.push('"');
}
