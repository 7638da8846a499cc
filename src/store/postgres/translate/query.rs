//! Queries: tables of `WITH`, selects side by side, order and page.

use super::Refused;
use super::ast::{Common, Core, Expr, Literal, Query, SetOperator, Term, With};
use super::catalog::{Affinity, ColumnNote, Kind, NUMBER_PART, ROW_COLUMN};
use super::conversion::unify;
use super::order::order_sql;
use super::scope::Scope;
use super::select::Block;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};
use super::{Output, literal};

/// How often a recursive table may turn out to hold more kinds than was thought.
const MAX_ATTEMPTS: usize = 4;

/// A query, printed, and what its columns are.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub sql: String,
    pub columns: Vec<ShapedColumn>,
    /// Whether the number of the row stands behind the columns.
    pub numbered: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ShapedColumn {
    pub name: String,
    pub kind: Kind,
    pub affinity: Affinity,
    pub never_null: bool,
    pub folds_case: bool,
    pub is_json: bool,
    pub note: Option<ColumnNote>,
    printed: Vec<String>,
}

impl Shape {
    /// The columns as the answer has them.
    pub fn outputs(&self) -> Vec<Output> {
        let mut position = 0;
        let outputs = self.columns.iter().map(|column| {
            let first = position;
            position += column.printed.len();
            Output { name: column.name.clone(), kind: column.kind, position: first, number_position: position - 1 }
        });
        outputs.collect()
    }
}

impl ShapedColumn {
    fn new(index: usize, name: String, kind: Kind, values: &[&Typed]) -> Self {
        let printed = match kind {
            Kind::Dynamic => vec![format!("\"c{index}\""), format!("\"c{index}{NUMBER_PART}\"")],
            _ => vec![format!("\"c{index}\"")],
        };
        let all = |check: fn(&Typed) -> bool| values.iter().all(|value| check(value));
        let first = values.first();
        let affinity = first.map_or(Affinity::None, |value| value.affinity);
        Self {
            name,
            kind,
            affinity: if values.iter().all(|value| value.affinity == affinity) { affinity } else { Affinity::None },
            never_null: all(|value| value.never_null),
            folds_case: all(|value| value.folds_case),
            is_json: all(|value| value.is_json),
            note: first.and_then(|value| value.note.clone()),
            printed,
        }
    }

    /// The names of its columns: one, or those of the text part and the number part.
    pub fn printed(&self) -> &[String] {
        &self.printed
    }

    /// The column, asked of a source of this name.
    pub fn value(&self, source: &str) -> Typed {
        let source = literal::name(source);
        let part = |index: usize| format!("{source}.{}", self.printed[index]);
        let form = match self.kind {
            Kind::Dynamic => Form::Dynamic(part(1), part(0)),
            kind => kind.form(part(0)),
        };
        Typed {
            affinity: self.affinity,
            never_null: self.never_null,
            folds_case: self.folds_case,
            is_json: self.is_json,
            note: self.note.clone(),
            ..Typed::of(form)
        }
    }
}

