//! The text of one write with everything that belongs to it: the checks before it, the row, its entry in the feed.
//!
//! Parts of a statement name each other by short names: `g` holds when the checks do, `w` gives the revision that was
//! written. A part that is not named by another one runs all the same when it writes.

use sqlx::postgres::PgArguments;

use super::super::feed::{Change, Images};
use super::super::{Check, Expect, REV_COLUMN, Result, Rows, Statement, StoreError, Table, Value, quote};
use super::bind::{self, Wire};
use super::dialect::Dialect;
use super::translate::{Column, Kind, ParamKind, Relation};

/// A statement that grows.
#[derive(Default)]
pub(super) struct Composed {
    pub(super) sql: String,
    pub(super) arguments: PgArguments,
    count: usize,
}

impl Composed {
    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// A parameter with its type.
    pub(super) fn bind(&mut self, wire: Wire, value: &Value) -> Result<()> {
        bind::add(&mut self.arguments, wire, value)?;
        self.count += 1;
        self.sql.push_str(&format!("${}::{}", self.count, wire.sql()));
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
        self.count += 1;
        self.sql.push_str(&format!("${}::{}[]", self.count, wire.sql()));
        Ok(())
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        use sqlx::Arguments as _;
        match bytes {
            // Adding bytes can't fail: they are copied as they are.
            Some(_) if self.arguments.add(bytes).is_ok() => {
                self.count += 1;
                self.sql.push_str(&format!("${}::bytea", self.count));
            }
            _ => self.sql.push_str("NULL::bytea"),
        }
    }

    /// What must hold, as the columns of a row: the statement fails where something does not.
    pub(super) fn checks(&mut self, checks: &[Check], dialect: &Dialect) -> Result<()> {
        for (index, check) in checks.iter().enumerate() {
            let (holds, fails) = match check.expect {
                Expect::Row => ("true".to_owned(), format!("basalt_fail({})", check.tag)),
                Expect::NoRow => (format!("basalt_fail({})", check.tag), "true".to_owned()),
            };
            let comma = if index > 0 { ", " } else { "" };
            self.push(&format!("{comma}CASE WHEN "));
            match &check.keeps {
                Some(rows) => self.keep(rows, dialect)?,
                None => self.exists(&check.statement, dialect)?,
            }
            self.push(&format!(" THEN {holds} ELSE {fails} END"));
        }
        Ok(())
    }

    fn exists(&mut self, statement: &Statement, dialect: &Dialect) -> Result<()> {
        let ready = dialect.translate(&statement.sql, &statement.params)?;
        let [one] = &*ready else { return Err(StoreError::Statement("a check is one statement".into())) };
        let shifted = renumber(&one.sql, self.count);
        self.push(&format!("EXISTS ({shifted})"));
        one.add_to(&mut self.arguments, &statement.params)?;
        self.count += one.params.len();
        Ok(())
    }

    /// Whether all these rows are there, which are kept from being deleted until the commit. In the order of their ids,
    /// so that two that keep the same ones do not wait for each other.
    fn keep(&mut self, rows: &Rows, dialect: &Dialect) -> Result<()> {
        let relation = dialect.loaded.catalog.get(&rows.table.name).ok_or(StoreError::SchemaChanged)?;
        let id = quote(&id_column(&rows.table, relation)?.name);
        let ids: Vec<Value> = rows.ids.iter().map(|id| Value::from(id.as_str())).collect();
        self.push(&format!("(SELECT count(*) FROM (SELECT 1 FROM {} WHERE {id} = ANY (", quote(&relation.name)));
        self.bind_all(Wire::Text, ids.iter())?;
        self.push(&format!(") ORDER BY {id} FOR KEY SHARE) AS k) = {}", rows.ids.len()));
        Ok(())
    }

    /// Keeps all others from writing the row, or from making one of this id, until the end of the transaction.
    pub(super) fn hold(&mut self, table: &Table, relation: &Relation, id: &str) -> Result<()> {
        self.push("WITH g AS (SELECT true), ");
        self.turn(table, id)?;
        self.push(&format!("e AS (SELECT 1) SELECT 1 FROM l, (SELECT 1 FROM {} WHERE ", quote(&relation.name)));
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
        self.bind(Wire::Text, &Value::from(id))?;
        self.push(&format!(", {})) FROM g), ", table.number));
        Ok(())
    }

