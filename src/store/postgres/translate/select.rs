//! One select: where its rows come from, which of them, in what groups, and what is shown of them.

use super::Refused;
use super::aggregate::{extremes, has_aggregate};
use super::ast::{Expr, Item, Literal, Select, Term};
use super::comparison::lower;
use super::order::order_sql;
use super::scope::{Found, Grouped, Scope, Source};
use super::translator::{Result, Translator, grouped};
use super::typed::{Form, Typed};

/// A select before its columns are printed, as their kinds may depend on the selects beside it.
pub(super) struct Block {
    pub columns: Vec<BlockColumn>,
    pub distinct: bool,
    /// From ` FROM` on.
    pub tail: String,
    /// What the rows are numbered by, where each is one of a table's.
    pub row: Option<String>,
}

pub(super) struct BlockColumn {
    pub name: String,
    pub value: Typed,
    pub expr: Option<Expr>,
}

impl Translator<'_> {
    pub fn select(&mut self, select: &Select, parent: Option<&Scope<'_>>, order: &[Term]) -> Result<Block> {
        let first_of_rows = std::mem::take(&mut self.first_of_rows);
        let paged = std::mem::take(&mut self.paged);
        let (mut tail, sources) = match &select.from {
            Some(from) => self.from(from, parent)?,
            None => (String::new(), Vec::new()),
        };
        let aliases = aliases(&select.items);
        let scope = Scope { aliases: &aliases, windows: &select.windows, ..Scope::of(&sources, parent) };
        if let Some(filter) = &select.filter {
            tail.push_str(&format!(" WHERE {}", self.filter(&scope, filter)?));
        }
        let groups = self.groups(&scope, select, order)?;
        if let Some(groups) = &groups
            && !groups.keys.is_empty()
        {
            let parts: Vec<String> = groups.keys.iter().flat_map(Typed::parts).collect();
            tail.push_str(&format!(" GROUP BY {}", parts.join(", ")));
        }
        let scope = Scope { grouped: groups.as_ref(), ..scope };
        if let Some(having) = &select.having {
            tail.push_str(&format!(" HAVING {}", self.condition(&scope, having)?));
        }
        // Inside of the select list its own names are not known.
        let listed = Scope { aliases: &[], ..scope };
        let columns = self.items(&listed, &select.items)?;
        let scope = Scope { aliases_first: true, ..scope };
        let each_row = groups.is_none() && !select.distinct;
        let first = sources.first();
        if first_of_rows && each_row {
            tail.push_str(&order_of_sources(&sources));
        } else if paged && each_row {
            let natural = first.filter(|source| source.unordered_view).and_then(|source| source.natural.as_ref());
            tail.extend(natural.map(|natural| format!(" ORDER BY {natural}")));
        } else {
            let ordered = self.order(&scope, order, &columns)?;
            let apart = !ordered.is_empty() && !select.distinct && !is_total(&scope, order);
            tail.push_str(&ordered);
            tail.extend(apart.then(|| ties(&sources, groups.as_ref())));
        }
        let row = first.filter(|_| each_row).and_then(|source| source.number.clone());
        Ok(Block { columns, distinct: select.distinct, tail, row })
    }

    /// A row of values.
    pub fn values(&mut self, row: &[Expr], parent: Option<&Scope<'_>>) -> Result<Block> {
        let scope = Scope::of(&[], parent);
        let mut columns = Vec::with_capacity(row.len());
        for (index, expr) in row.iter().enumerate() {
            let value = self.expr(&scope, expr)?.bare();
            columns.push(BlockColumn { name: format!("column{}", index + 1), value, expr: None });
        }
        Ok(Block { columns, distinct: false, tail: String::new(), row: None })
    }

    /// The keys of the groups; `None` for a select that shows each row.
    fn groups(&mut self, scope: &Scope<'_>, select: &Select, order: &[Term]) -> Result<Option<Grouped>> {
        let shown = select.items.iter().filter_map(|item| match item {
            Item::Expr { expr, .. } => Some(expr),
            _ => None,
        });
        let aggregated: Vec<&Expr> = shown.chain(&select.having).chain(order.iter().map(|term| &term.expr)).collect();
        if select.group.is_empty() && select.having.is_none() && !aggregated.iter().any(|expr| has_aggregate(expr)) {
            return Ok(None);
        }
        let mut groups = Grouped::default();
        for expr in &select.group {
            let value = self.group_key(scope, expr, &select.items)?;
            groups.keys.push(match &value.form {
                Form::Text(sql) if value.folds_case => Typed::of(Form::Text(lower(sql))),
                _ => value,
            });
        }
        let mut extremes = extremes(&aggregated);
        extremes.dedup();
        if let [(descending, argument)] = extremes.as_slice() {
            let value = self.expr(scope, argument)?;
            groups.front = format!(" ORDER BY {}", order_sql(&value, *descending, Some(false)));
        }
        Ok(Some(groups))
    }

    fn group_key(&mut self, scope: &Scope<'_>, expr: &Expr, items: &[Item]) -> Result<Typed> {
        let Expr::Literal(Literal::Int(position)) = expr else { return self.expr(scope, expr) };
        let item = usize::try_from(position - 1).ok().and_then(|index| items.get(index));
        match item {
            Some(Item::Expr { expr, .. }) => self.expr(scope, expr),
            _ => Err(Refused::new(format!("GROUP BY term out of range - should be between 1 and {}", items.len()))),
        }
    }

    /// The select list, wildcards spelled out.
    pub fn items(&mut self, scope: &Scope<'_>, items: &[Item]) -> Result<Vec<BlockColumn>> {
        let mut columns = Vec::new();
        for item in items {
            match item {
                Item::Star if scope.sources.is_empty() => return Err(Refused::new("no tables specified")),
                Item::Star => {
                    for source in scope.sources {
                        self.star(scope, source, true, &mut columns)?;
                    }
                }
                Item::TableStar(table) => {
                    let source = scope.sources.iter().find(|source| source.name.eq_ignore_ascii_case(table));
                    let source = source.ok_or_else(|| Refused::new(format!("no such table: {table}")))?;
                    self.star(scope, source, false, &mut columns)?;
                }
                Item::Expr { expr, alias, text } => {
                    let value = self.expr(scope, expr)?;
                    let name = match (alias, expr) {
                        (Some(alias), _) => alias.clone(),
                        (None, Expr::Column { name, .. }) => stored_name(scope, name),
                        (None, _) => text.clone(),
                    };
                    columns.push(BlockColumn { name, value, expr: Some(expr.clone()) });
                }
            }
        }
        Ok(columns)
    }

    fn star(&mut self, scope: &Scope<'_>, source: &Source, whole: bool, columns: &mut Vec<BlockColumn>) -> Result<()> {
        for column in source.columns.iter().filter(|column| !(whole && column.merged)) {
            if let Some((table, name)) = &column.read {
                self.reads.column(table, name)?;
            }
            let value = grouped(scope, &column.value);
            columns.push(BlockColumn { name: column.name.clone(), value, expr: None });
        }
        Ok(())
    }
}

