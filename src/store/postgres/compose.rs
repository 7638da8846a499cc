//! The text of one write with everything that belongs to it: the checks before it, the row, its entry in the feed.
//!
//! Parts of a statement name each other by short names: `g` holds when the checks do, `w` gives the revision that was
//! written. A part that is not named by another one runs all the same when it writes.

use std::fmt::{Arguments, Write as _};

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

use super::super::feed::{Change, Images};
use super::super::{Check, Expect, Keep, Quoted, REV_COLUMN, Result, Rows, Statement, StoreError, Table, Value};
use super::bind::{self, Wire};
use super::dialect::Dialect;
use super::renumber::renumber;
use super::translate::{Column, Kind, ParamKind, Relation};

/// What most writes of one row come to, so that nothing grows while they are composed.
const SQL_BYTES: usize = 1024;
const PARAMETERS: usize = 24;
const PARAMETER_BYTES: usize = 1024;

/// A statement that grows.
pub(super) struct Composed {
    pub(super) sql: String,
    pub(super) arguments: PgArguments,
    count: usize,
}

impl Composed {
    pub(super) fn new() -> Self {
        let mut arguments = PgArguments::default();
        arguments.reserve(PARAMETERS, PARAMETER_BYTES);
        Self { sql: String::with_capacity(SQL_BYTES), arguments, count: 0 }
    }

    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn put(&mut self, sql: Arguments<'_>) {
        // Writing into a text can't fail.
        let _ = self.sql.write_fmt(sql);
    }

    /// The place of the parameter that was added last.
    fn place(&mut self, of_type: &str) {
        self.count += 1;
        let number = self.count;
        self.put(format_args!("${number}::{of_type}"));
    }

    /// A parameter with its type.
    pub(super) fn bind(&mut self, wire: Wire, value: &Value) -> Result<()> {
        bind::add(&mut self.arguments, wire, value)?;
        self.place(wire.sql());
        Ok(())
    }

    fn bind_text(&mut self, text: &str) -> Result<()> {
        bind::add_text(&mut self.arguments, text)?;
        self.place(Wire::Text.sql());
        Ok(())
    }

    /// A value for a column. JSON that is a number is stored in one spelling, as SQLite does and comparisons rely on.
    fn store(&mut self, kind: Kind, value: &Value) -> Result<()> {
        if kind != Kind::Json || ParamKind::of(value) != ParamKind::NumericText {
            return self.bind(Wire::of(kind), value);
        }
        self.push("basalt_json_stored(");
        self.bind(Wire::Text, value)?;
        self.push(")");
        Ok(())
    }