    pub(super) fn insert(&mut self, table: &Table, relation: &Relation, values: &[Value]) -> Result<()> {
        self.turn(table, values.get(table.id_column).map_or("", Value::as_str))?;
        self.push(&format!("w AS (INSERT INTO {} (", quote(&relation.name)));
        for column in &table.columns {
            self.push(&format!("{}, ", quote(&known(relation, column)?.name)));
        }
        self.push(&format!("{}) SELECT ", quote(REV_COLUMN)));
        for (column, value) in table.columns.iter().zip(values) {
            self.store(known(relation, column)?.kind, value)?;
            self.push(", ");
        }
        self.push(&format!("nextval('_rev') FROM l RETURNING {} AS rev) ", quote(REV_COLUMN)));
        Ok(())
    }

    /// Many rows in their order, under one revision.
    pub(super) fn load(&mut self, table: &Table, relation: &Relation, rows: &[Vec<Value>]) -> Result<()> {
        self.push("w AS MATERIALIZED (SELECT nextval('_rev') AS rev FROM g), ");
        self.push(&format!("i AS (INSERT INTO {} (", quote(&relation.name)));
        for column in &table.columns {
            self.push(&format!("{}, ", quote(&known(relation, column)?.name)));
        }
        self.push(&format!("{}) SELECT ", quote(REV_COLUMN)));
        for (index, column) in table.columns.iter().enumerate() {
            match known(relation, column)?.kind {
                Kind::Json => self.push(&format!("basalt_json_stored(u.c{index}), ")),
                _ => self.push(&format!("u.c{index}, ")),
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
            self.push(&format!("c{index}, "));
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
        self.push(&format!("w AS (UPDATE {} SET ", quote(&relation.name)));
        for (column, value) in set {
            let column = known(relation, table.columns.get(*column).map_or("", String::as_str))?;
            self.push(&format!("{} = ", quote(&column.name)));
            self.store(column.kind, value)?;
            self.push(", ");
        }
        let rev = quote(REV_COLUMN);
        self.push(&format!("{rev} = nextval('_rev') FROM g WHERE "));
        self.row(table, relation, (id, expect_rev))?;
        self.push(&format!(" RETURNING {rev} AS rev) "));
        Ok(())
    }

    pub(super) fn delete(
        &mut self,
        table: &Table,
        relation: &Relation,
        (id, expect_rev): (&str, Option<i64>),
    ) -> Result<()> {
        self.turn(table, id)?;
        self.push(&format!("w AS (DELETE FROM {} USING l WHERE ", quote(&relation.name)));
        self.row(table, relation, (id, expect_rev))?;
        self.push(" RETURNING nextval('_rev') AS rev) ");
        Ok(())
    }

    fn row(&mut self, table: &Table, relation: &Relation, (id, expect_rev): (&str, Option<i64>)) -> Result<()> {
        let column = id_column(table, relation)?;
        self.push(&format!("{} = ", quote(&column.name)));
        self.bind(Wire::Text, &Value::from(id))?;
        if let Some(rev) = expect_rev {
            self.push(&format!(" AND {} = ", quote(REV_COLUMN)));
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
        self.push(&format!(
            "INSERT INTO _feed (rev, coll, op, flags, rec, actor, after, old) SELECT w.rev, {}, {}, {}, ",
            table.number, change as i64, images.flags
        ));
        self.bind(Wire::Text, &Value::from(record))?;
        self.push(", ");
        self.bind(Wire::Text, &Value::from(actor))?;
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

/// The statement with its parameters counted on from `by`; texts and names in it stay as they are.
fn renumber(sql: &str, by: usize) -> String {
    if by == 0 {
        return sql.to_owned();
    }
    let mut shifted = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '\'', '"']) {
        let (before, from) = rest.split_at(at);
        shifted.push_str(before);
        let opening = from.chars().next().unwrap_or('$');
        let end = match opening {
            '$' => {
                let digits = from[1..].bytes().take_while(u8::is_ascii_digit).count();
                match from[1..=digits].parse::<usize>() {
                    Ok(number) => shifted.push_str(&format!("${}", number + by)),
                    Err(_) => shifted.push_str(&from[..=digits]),
                }
                1 + digits
            }
            quote => {
                // A doubled quote inside ends one text and begins the next, which comes to the same.
                let end = from[1..].find(quote).map_or(from.len(), |end| end + 2);
                shifted.push_str(&from[..end]);
                end
            }
        };
        rest = &from[end..];
    }
    shifted.push_str(rest);
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_on_but_not_in_texts_and_names() {
        assert_eq!(renumber("SELECT $1, $12::text", 2), "SELECT $3, $14::text");
        assert_eq!(renumber("'$1' || \"a$2\" || 'it''s $3' || $1", 4), "'$1' || \"a$2\" || 'it''s $3' || $5");
        assert_eq!(renumber("$", 1), "$");
        assert_eq!(renumber("'open $1", 1), "'open $1");
        assert_eq!(renumber("é $1 'ü' $2", 1), "é $2 'ü' $3");
    }
}
