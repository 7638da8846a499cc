//! The tree to SQL of the engine's dialect.
//!
//! An expression is compiled inside a [`Frame`]: the row it speaks of, the joins that lead to exactly one
//! row each, and the joins of any-of comparisons, which may lead to many. The first kind joins the main
//! statement; the second kind goes into one `EXISTS` together with the comparisons that read it, so that
//! records stay distinct without `DISTINCT` and two `?=` on one path still speak of the same related row. A
//! plain comparison over a path that fans out becomes a sub-query of its own: some item satisfies it and
//! none fails it, over a left join in which nothing related is one null (contract 3.3).
//!
//! All values are parameters; equal plans give equal text.

mod comparison;
mod function;
mod joins;
mod scalar;

use std::sync::Arc;

pub(super) use joins::{Joins, affinity};
pub(super) use scalar::{Scalar, Side};

use super::Trust;
use super::ast::{Expr, Filter};
use super::error::Result;
use super::path::Path;
use super::reads::Reads;
use super::request::Request;
use super::walk::{Planned, Planner};
use crate::schema::{Collection, Schema};
use crate::store::Value;

/// What all frames of a statement share.
pub(super) struct Compiler<'a> {
    pub schema: &'a Schema,
    pub request: &'a Request,
    pub params: Vec<Value>,
    pub aliases: usize,
    pub reads: Reads,
}

/// The row that an expression speaks of, and the joins that its paths need.
pub(super) struct Frame {
    /// Quoted already.
    pub alias: String,
    pub collection: Arc<Collection>,
    pub trust: Trust,
    /// True where the row is there for sure, so that its text columns are never null.
    pub present: bool,
    pub single: Joins,
    pub any: Joins,
}

/// A condition, folded as far as the constants allow.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    True,
    False,
    Sql {
        text: String,
        /// Whether it reads the any-of joins.
        any: bool,
    },
}

impl Frame {
    pub fn new(alias: String, collection: Arc<Collection>, trust: Trust, present: bool) -> Self {
        Self { alias, collection, trust, present, single: Joins::default(), any: Joins::default() }
    }
}

impl Compiler<'_> {
    /// Adds a parameter; the text that stands for it.
    pub fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    pub fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("j{}", self.aliases)
    }

    /// Plans a path and notes what its value depends on.
    pub fn path(&mut self, frame: &Frame, path: &Path<'_>) -> Result<Planned> {
        // Before it is known whether it can be planned, as that can depend on the caller.
        self.reads.path(path);
        let planned = Planner::new(self.schema, &frame.collection, self.request, frame.trust).plan(path)?;
        if let Planned::Walk(walk) = &planned {
            self.reads.walk(self.schema, walk);
        }
        Ok(planned)
    }

    pub fn expression(&mut self, frame: &mut Frame, expr: &Expr) -> Result<Condition> {
        match expr {
            Expr::Compare(comparison) => self.comparison(frame, comparison),
            Expr::And(parts) => {
                let parts = self.expressions(frame, parts)?;
                Ok(Condition::all(parts))
            }
            Expr::Or(parts) => {
                let parts = self.expressions(frame, parts)?;
                Ok(Condition::any_of(parts))
            }
        }
    }

    fn expressions(&mut self, frame: &mut Frame, parts: &[Expr]) -> Result<Vec<Condition>> {
        parts.iter().map(|part| self.expression(frame, part)).collect()
    }

    /// The conjuncts of a filter, each by itself.
    pub fn conjuncts(&mut self, frame: &mut Frame, filter: &Filter) -> Result<Vec<Condition>> {
        match &*filter.root {
            Expr::And(parts) => self.expressions(frame, parts),
            other => Ok(vec![self.expression(frame, other)?]),
        }
    }

    /// A rule about another row as one closed condition that needs no join outside.
    pub fn closed(&mut self, alias: &str, collection: &Arc<Collection>, rule: &Filter) -> Result<Condition> {
        let mut frame = Frame::new(alias.to_owned(), collection.clone(), Trust::Rule, false);
        let conditions = self.conjuncts(&mut frame, rule)?;
        let text = match Condition::all(conditions) {
            Condition::Sql { text, .. } => text,
            decided => return Ok(decided),
        };
        let mut joins = frame.single;
        joins.append(frame.any);
        let text = match joins.is_empty() {
            true => text,
            false => format!("EXISTS (SELECT 1 FROM (SELECT 1){} WHERE {text})", joins.sql()),
        };
        Ok(Condition::Sql { text, any: false })
    }
}

impl Condition {
    pub fn sql(text: impl Into<String>) -> Self {
        Self::Sql { text: text.into(), any: false }
    }

    pub fn all(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::True, Self::False, " AND ")
    }

    pub fn any_of(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::False, Self::True, " OR ")
    }

    /// `neutral` parts vanish, a `decisive` one decides.
    fn join(parts: Vec<Self>, neutral: Self, decisive: Self, operator: &str) -> Self {
        if parts.contains(&decisive) {
            return decisive;
        }
        let mut texts = Vec::new();
        let mut reads_any = false;
        for part in parts {
            if let Self::Sql { text, any } = part {
                texts.push(text);
                reads_any |= any;
            }
        }
        match texts.len() {
            0 => neutral,
            1 => Self::Sql { text: texts.remove(0), any: reads_any },
            _ => Self::Sql { text: format!("({})", texts.join(operator)), any: reads_any },
        }
    }
}