    fn bind_all<'a>(&mut self, wire: Wire, values: impl Iterator<Item = &'a Value>) -> Result<()> {
        bind::add_all(&mut self.arguments, wire, values)?;
        self.place(wire.sql());
        self.push("[]");
        Ok(())
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            // Adding bytes can't fail: they are copied as they are.
            Some(_) if self.arguments.add(bytes).is_ok() => self.place(Wire::Bytes.sql()),
            _ => self.sql.push_str("NULL::bytea"),
        }
    }

    /// What must hold, as the columns of a row: the statement fails where something does not.
    pub(super) fn checks(&mut self, checks: &[Check], dialect: &Dialect) -> Result<()> {
        for (index, check) in checks.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            self.put(format_args!("{comma}CASE WHEN "));
            match &check.keeps {
                Keep::Rows(rows) => self.keep(rows, dialect)?,
                Keep::Nothing => self.exists(&check.statement, "", dialect)?,
                Keep::Found => self.exists(&check.statement, " FOR SHARE", dialect)?,
            }
            let tag = check.tag;
            match check.expect {
                Expect::Row => self.put(format_args!(" THEN true ELSE basalt_fail({tag}) END")),
                Expect::NoRow => self.put(format_args!(" THEN basalt_fail({tag}) ELSE true END")),
            }
        }
        Ok(())
    }

    fn exists(&mut self, statement: &Statement, lock: &str, dialect: &Dialect) -> Result<()> {
        let ready = dialect.translate(&statement.sql, &statement.params)?;
        let [one] = &*ready else { return Err(StoreError::Statement("a check is one statement".into())) };
        let shifted = renumber(&one.sql, self.count);
        self.put(format_args!("EXISTS ({shifted}{lock})"));
        one.add_to(&mut self.arguments, &statement.params)?;
        self.count += one.params.len();
        Ok(())
    }

    /// Whether all these rows are there, which are kept from being deleted until the commit. In the order of their ids,
    /// so that two that keep the same ones do not wait for each other.
    fn keep(&mut self, rows: &Rows, dialect: &Dialect) -> Result<()> {
        let relation = dialect.loaded.catalog.get(&rows.table.name).ok_or(StoreError::SchemaChanged)?;
        let id = Quoted(&id_column(&rows.table, relation)?.name);
        let ids: Vec<Value> = rows.ids.iter().map(|id| Value::from(id.as_str())).collect();
        self.put(format_args!("(SELECT count(*) FROM (SELECT 1 FROM {} WHERE {id} = ANY (", Quoted(&relation.name)));
        self.bind_all(Wire::Text, ids.iter())?;
        self.put(format_args!(") ORDER BY {id} FOR KEY SHARE) AS k) = {}", rows.ids.len()));
        Ok(())
    }

    /// Keeps all others from writing the row, or from making one of this id, until the end of the transaction.
    pub(super) fn hold(&mut self, table: &Table, relation: &Relation, id: &str) -> Result<()> {
        self.push("WITH g AS (SELECT true), ");
        self.turn(table, id)?;
        self.put(format_args!("e AS (SELECT 1) SELECT 1 FROM l, (SELECT 1 FROM {} WHERE ", Quoted(&relation.name)));
        self.row(table, relation, (id, None))?;
        self.push(" FOR UPDATE) AS r");
        Ok(())
    }

    /// The part `g`: the schema is at the version that the write was made for, and the checks hold.
    pub(super) fn guard(&mut self, version: Option<u64>, checks: &[Check], dialect: &Dialect) -> Result<()> {
        self.push("WITH g AS MATERIALIZED (SELECT ");
        match version {
            Some(version) => {
                self.push("basalt_write(");
                self.bind(Wire::Int, &Value::Int(version.cast_signed()))?;
                self.push(")");
            }
            None => self.push("true"),
        }
        if !checks.is_empty() {
            self.push(", ");
            self.checks(checks, dialect)?;
        }
        self.push("), ");
        Ok(())
    }

    /// The part `l`: writes that make or delete this id take turns, so that the revisions of a record always rise.
    fn turn(&mut self, table: &Table, id: &str) -> Result<()> {
        self.push("l AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(");
        self.bind_text(id)?;
        self.put(format_args!(", {})) FROM g), ", table.number));
        Ok(())
    }

    pub(super) fn insert(&mut self, table: &Table, relation: &Relation, values: &[Value]) -> Result<()> {
        self.turn(table, values.get(table.id_column).map_or("", Value::as_str))?;
        let columns: Vec<&Column> = table.columns.iter().map(|name| known(relation, name)).collect::<Result<_>>()?;
        self.put(format_args!("w AS (INSERT INTO {} (", Quoted(&relation.name)));
        for column in &columns {
            self.put(format_args!("{}, ", Quoted(&column.name)));
        }
        self.put(format_args!("{}) SELECT ", Quoted(REV_COLUMN)));
        for (column, value) in columns.iter().zip(values) {
            self.store(column.kind, value)?;
            self.push(", ");
        }
        self.put(format_args!("nextval('_rev') FROM l RETURNING {} AS rev) ", Quoted(REV_COLUMN)));
        Ok(())
    }

    /// Many rows in their order, under one revision.
    pub(super) fn load(&mut self, table: &Table, relation: &Relation, rows: &[Vec<Value>]) -> Result<()> {
        self.push("w AS MATERIALIZED (SELECT nextval('_rev') AS rev FROM g), ");
        self.put(format_args!("i AS (INSERT INTO {} (", Quoted(&relation.name)));
        for column in &table.columns {
            self.put(format_args!("{}, ", Quoted(&known(relation, column)?.name)));
        }
        self.put(format_args!("{}) SELECT ", Quoted(REV_COLUMN)));
        for (index, column) in table.columns.iter().enumerate() {
            match known(relation, column)?.kind {
                Kind::Json => self.put(format_args!("basalt_json_stored(u.c{index}), ")),
                _ => self.put(format_args!("u.c{index}, ")),
            }
        }
        self.push("w.rev FROM w CROSS JOIN unnest(");
        for (index, column) in table.columns.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            self.push(comma);
            let values = rows.iter().map(|row| row.get(index).unwrap_or(&Value::Null));
            self.bind_all(Wire::of(known(relation, column)?.kind), values)?;
        }
        self.push(") WITH ORDINALITY AS u(");
        for index in 0..table.columns.len() {
            self.put(format_args!("c{index}, "));
        }
        self.push("place) ORDER BY u.place) ");
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        table: &Table,
        relation: &Relation,
        (id, expect_rev): (&str, Option<i64>),
        set: &[(usize, Value)],
    ) -> Result<()> {
        self.put(format_args!("w AS (UPDATE {} SET ", Quoted(&relation.name)));
        for (column, value) in set {
            let column = known(relation, table.columns.get(*column).map_or("", String::as_str))?;
            self.put(format_args!("{} = ", Quoted(&column.name)));
            self.store(column.kind, value)?;
            self.push(", ");
        }
        let rev = Quoted(REV_COLUMN);
        self.put(format_args!("{rev} = nextval('_rev') FROM g WHERE "));
        self.row(table, relation, (id, expect_rev))?;
        self.put(format_args!(" RETURNING {rev} AS rev) "));
        Ok(())
    }

    pub(super) fn delete(
        &mut self,
        table: &Table,
        relation: &Relation,
        (id, expect_rev): (&str, Option<i64>),
    ) -> Result<()> {
        self.turn(table, id)?;
        self.put(format_args!("w AS (DELETE FROM {} USING l WHERE ", Quoted(&relation.name)));
        self.row(table, relation, (id, expect_rev))?;
        self.push(" RETURNING nextval('_rev') AS rev) ");
        Ok(())
    }

    fn row(&mut self, table: &Table, relation: &Relation, (id, expect_rev): (&str, Option<i64>)) -> Result<()> {
        let column = id_column(table, relation)?;
        self.put(format_args!("{} = ", Quoted(&column.name)));
        self.bind_text(id)?;
        if let Some(rev) = expect_rev {
            self.put(format_args!(" AND {} = ", Quoted(REV_COLUMN)));
            self.bind(Wire::Int, &Value::Int(rev))?;
        }
        Ok(())
    }

    /// The end of a write: its entry in the feed, which gives the revision back.
    pub(super) fn entry(
        &mut self,
        table: &Table,
        (record, change): (&str, Change),
        actor: &str,
        images: &Images<'_>,
    ) -> Result<()> {
        self.put(format_args!(
            "INSERT INTO _feed (rev, coll, op, flags, rec, actor, after, old) SELECT w.rev, {}, {}, {}, ",
            table.number, change as i64, images.flags
        ));
        self.bind_text(record)?;
        self.push(", ");
        self.bind_text(actor)?;
        self.push(", ");
        self.bytes(images.after);
        self.push(", ");
        self.bytes(images.old);
        self.push(" FROM w RETURNING rev");
        Ok(())
    }
}

/// A column that is not known (any more) is one of another schema.
fn known<'a>(relation: &'a Relation, column: &str) -> Result<&'a Column> {
    relation.column(column).ok_or(StoreError::SchemaChanged)
}

fn id_column<'a>(table: &Table, relation: &'a Relation) -> Result<&'a Column> {
    known(relation, table.columns.get(table.id_column).map_or("id", String::as_str))
}