/// Rows that an order leaves equal come as they were found, and groups in the order of their keys.
fn ties(sources: &[Source], groups: Option<&Grouped>) -> String {
    let keys = |groups: &Grouped| groups.keys.iter().map(|key| order_sql(key, false, None)).collect();
    let natural = || sources.iter().filter_map(|source| source.natural.clone()).collect();
    let terms: Vec<String> = groups.map_or_else(natural, keys);
    terms.into_iter().map(|term| format!(", {term}")).collect()
}

/// Whether the order leaves no two rows of the only source equal, as it names the row or its id.
fn is_total(scope: &Scope<'_>, order: &[Term]) -> bool {
    let [source] = scope.sources else { return false };
    source.row.is_some()
        && order.iter().any(|term| match &term.expr {
            Expr::Column { table, name, .. } => match scope.find(table.as_deref(), name) {
                Found::Row(..) => true,
                Found::Column(_, column) => column.name == "id",
                _ => false,
            },
            _ => false,
        })
}

/// The order in which nested loops find rows. The sum keeps an index on the number of rows from being walked for it.
fn order_of_sources(sources: &[Source]) -> String {
    let off_index = |number: &String| format!("({number} + 0)");
    let rows: Vec<String> = sources
        .iter()
        .filter_map(|source| source.number.as_ref().map(off_index).or_else(|| source.natural.clone()))
        .collect();
    if rows.is_empty() { String::new() } else { format!(" ORDER BY {}", rows.join(", ")) }
}

/// A column without an alias has the name that the table gives it, in its letter case.
fn stored_name(scope: &Scope<'_>, name: &str) -> String {
    let columns = scope.sources.iter().flat_map(|source| &source.columns);
    let found = columns.into_iter().find(|column| column.name.eq_ignore_ascii_case(name));
    found.map_or_else(|| name.to_owned(), |column| column.name.clone())
}

fn aliases(items: &[Item]) -> Vec<(String, Expr)> {
    let named = items.iter().filter_map(|item| match item {
        Item::Expr { expr, alias: Some(alias), .. } => Some((alias.clone(), expr.clone())),
        _ => None,
    });
    named.collect()
}
