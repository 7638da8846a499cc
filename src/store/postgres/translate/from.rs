//! Where rows come from: tables, views, queries, the items of a list, and joins of these.

use super::ast::{Expr, From, Join, JoinKind, Query, Table};
use super::catalog::ROW_COLUMN;
use super::comparison::{Operator, compare};
use super::order::order_sql;
use super::query::Shape;
use super::scope::{Scope, Source, SourceColumn, row_number};
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};
use super::{Refused, literal};

/// Tables of ours, which are nobody's collection.
const SYSTEM_TABLES: &[&str] = &[
    "_collections",
    "_params",
    "_feed",
    "_meta",
    "_migrations",
    "_idempotency",
    "_counters",
    "_jobs",
    "_job_runs",
    "_state",
    "_nodes",
];

impl Translator<'_> {
    /// ` FROM …`, and what can be named then.
    pub fn from(&mut self, from: &From, parent: Option<&Scope<'_>>) -> Result<(String, Vec<Source>)> {
        let mut sources = Vec::new();
        let sql = self.joined(from, parent, &mut sources)?;
        Ok((format!(" FROM {sql}"), sources))
    }

    fn joined(&mut self, from: &From, parent: Option<&Scope<'_>>, sources: &mut Vec<Source>) -> Result<String> {
        let start = sources.len();
        let mut sql = self.table(&from.first, parent, sources)?;
        for join in &from.joins {
            let before = sources.len();
            let table = self.table(&join.table, parent, sources)?;
            let table = if matches!(join.table, Table::Nested(_)) { format!("({table})") } else { table };
            let on = self.on(join, parent, sources, start, before)?;
            let (word, on) = match (join.kind, on) {
                (JoinKind::Inner, None) => ("CROSS JOIN", String::new()),
                (JoinKind::Inner, Some(on)) => ("JOIN", format!(" ON {on}")),
                (kind, on) => (outer(kind), format!(" ON {}", on.unwrap_or_else(|| "TRUE".to_owned()))),
            };
            sql.push_str(&format!(" {word} {table}{on}"));
            let missing = |source: &mut Source| *source = std::mem::take(source).missing();
            if matches!(join.kind, JoinKind::Left | JoinKind::Full) {
                sources[before..].iter_mut().for_each(missing);
            }
            if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                sources[start..before].iter_mut().for_each(missing);
            }
        }
        Ok(sql)
    }

    fn on(
        &mut self,
        join: &Join,
        parent: Option<&Scope<'_>>,
        sources: &mut [Source],
        start: usize,
        before: usize,
    ) -> Result<Option<String>> {
        let mut conditions = Vec::new();
        if let Some(on) = &join.on {
            conditions.push(self.filter(&Scope::of(sources, parent), on)?);
        }
        let (left, right) = sources.split_at_mut(before);
        let find = |sources: &[Source], name: &str| {
            let columns = sources.iter().flat_map(|source| source.columns.iter().filter(|column| !column.merged));
            let mut columns = columns.filter(|column| column.name.eq_ignore_ascii_case(name));
            columns.next().map(|column| column.value.clone())
        };
        let using = match join.natural {
            true => {
                let names = right.iter().flat_map(|source| source.columns.iter().map(|column| column.name.clone()));
                names.filter(|name| find(&left[start..], name).is_some()).collect()
            }
            false => join.using.clone(),
        };
        if !using.is_empty() && matches!(join.kind, JoinKind::Right | JoinKind::Full) {
            return Err(Refused::new("USING and NATURAL are available with inner and left joins"));
        }
        for name in using {
            let sides = find(&left[start..], &name).zip(find(right, &name));
            let (a, b) = sides.ok_or_else(|| {
                Refused::new(format!("cannot join using column {name} - column not present in both tables"))
            })?;
            conditions.push(compare(Operator::Eq, &a, &b)?.truth());
            let columns = right.iter_mut().flat_map(|source| source.columns.iter_mut());
            for column in columns.filter(|column| column.name.eq_ignore_ascii_case(&name)) {
                column.merged = true;
            }
        }
        Ok((!conditions.is_empty()).then(|| format!("({})", conditions.join(" AND "))))
    }

    fn table(&mut self, table: &Table, parent: Option<&Scope<'_>>, sources: &mut Vec<Source>) -> Result<String> {
        match table {
            Table::Named { name, alias } => {
                let source = self.named(name, alias.as_deref().unwrap_or(name))?;
                sources.push(source.1);
                Ok(source.0)
            }
            Table::Query { query, alias } => self.derived(query, alias.as_deref(), parent, sources),
            Table::Function { name, arguments, alias } => {
                let scope = Scope::of(sources, parent);
                let (sql, source) = self.items_of(&scope, name, arguments, alias.as_deref())?;
                sources.push(source);
                Ok(sql)
            }
            Table::Nested(from) => {
                let mut inner = Vec::new();
                let sql = self.joined(from, parent, &mut inner)?;
                sources.append(&mut inner);
                Ok(if from.joins.is_empty() { sql } else { format!("({sql})") })
            }
        }
    }

    fn derived(
        &mut self,
        query: &Query,
        alias: Option<&str>,
        parent: Option<&Scope<'_>>,
        sources: &mut Vec<Source>,
    ) -> Result<String> {
        let shape = self.query(query, parent)?;
        let printed = alias.map_or_else(|| self.alias(), str::to_owned);
        sources.push(shaped(&shape, alias.unwrap_or_default(), &printed));
        Ok(format!("({}) AS {}", shape.sql, literal::name(&printed)))
    }

    /// A table, a view, or a table of a `WITH`.
    fn named(&mut self, name: &str, alias: &str) -> Result<(String, Source)> {
        let common = self.commons.iter().rev().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        if let Some((_, printed, shape)) = common {
            return Ok((format!("{printed} AS {}", literal::name(alias)), shaped(shape, alias, alias)));
        }
        let system = SYSTEM_TABLES.iter().any(|table| table.eq_ignore_ascii_case(name));
        if self.reads.inspected && system {
            return Err(Refused::new(format!("access to {name} is prohibited")));
        }
        let source = self.stored(name, alias)?;
        let relation = self.catalog.get(name).map_or(name, |relation| relation.name.as_str());
        Ok((format!("{} AS {}", literal::name(relation), literal::name(alias)), source))
    }

    /// The columns of a table or a view of the catalog under an alias.
    pub fn stored(&mut self, name: &str, alias: &str) -> Result<Source> {
        let relation = self.catalog.get(name).ok_or_else(|| Refused::new(format!("no such table: {name}")))?.clone();
        self.reads.tables.insert(relation.name.clone());
        if let Some(view) = &relation.view {
            self.reads.tables.extend(view.tables_read.iter().cloned());
            self.reads.unstable |= !view.stable;
        }
        let printed = literal::name(alias);
        let columns: Vec<SourceColumn> = relation
            .columns
            .iter()
            .map(|column| SourceColumn {
                name: column.name.clone(),
                value: column.value(&printed),
                read: Some((relation.name.clone(), column.name.clone())),
                merged: false,
            })
            .collect();
        let number = relation.counted.then(|| format!("{printed}.{}", literal::name(ROW_COLUMN)));
        // Groups, and what several selects yield together, come in the order of their values.
        let first_value = || columns.first().map(|column| order_sql(&column.value, false, None));
        let natural = number.clone().or_else(|| relation.view.as_ref().and_then(|_| first_value()));
        let row = number.clone().filter(|_| relation.view.is_none()).map(row_number);
        let unordered_view = relation.view.as_ref().is_some_and(|view| !view.ordered);
        Ok(Source { name: alias.to_owned(), columns, row, number, natural, unordered_view })
    }

    /// `json_each(…)` as a table.
    fn items_of(
        &mut self,
        scope: &Scope<'_>,
        name: &str,
        arguments: &[Expr],
        alias: Option<&str>,
    ) -> Result<(String, Source)> {
        let (document, path) = match arguments {
            [document] => (document, None),
            [document, path] => (document, Some(path)),
            _ => return Err(Refused::new(format!("{name}() as a table takes a document and a path"))),
        };
        if !name.eq_ignore_ascii_case("json_each") {
            return Err(Refused::new(format!("{name}() is not available as a table")));
        }
        let document = self.expr(scope, document)?;
        let mut document = match &document.form {
            Form::Json(sql) => sql.clone(),
            _ => document.text(),
        };
        if let Some(path) = path {
            document = format!("basalt_json_at({document}::basalt_json, {})", self.expr(scope, path)?.text());
        }
        let printed = literal::name(&alias.map_or_else(|| self.alias(), str::to_owned));
        let value = Typed::of(Form::Dynamic(format!("{printed}.\"num\""), format!("{printed}.\"txt\"")));
        let column =
            |name: &str, value: Typed| SourceColumn { name: name.to_owned(), value, read: None, merged: false };
        let columns = vec![column("value", value)];
        let number = format!("{printed}.\"ord\"");
        let source = Source {
            name: alias.unwrap_or(name).to_owned(),
            columns,
            row: Some(row_number(number.clone())),
            natural: Some(number.clone()),
            number: Some(number),
            unordered_view: false,
        };
        Ok((format!("basalt_each({document}) AS {printed} (\"ord\", \"num\", \"txt\")"), source))
    }
}

fn outer(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "JOIN",
        JoinKind::Left => "LEFT JOIN",
        JoinKind::Right => "RIGHT JOIN",
        JoinKind::Full => "FULL JOIN",
    }
}

fn shaped(shape: &Shape, name: &str, printed: &str) -> Source {
    let columns = shape.columns.iter().map(|column| SourceColumn {
        name: column.name.clone(),
        value: column.value(printed),
        read: None,
        merged: false,
    });
    Source { name: name.to_owned(), columns: columns.collect(), ..Source::default() }
}
