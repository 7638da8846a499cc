//! A statement ready to run, and how its rows come back.

use std::fmt::{self, Write as _};

use super::{Value, ValueRef};

/// SQL of the engine's dialect with its parameters in order (`?1`, `?2`, …). Equal plans give equal
/// text, so that engines can cache the prepared form by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sql: String,
    pub params: Vec<Value>,
    pub cost: Cost,
}

/// Where to run a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// Expected to take well under a millisecond (a key look-up, a short page off an index): tried on
    /// the calling thread, moved to the pool if it takes longer.
    #[default]
    Cheap,
    /// Known to walk many rows: goes to the pool at once.
    Dear,
}

/// A name as an SQL identifier.
pub fn quote(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    // Writing into a text can't fail.
    let _ = write!(quoted, "{}", Quoted(name));
    quoted
}

/// The same, written where it belongs.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (index, part) in self.0.split('"').enumerate() {
            if index > 0 {
                f.write_str("\"\"")?;
            }
            f.write_str(part)?;
        }
        f.write_char('"')
    }
}

/// A fetched row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row(pub Vec<Value>);

/// Takes rows one by one while the engine holds them.
pub trait Sink: Send + 'static {
    /// Looks at one row: `columns` gives the value at each position below `columns.len()`.
    fn row(&mut self, columns: &dyn Columns);
    /// Forgets what it took: the statement starts over elsewhere.
    fn reset(&mut self);
}

/// The columns of the row at hand.
#[expect(clippy::len_without_is_empty, reason = "a row has columns")]
pub trait Columns {
    fn len(&self) -> usize;
    fn get(&self, index: usize) -> ValueRef<'_>;
}

impl Statement {
    pub fn new(sql: impl Into<String>, params: Vec<Value>) -> Self {
        Self { sql: sql.into(), params, cost: Cost::Cheap }
    }

    #[must_use]
    pub fn dear(mut self) -> Self {
        self.cost = Cost::Dear;
        self
    }
}

impl Row {
    /// The value at a position; `Null` past the end.
    pub fn get(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }
}

impl Sink for Vec<Row> {
    fn row(&mut self, columns: &dyn Columns) {
        self.push(Row((0..columns.len()).map(|index| columns.get(index).to_value()).collect()));
    }

    fn reset(&mut self) {
        self.clear();
    }
}
