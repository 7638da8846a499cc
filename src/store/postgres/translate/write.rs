//! Statements that write rows.

use std::sync::Arc;

use super::ast::{Conflict, Core, Delete, Expr, Insert, Item, Query, Update};
use super::catalog::{Kind, Relation};
use super::scope::{Scope, Source};
use super::translator::{Result, Translator};
use super::{Output, Refused, Translated, literal};

impl Translator<'_> {
    fn relation(&self, name: &str) -> Result<Arc<Relation>> {
        let relation = self.catalog.get(name).ok_or_else(|| Refused::new(format!("no such table: {name}")))?;
        match relation.view {
            Some(_) => Err(Refused::new(format!("cannot modify {name} because it is a view"))),
            None => Ok(relation.clone()),
        }
    }

    pub fn insert(&mut self, insert: &Insert) -> Result<Translated> {
        let with = self.with(&insert.with, None)?;
        let relation = self.relation(&insert.table)?;
        let columns: Vec<String> = match insert.columns.is_empty() {
            true => relation.columns.iter().map(|column| column.name.clone()).collect(),
            false => insert.columns.clone(),
        };
        let targets = columns.iter().map(|name| kind_of(&relation, name)).collect::<Result<Vec<_>>>()?;
        let names: Vec<String> = targets.iter().map(|(name, _)| literal::name(name)).collect();
        let values = match &insert.source {
            None => "DEFAULT VALUES".to_owned(),
            Some(query) => format!("({}) {}", names.join(", "), self.inserted(query, &targets)?),
        };
        let alias = insert.alias.as_deref().unwrap_or(&relation.name);
        let sources = [self.stored(&insert.table, alias)?];
        let mut sql =
            format!("{with}INSERT INTO {} AS {} {values}", literal::name(&relation.name), literal::name(alias));
        if let Some(conflict) = &insert.conflict {
            sql.push_str(&self.conflict(conflict, &relation, &sources[0])?);
        } else if insert.ignore {
            sql.push_str(" ON CONFLICT DO NOTHING");
        }
        self.returning(sql, &sources, &insert.returning)
    }

    /// Rows of values are stored as they are; those of a query through a name of it.
    fn inserted(&mut self, query: &Query, targets: &[(String, Kind)]) -> Result<String> {
        let count = |found: usize| match found == targets.len() {
            true => Ok(()),
            false => Err(Refused::new(format!("{found} values for {} columns", targets.len()))),
        };
        if let (Core::Values(rows), true, true) = (&query.first, query.rest.is_empty(), query.with.tables.is_empty()) {
            let scope = Scope::of(&[], None);
            let mut printed = Vec::with_capacity(rows.len());
            for row in rows {
                count(row.len())?;
                let values = row.iter().zip(targets).map(|(expr, (_, kind))| self.expr(&scope, expr)?.stored(*kind));
                printed.push(format!("({})", values.collect::<Result<Vec<_>>>()?.join(", ")));
            }
            return Ok(format!("VALUES {}", printed.join(", ")));
        }
        let shape = self.query(query, None)?;
        count(shape.columns.len())?;
        let alias = self.alias();
        let values = shape.columns.iter().zip(targets).map(|(column, (_, kind))| column.value(&alias).stored(*kind));
        let values = values.collect::<Result<Vec<_>>>()?.join(", ");
        Ok(format!("SELECT {values} FROM ({}) AS \"{alias}\"", shape.sql))
    }

    fn conflict(&mut self, conflict: &Conflict, relation: &Relation, stored: &Source) -> Result<String> {
        let mut sql = " ON CONFLICT".to_owned();
        if !conflict.target.is_empty() {
            let mut target = Vec::new();
            for expr in &conflict.target {
                let scope = Scope::of(std::slice::from_ref(stored), None);
                let value = self.expr(&scope, expr)?;
                target.push(unqualified(&value.parts().remove(0), &stored.name));
            }
            sql.push_str(&format!(" ({})", target.join(", ")));
        }
        if let Some(filter) = &conflict.target_filter {
            let scope = Scope::of(std::slice::from_ref(stored), None);
            sql.push_str(&format!(" WHERE {}", unqualified(&self.filter(&scope, filter)?, &stored.name)));
        }
        if conflict.set.is_empty() {
            return Ok(format!("{sql} DO NOTHING"));
        }
        // What was to be inserted can be asked for by its own name only.
        let given = Scope::of(&[], None);
        let mut excluded = self.stored(&relation.name, "excluded")?;
        excluded.row = None;
        for column in &mut excluded.columns {
            column.merged = true;
        }
        let sources = [stored.clone(), excluded];
        let scope = Scope { sources: &sources, ..given };
        sql.push_str(&format!(" DO UPDATE SET {}", self.assignments(&scope, relation, &conflict.set)?));
        if let Some(filter) = &conflict.filter {
            sql.push_str(&format!(" WHERE {}", self.filter(&scope, filter)?));
        }
        Ok(sql)
    }

    fn assignments(&mut self, scope: &Scope<'_>, relation: &Relation, set: &[(String, Expr)]) -> Result<String> {
        let mut parts = Vec::with_capacity(set.len());
        for (name, expr) in set {
            let (name, kind) = kind_of(relation, name)?;
            parts.push(format!("{} = {}", literal::name(&name), self.expr(scope, expr)?.stored(kind)?));
        }
        Ok(parts.join(", "))
    }

    pub fn update(&mut self, update: &Update) -> Result<Translated> {
        let with = self.with(&update.with, None)?;
        let relation = self.relation(&update.table)?;
        let alias = update.alias.as_deref().unwrap_or(&relation.name);
        let sources = [self.stored(&update.table, alias)?];
        let scope = Scope::of(&sources, None);
        let set = self.assignments(&scope, &relation, &update.set)?;
        let mut sql = format!("{with}UPDATE {} AS {} SET {set}", literal::name(&relation.name), literal::name(alias));
        if let Some(filter) = &update.filter {
            sql.push_str(&format!(" WHERE {}", self.filter(&scope, filter)?));
        }
        self.returning(sql, &sources, &update.returning)
    }

    pub fn delete(&mut self, delete: &Delete) -> Result<Translated> {
        let with = self.with(&delete.with, None)?;
        let relation = self.relation(&delete.table)?;
        let alias = delete.alias.as_deref().unwrap_or(&relation.name);
        let sources = [self.stored(&delete.table, alias)?];
        let mut sql = format!("{with}DELETE FROM {} AS {}", literal::name(&relation.name), literal::name(alias));
        if let Some(filter) = &delete.filter {
            sql.push_str(&format!(" WHERE {}", self.filter(&Scope::of(&sources, None), filter)?));
        }
        self.returning(sql, &sources, &delete.returning)
    }

    fn returning(&mut self, mut sql: String, sources: &[Source], items: &[Item]) -> Result<Translated> {
        let mut columns: Vec<Output> = Vec::new();
        if !items.is_empty() {
            let scope = Scope::of(sources, None);
            let mut texts = Vec::new();
            for column in self.items(&scope, items)? {
                let position = texts.len();
                texts.extend(column.value.parts());
                let (kind, number_position) = (column.value.kind(), texts.len() - 1);
                columns.push(Output { name: column.name, kind, position, number_position });
            }
            sql.push_str(&format!(" RETURNING {}", texts.join(", ")));
        }
        Ok(Translated { sql, params: std::mem::take(&mut self.params), columns })
    }
}

fn kind_of(relation: &Relation, name: &str) -> Result<(String, Kind)> {
    let missing = || Refused::new(format!("table {} has no column named {name}", relation.name));
    relation.column(name).map(|column| (column.name.clone(), column.kind)).ok_or_else(missing)
}

/// The target of a conflict takes columns without their table.
pub(super) fn unqualified(sql: &str, table: &str) -> String {
    sql.replace(&format!("{}.", literal::name(table)), "")
}