impl Translator<'_> {
    pub fn query(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> Result<Shape> {
        let known = self.commons.len();
        let (numbered, first_of_rows) = (std::mem::take(&mut self.numbered), std::mem::take(&mut self.first_of_rows));
        let with = self.with(&query.with, parent)?;
        self.first_of_rows = first_of_rows;
        let shape = self.body(query, parent, numbered);
        self.commons.truncate(known);
        let mut shape = shape?;
        shape.sql.insert_str(0, &with);
        Ok(shape)
    }

    /// The tables of a `WITH`, which stay in sight; who calls takes them away.
    pub fn with(&mut self, with: &With, parent: Option<&Scope<'_>>) -> Result<String> {
        let mut texts = Vec::new();
        for common in &with.tables {
            let shape = match with.recursive && !common.query.rest.is_empty() {
                true => self.recursive(common, parent)?,
                false => named(self.query(&common.query, parent)?, common)?,
            };
            let printed: Vec<&str> =
                shape.columns.iter().flat_map(|column| column.printed()).map(String::as_str).collect();
            let name = literal::name(&common.name);
            texts.push(format!("{name} ({}) AS ({})", printed.join(", "), shape.sql));
            self.commons.push((common.name.clone(), name, shape));
        }
        Ok(match texts.is_empty() {
            true => String::new(),
            false => format!("WITH {}{} ", if with.recursive { "RECURSIVE " } else { "" }, texts.join(", ")),
        })
    }

    /// A table that reads itself: what its first select yields says what it holds, unless more comes to it.
    fn recursive(&mut self, common: &Common, parent: Option<&Scope<'_>>) -> Result<Shape> {
        if !common.query.order.is_empty() || common.query.limit.is_some() {
            return Err(Refused::new("a recursive table can't be ordered or limited inside"));
        }
        let first = Query { rest: Vec::new(), ..common.query.clone() };
        let mut shape = named(self.query(&first, parent)?, common)?;
        for _ in 0..MAX_ATTEMPTS {
            self.commons.push((common.name.clone(), literal::name(&common.name), shape.clone()));
            let whole = self.query(&common.query, parent);
            self.commons.pop();
            let whole = named(whole?, common)?;
            let kinds = |shape: &Shape| shape.columns.iter().map(|column| column.kind).collect::<Vec<_>>();
            if kinds(&whole) == kinds(&shape) {
                return Ok(whole);
            }
            shape = whole;
        }
        Err(Refused::new(format!("the columns of {} change their kinds without end", common.name)))
    }

    fn body(&mut self, query: &Query, parent: Option<&Scope<'_>>, numbered: bool) -> Result<Shape> {
        let alone = query.rest.is_empty() && !matches!(&query.first, Core::Select(select) if select.distinct);
        let mut blocks = Vec::new();
        self.paged = alone && query.order.is_empty() && query.limit.is_some();
        self.blocks(SetOperator::UnionAll, &query.first, parent, if alone { &query.order } else { &[] }, &mut blocks)?;
        self.paged = false;
        for (operator, core) in &query.rest {
            self.blocks(*operator, core, parent, &[], &mut blocks)?;
        }
        if !numbered || blocks.len() > 1 {
            blocks.iter_mut().for_each(|(_, block)| block.row = None);
        }
        let shape = combine(&blocks)?;
        let mut sql = shape.sql.clone();
        if !query.order.is_empty() && (!alone || blocks.len() > 1) {
            sql = self.order_of_columns(&query.order, &blocks, &shape.columns, &sql)?;
        }
        sql.push_str(&self.page(query, parent)?);
        Ok(Shape { sql, ..shape })
    }

    fn blocks(
        &mut self,
        operator: SetOperator,
        core: &Core,
        parent: Option<&Scope<'_>>,
        order: &[Term],
        blocks: &mut Vec<(SetOperator, Block)>,
    ) -> Result<()> {
        match core {
            Core::Select(select) => blocks.push((operator, self.select(select, parent, order)?)),
            Core::Values(rows) => {
                for row in rows {
                    blocks.push((operator, self.values(row, parent)?));
                }
            }
        }
        Ok(())
    }

    /// An order of what several selects yield together, which may name columns only.
    fn order_of_columns(
        &mut self,
        order: &[Term],
        blocks: &[(SetOperator, Block)],
        columns: &[ShapedColumn],
        sql: &str,
    ) -> Result<String> {
        let alias = self.alias();
        let mut terms = Vec::new();
        for (number, term) in order.iter().enumerate() {
            let (expr, folds_case) = match &term.expr {
                Expr::Collate { value, collation } => (&**value, collation.eq_ignore_ascii_case("nocase")),
                expr => (expr, false),
            };
            let index = match expr {
                Expr::Literal(Literal::Int(position)) => usize::try_from(position - 1).ok(),
                Expr::Column { table: None, name, .. } => {
                    columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
                }
                _ => None,
            };
            let index = index.or_else(|| {
                blocks
                    .iter()
                    .find_map(|(_, block)| block.columns.iter().position(|column| column.expr.as_ref() == Some(expr)))
            });
            let column = index.and_then(|index| columns.get(index));
            let column = column.ok_or_else(|| {
                Refused::new(format!("ORDER BY term {} does not match any column in the result set", number + 1))
            })?;
            let value = column.value(&alias);
            let value = Typed { folds_case: value.folds_case || folds_case, ..value };
            terms.push(order_sql(&value, term.descending, term.nulls_first));
        }
        Ok(format!("SELECT \"{alias}\".* FROM ({sql}) AS \"{alias}\" ORDER BY {}", terms.join(", ")))
    }

    fn page(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> Result<String> {
        let scope = Scope::of(&[], parent);
        let mut sql = String::new();
        for (word, expr) in [("LIMIT", &query.limit), ("OFFSET", &query.offset)] {
            let Some(expr) = expr else { continue };
            // Less than nothing is no limit.
            if matches!(expr, Expr::Literal(Literal::Int(number)) if *number < 0) || matches!(expr, Expr::Unary(..)) {
                continue;
            }
            let value = self.expr(&scope, expr)?;
            if value.is_null() {
                continue;
            }
            let number = value.integer().unwrap_or_else(|| format!("basalt_cast_int({})", value.calculated_float()));
            sql.push_str(&format!(" {word} {number}"));
        }
        Ok(sql)
    }
}

/// Gives the columns the names that stand behind the table's.
fn named(mut shape: Shape, common: &Common) -> Result<Shape> {
    if common.columns.is_empty() {
        return Ok(shape);
    }
    if common.columns.len() != shape.columns.len() {
        let (has, named) = (shape.columns.len(), common.columns.len());
        return Err(Refused::new(format!("table {} has {has} values for {named} columns", common.name)));
    }
    for (column, name) in shape.columns.iter_mut().zip(&common.columns) {
        column.name.clone_from(name);
    }
    Ok(shape)
}

/// Selects with the operators between them.
fn combine(blocks: &[(SetOperator, Block)]) -> Result<Shape> {
    let Some((_, first)) = blocks.first() else { return Err(Refused::new("a query without a select")) };
    let width = first.columns.len();
    if blocks.iter().any(|(_, block)| block.columns.len() != width) {
        return Err(Refused::new("SELECTs to the left and right do not have the same number of result columns"));
    }
    let mut columns = Vec::with_capacity(width);
    for index in 0..width {
        let values: Vec<&Typed> = blocks.iter().map(|(_, block)| &block.columns[index].value).collect();
        let kind = unify(values.iter().copied());
        columns.push(ShapedColumn::new(index, first.columns[index].name.clone(), kind, &values));
    }
    let mut sql = String::new();
    for (number, (operator, block)) in blocks.iter().enumerate() {
        let printed = print(block, &columns)?;
        sql = match (number, operator) {
            (0, _) => printed,
            (_, SetOperator::UnionAll) => format!("{sql} UNION ALL {printed}"),
            (_, SetOperator::Union) => format!("({sql}) UNION {printed}"),
            (_, SetOperator::Intersect) => format!("({sql}) INTERSECT {printed}"),
            (_, SetOperator::Except) => format!("({sql}) EXCEPT {printed}"),
        };
    }
    Ok(Shape { sql, columns, numbered: blocks.iter().any(|(_, block)| block.row.is_some()) })
}

fn print(block: &Block, columns: &[ShapedColumn]) -> Result<String> {
    let mut items = Vec::new();
    for (column, shaped) in block.columns.iter().zip(columns) {
        let value = column.value.as_kind(shaped.kind)?;
        let named = value.parts().into_iter().zip(shaped.printed()).map(|(part, name)| format!("{part} AS {name}"));
        items.extend(named);
    }
    items.extend(block.row.as_ref().map(|row| format!("{row} AS {}", literal::name(ROW_COLUMN))));
    let distinct = if block.distinct { "DISTINCT " } else { "" };
    Ok(format!("SELECT {distinct}{}{}", items.join(", "), block.tail))
}
