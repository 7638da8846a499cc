//! What a view query written by a person yields and reads.

use super::ast::Statement;
use super::catalog::Catalog;
use super::translator::{Result, Translator};
use super::{Inspected, Refused, Translated, parse};
use crate::store::ColumnInfo;

pub(super) fn inspect(sql: &str, denied: &[(String, String)], catalog: &Catalog) -> Result<Inspected> {
    let Statement::Query(query) = parse::parse(sql)? else {
        return Err(Refused::new("a view query is a single SELECT"));
    };
    let mut translator = Translator::new(&[], catalog);
    translator.reads.inspected = true;
    translator.reads.denied = denied.to_vec();
    let shape = translator.query(&query, None)?;
    let columns = shape.columns.iter().map(|column| {
        let note = column.note.clone().unwrap_or_default();
        ColumnInfo { name: column.name.clone(), decltype: note.decltype, origin: note.origin }
    });
    let reads = std::mem::take(&mut translator.reads);
    Ok(Inspected {
        columns: columns.collect(),
        tables_read: reads.tables.into_iter().collect(),
        stable: !reads.unstable,
        query: Translated { columns: shape.outputs(), sql: shape.sql, params: Vec::new() },
    })
}
