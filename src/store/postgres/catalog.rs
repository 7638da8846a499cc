//! What tables there are: read from the server's own catalog, and good for one version of the schema.

use std::collections::HashMap;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::translate::{Catalog, LoadedColumn, Relation};

/// Tables and views with their columns, in the schema that new tables go to.
const COLUMNS: &str = "SELECT c.oid::bigint, c.relname::text, c.relkind = 'v', obj_description(c.oid, 'pg_class'),
        a.attname::text, t.typname::text, a.attnotnull, col_description(c.oid, a.attnum)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
    ORDER BY c.oid, a.attnum";

/// Unique indexes with their table and columns. One on expressions depends on the columns that it names.
const UNIQUE: &str = "SELECT i.relname::text, t.relname::text,
        ARRAY(SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = x.indrelid AND CASE WHEN 0 = ANY (x.indkey::int2[])
                THEN EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = x.indexrelid AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = x.indrelid AND d.refobjsubid = a.attnum)
                ELSE a.attnum = ANY (x.indkey::int2[]) END
            ORDER BY CASE WHEN 0 = ANY (x.indkey::int2[]) THEN 0
                ELSE array_position(x.indkey::int2[], a.attnum) END, a.attnum)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE x.indisunique AND t.relnamespace = current_schema()::regnamespace";

/// Table and columns of each unique index, by its name.
pub(super) type Indexes = HashMap<String, (String, Vec<String>)>;

#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) catalog: Catalog,
    pub(super) indexes: Indexes,
}

/// A table or view while its columns are read.
struct Reading {
    number: i64,
    name: String,
    is_view: bool,
    comment: Option<String>,
    columns: Vec<LoadedColumn>,
}

/// Everything, as this connection sees it.
pub(super) async fn load(connection: &mut PgConnection) -> Result<Loaded, sqlx::Error> {
    let mut loaded = Loaded::default();
    let mut reading: Option<Reading> = None;
    for row in sqlx::query(COLUMNS).fetch_all(&mut *connection).await? {
        let number: i64 = row.try_get(0)?;
        if reading.as_ref().is_none_or(|reading| reading.number != number) {
            let (name, is_view, comment) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            let next = Reading { number, name, is_view, comment, columns: Vec::new() };
            reading.replace(next).into_iter().for_each(|whole| loaded.add(whole));
        }
        let (name, type_name) = (row.try_get(4)?, row.try_get(5)?);
        let column = LoadedColumn { name, type_name, not_null: row.try_get(6)?, comment: row.try_get(7)? };
        reading.iter_mut().for_each(|reading| reading.columns.push(column.clone()));
    }
    reading.into_iter().for_each(|whole| loaded.add(whole));
    for row in sqlx::query(UNIQUE).fetch_all(&mut *connection).await? {
        loaded.indexes.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    Ok(loaded)
}

impl Loaded {
    fn add(&mut self, whole: Reading) {
        let comment = whole.comment.as_deref();
        self.catalog.insert(Relation::load(&whole.name, whole.is_view, whole.columns, comment));
    }
}
