//! From the old collection to the new: the statements that change its table and keep its data (contract 4.5).
//!
//! Views are dropped before and made again after these statements, by `collections/`.

use super::field::{multi_to_single_sql, single_to_multi_sql};
use super::{Collection, Field};
use crate::store::{REV_COLUMN, quote};

/// The statements that make a new collection's table and indexes.
pub fn create_sql(new: &Collection) -> Vec<String> {
    let columns: Vec<String> = new
        .fields
        .iter()
        .map(|field| {
            if field.is_primary_key() {
                // No default: ids are always given, and one that calls a function keeps views from being inspected.
                format!("{} TEXT PRIMARY KEY NOT NULL", quote(&field.name))
            } else {
                definition(field)
            }
        })
        .collect();
    let table = format!(
        "CREATE TABLE {} ({}, {} INTEGER DEFAULT 0 NOT NULL)",
        quote(&new.name),
        columns.join(", "),
        quote(REV_COLUMN)
    );
    std::iter::once(table).chain(new.indexes.iter().cloned()).collect()
}

/// The statements that turn the table of `old` into that of `new`, in order.
pub fn change_sql(old: &Collection, new: &Collection) -> Vec<String> {
    let mut sql = Vec::new();
    let touched = old.fields.len() != new.fields.len()
        || old
            .fields
            .iter()
            .zip(&new.fields)
            .any(|(a, b)| a.id != b.id || a.name != b.name || a.is_multi() != b.is_multi());
    let rebuild = touched || old.name != new.name || old.indexes != new.indexes;
    if rebuild {
        sql.extend(drop_indexes(old));
    }
    if old.name != new.name {
        // By way of a third name: a change of letter case alone is none to SQLite.
        let between = format!("@{}", new.id);
        sql.push(format!("ALTER TABLE {} RENAME TO {}", quote(&old.name), quote(&between)));
        sql.push(format!("ALTER TABLE {} RENAME TO {}", quote(&between), quote(&new.name)));
    }
    let table = quote(&new.name);
    let by_id = |list: &[Field], id: &str| list.iter().position(|field| field.id == id);
    for field in old.fields.iter().filter(|field| by_id(&new.fields, &field.id).is_none()) {
        sql.push(format!("ALTER TABLE {table} DROP COLUMN {}", quote(&field.name)));
    }
    let kept: Vec<(&Field, &Field)> = old
        .fields
        .iter()
        .filter_map(|field| by_id(&new.fields, &field.id).map(|position| (field, &new.fields[position])))
        .collect();
    // All renamed columns first get names that nobody has, so that two can swap.
    let renamed: Vec<_> = kept.iter().filter(|(old, new)| old.name != new.name).collect();
    for (index, (field, _)) in renamed.iter().enumerate() {
        sql.push(rename(&table, &field.name, &format!("@{index}")));
    }
    for (index, (_, field)) in renamed.iter().enumerate() {
        sql.push(rename(&table, &format!("@{index}"), &field.name));
    }
    for (_, field) in kept.iter().filter(|(old, new)| old.is_multi() != new.is_multi()) {
        sql.extend(convert(&table, field));
    }
    for field in new.fields.iter().filter(|field| by_id(&old.fields, &field.id).is_none()) {
        sql.push(format!("ALTER TABLE {table} ADD COLUMN {}", definition(field)));
    }
    if rebuild {
        sql.extend(new.indexes.iter().cloned());
    }
    sql
}

/// The statement that drops the table of a collection with its indexes, or its view.
pub fn drop_sql(old: &Collection) -> String {
    let what = if old.is_view() { "VIEW" } else { "TABLE" };
    format!("DROP {what} IF EXISTS {}", quote(&old.name))
}

fn drop_indexes(old: &Collection) -> impl Iterator<Item = String> {
    let name = |index: &String| super::IndexStatement::parse(index).map(|parsed| parsed.name);
    old.indexes.iter().filter_map(name).map(|name| format!("DROP INDEX IF EXISTS {}", quote(&name)))
}

fn rename(table: &str, from: &str, to: &str) -> String {
    format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote(from), quote(to))
}

/// One item becomes a list or the other way, through a new column: the default of a column can not be altered.
fn convert(table: &str, field: &Field) -> [String; 4] {
    let (column, fresh) = (quote(&field.name), quote("@new"));
    let value = if field.is_multi() { single_to_multi_sql(&column) } else { multi_to_single_sql(&column) };
    [
        format!("ALTER TABLE {table} ADD COLUMN {fresh} {}", field.column_definition()),
        format!("UPDATE {table} SET {fresh} = {value}"),
        format!("ALTER TABLE {table} DROP COLUMN {column}"),
        format!("ALTER TABLE {table} RENAME COLUMN {fresh} TO {column}"),
    ]
}

fn definition(field: &Field) -> String {
    format!("{} {}", quote(&field.name), field.column_definition())
}
