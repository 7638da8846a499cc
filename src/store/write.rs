//! A declarative write: what must hold, what changes, what must hold afterwards.
//!
//! A plain create, update or delete is prepared outside the writer and committed as one [`WriteSet`];
//! on SQLite the writer thread commits many of them in one transaction, on PostgreSQL a set is one
//! statement. Everything of a set happens or nothing.

use std::sync::Arc;

use super::{Row, Statement, Value};

/// The physical side of a collection: a table with the `id` column, the hidden revision, and one
/// column a field.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// The number of the collection in the feed; never reused.
    pub number: i64,
    pub name: String,
    /// Columns in field order, without the revision.
    pub columns: Vec<String>,
    /// The position of `id` in `columns`.
    pub id_column: usize,
}

#[derive(Debug, Clone, Default)]
pub struct WriteSet {
    /// The version of the schema that the set was prepared under; the writer refuses another. What touches system
    /// tables only depends on no schema.
    pub schema_version: u64,
    pub before: Vec<Check>,
    pub ops: Vec<Op>,
    /// Checked on the rows as written, such as a create rule.
    pub after: Vec<Check>,
    /// Who caused it, for the feed: the id of the auth record, empty for a guest.
    pub actor: String,
    /// Imports and maintenance yield to requests.
    pub priority: Priority,
    /// A power loss may undo it although it was answered, unless something else was committed after it. For what is
    /// found again and done again; it costs the disk nothing.
    pub relaxed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Priority {
    #[default]
    Request,
    Background,
}

/// A statement that must yield a row, or must yield none.
#[derive(Debug, Clone)]
pub struct Check {
    pub statement: Statement,
    pub expect: Expect,
    /// Names the check in [`super::StoreError::Check`].
    pub tag: u32,
    pub keeps: Keep,
}

/// What stays until the commit. With the embedded engine all of it does, as nobody else writes meanwhile.
#[derive(Debug, Clone, Default)]
pub enum Keep {
    /// The check may have been true of the moment before.
    #[default]
    Nothing,
    /// These rows, which are all that the statement asks for, are not deleted.
    Rows(Rows),
    /// What the statement finds, in one table of the system, is not changed.
    Found,
}

/// Rows of a table by their ids, each once.
#[derive(Debug, Clone)]
pub struct Rows {
    pub table: Arc<Table>,
    pub ids: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Row,
    NoRow,
}

/// One change of one record, with the images that go into the change feed; or a statement on a system table.
///
/// `image` is the whole record after the change as JSON, hidden fields included, secrets never;
/// `old` is JSON with the earlier values of the changed fields (of all fields for a delete).
#[derive(Debug, Clone)]
pub enum Op {
    /// `values` are in the order of `table.columns`.
    Insert {
        table: Arc<Table>,
        values: Vec<Value>,
        image: Vec<u8>,
    },
    /// `set` names columns by their position in `table.columns`.
    Update {
        table: Arc<Table>,
        id: String,
        expect_rev: Option<i64>,
        set: Vec<(usize, Value)>,
        image: Vec<u8>,
        old: Vec<u8>,
    },
    Delete {
        table: Arc<Table>,
        id: String,
        expect_rev: Option<i64>,
        old: Vec<u8>,
    },
    /// Many rows in their order, as they are. They share one revision, and the feed says that the collection has to be
    /// read again instead of telling each of them.
    Load {
        table: Arc<Table>,
        rows: Vec<Vec<Value>>,
    },
    /// A statement of ours on system tables: no revision, no entry in the feed. The rows that it returns come back in
    /// [`Committed::rows`].
    System(Statement),
}

impl WriteSet {
    /// Statements on system tables, all or none.
    pub fn system(statements: impl IntoIterator<Item = Statement>, priority: Priority) -> Self {
        Self { ops: statements.into_iter().map(Op::System).collect(), priority, ..Self::default() }
    }

    /// Whether the set means what it says under its own version of the schema only.
    pub fn depends_on_schema(&self) -> bool {
        let system_only = self.ops.iter().all(|op| matches!(op, Op::System(_)));
        !system_only || !self.before.is_empty() || !self.after.is_empty()
    }
}

/// What became of a committed set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    /// The revisions of the changed records, in the order of their ops.
    pub revs: Vec<i64>,
    /// What each [`Op::System`] returned, in their order.
    pub rows: Vec<Vec<Row>>,
}
