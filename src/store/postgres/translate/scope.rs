//! Names: which column of which source an identifier means.

use super::ast::{Expr, Window};
use super::catalog::Affinity;
use super::typed::{Form, Typed};

/// What is in sight of an expression.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub sources: &'s [Source],
    pub parent: Option<&'s Scope<'s>>,
    /// Names given to items of the select list, which conditions may use, too.
    pub aliases: &'s [(String, Expr)],
    /// Whether such a name comes before a column of the same name, as in an order.
    pub aliases_first: bool,
    /// Windows that have a name.
    pub windows: &'s [(String, Window)],
    /// Set where rows are grouped: what an expression may name as it is.
    pub grouped: Option<&'s Grouped>,
    /// What an alias stands for names columns only.
    pub inside_alias: bool,
}

/// A table, view, query or function that rows come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// The name that columns are asked for by; empty where there is none.
    pub name: String,
    pub columns: Vec<SourceColumn>,
    /// The number of the row.
    pub row: Option<Typed>,
    /// The same, also where it has no name.
    pub number: Option<String>,
    /// What its rows come in the order of where none is asked for.
    pub natural: Option<String>,
    /// A view without an order of its own.
    pub unordered_view: bool,
}

#[derive(Debug, Clone)]
pub(super) struct SourceColumn {
    pub name: String,
    pub value: Typed,
    /// The table and the column that are read.
    pub read: Option<(String, String)>,
    /// Another source's column of the same name stands for it, too (`USING`).
    pub merged: bool,
}

/// What a grouped select knows of its groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Grouped {
    pub keys: Vec<Typed>,
    /// The order that brings the row of the only `min()` or `max()` to the front.
    pub front: String,
}

/// What a name means.
pub(super) enum Found<'s> {
    Column(&'s Scope<'s>, &'s SourceColumn),
    Row(&'s Scope<'s>, &'s Typed),
    Alias(&'s Scope<'s>, &'s Expr),
    Ambiguous,
    Nothing,
}

impl<'s> Scope<'s> {
    pub fn of(sources: &'s [Source], parent: Option<&'s Scope<'s>>) -> Self {
        Self { sources, parent, aliases: &[], aliases_first: false, windows: &[], grouped: None, inside_alias: false }
    }

    /// The same for what is inside of an aggregate.
    pub fn ungrouped(&self) -> Scope<'s> {
        Scope { grouped: None, ..*self }
    }

    pub fn find(&'s self, table: Option<&str>, name: &str) -> Found<'s> {
        let alias = || {
            let usable = table.is_none() && !self.inside_alias;
            self.aliases.iter().filter(|_| usable).find(|(alias, _)| alias.eq_ignore_ascii_case(name))
        };
        if self.aliases_first
            && let Some((_, expr)) = alias()
        {
            return Found::Alias(self, expr);
        }
        let fits = |source: &&Source| table.is_none_or(|table| source.name.eq_ignore_ascii_case(table));
        let columns = self.sources.iter().filter(fits).flat_map(|source| &source.columns);
        let mut columns =
            columns.filter(|column| column.name.eq_ignore_ascii_case(name) && (table.is_some() || !column.merged));
        match (columns.next(), columns.next()) {
            (Some(column), None) => return Found::Column(self, column),
            (Some(_), Some(_)) => return Found::Ambiguous,
            _ => {}
        }
        if ["rowid", "oid", "_rowid_"].iter().any(|word| word.eq_ignore_ascii_case(name)) {
            let mut rows = self.sources.iter().filter(fits).filter_map(|source| source.row.as_ref());
            match (rows.next(), rows.next()) {
                (Some(row), None) => return Found::Row(self, row),
                (Some(_), Some(_)) => return Found::Ambiguous,
                _ => {}
            }
        }
        if let Some((_, expr)) = alias() {
            return Found::Alias(self, expr);
        }
        match self.parent {
            Some(parent) => parent.find(table, name),
            None => Found::Nothing,
        }
    }
}

impl Source {
    /// The same where it may be missing, as behind an outer join.
    pub fn missing(mut self) -> Self {
        for column in &mut self.columns {
            column.value.never_null = false;
        }
        if let Some(row) = &mut self.row {
            row.never_null = false;
        }
        self
    }
}

/// The number of a row in a column of this printed name.
pub(super) fn row_number(sql: String) -> Typed {
    Typed { affinity: Affinity::Numeric, never_null: true, ..Typed::of(Form::Int(sql)) }
}
