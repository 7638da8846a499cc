//! The SQL of a table's writes, built once a table.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::super::{REV_COLUMN, Table, Value, quote};

/// Tables whose SQL is kept; more are a schema with so many collections in use that building again does not matter.
const TABLES: usize = 512;

pub(super) struct TableSql {
    pub(super) insert: String,
    pub(super) delete: String,
    pub(super) delete_at_rev: String,
}

/// SQL by the table's address; the table is kept alive with it, so that no other can take its place.
#[derive(Default)]
pub(super) struct SqlCache(HashMap<*const Table, (Arc<Table>, Rc<TableSql>)>);

impl SqlCache {
    pub(super) fn get(&mut self, table: &Arc<Table>) -> Rc<TableSql> {
        if let Some((_, sql)) = self.0.get(&Arc::as_ptr(table)) {
            return sql.clone();
        }
        if self.0.len() >= TABLES {
            self.0.clear();
        }
        let sql = Rc::new(TableSql::new(table));
        self.0.insert(Arc::as_ptr(table), (table.clone(), sql.clone()));
        sql
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl TableSql {
    fn new(table: &Table) -> Self {
        let name = quote(&table.name);
        let rev = quote(REV_COLUMN);
        let id = quote(table.columns.get(table.id_column).map_or("id", String::as_str));
        let mut insert = format!("INSERT INTO {name} (");
        for column in &table.columns {
            insert.push_str(&quote(column));
            insert.push(',');
        }
        insert.push_str(&rev);
        insert.push_str(") VALUES (");
        for index in 1..=table.columns.len() {
            insert.push_str(&format!("?{index},"));
        }
        insert.push_str(&format!("?{})", table.columns.len() + 1));
        let delete = format!("DELETE FROM {name} WHERE {id} = ?1");
        let delete_at_rev = format!("{delete} AND {rev} = ?2");
        Self { insert, delete, delete_at_rev }
    }
}

/// An update of some columns; the parameters are their values, the new revision, the id and the expected revision.
pub(super) fn update(table: &Table, set: &[(usize, Value)], at_rev: bool) -> String {
    let mut sql = format!("UPDATE {} SET ", quote(&table.name));
    let mut parameter = 1;
    for (column, _) in set {
        let column = table.columns.get(*column).map_or("", String::as_str);
        sql.push_str(&format!("{} = ?{parameter}, ", quote(column)));
        parameter += 1;
    }
    let id = quote(table.columns.get(table.id_column).map_or("id", String::as_str));
    let rev = quote(REV_COLUMN);
    sql.push_str(&format!("{rev} = ?{parameter} WHERE {id} = ?{}", parameter + 1));
    if at_rev {
        sql.push_str(&format!(" AND {rev} = ?{}", parameter + 2));
    }
    sql
}
