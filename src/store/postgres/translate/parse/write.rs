//! Statements that write rows.

use super::super::Refused;
use super::super::ast::{Conflict, Delete, Expr, Insert, Item, Update, With};
use super::{Parser, Result};

impl Parser<'_> {
    pub(super) fn insert(&mut self, with: With) -> Result<Insert> {
        if self.take_word("replace") {
            return Err(replace());
        }
        self.expect_word("insert")?;
        let ignore = self.take_words(&["or", "ignore"]);
        if self.take_word("or") {
            return Err(replace());
        }
        self.expect_word("into")?;
        let table = self.table_name()?;
        let alias = if self.take_word("as") { Some(self.name()?) } else { None };
        let columns = if self.take("(") { self.closed_names()? } else { Vec::new() };
        let source = match self.take_words(&["default", "values"]) {
            true => None,
            false => Some(self.query()?),
        };
        let conflict = if self.take_words(&["on", "conflict"]) { Some(self.conflict()?) } else { None };
        Ok(Insert { with, ignore, table, alias, columns, source, conflict, returning: self.returning()? })
    }

    fn conflict(&mut self) -> Result<Conflict> {
        let (mut target, mut target_filter) = (Vec::new(), None);
        if self.take("(") {
            target = self.expressions()?;
            self.expect(")")?;
            target_filter = self.clause("where")?;
        }
        self.expect_word("do")?;
        if self.take_word("nothing") {
            return Ok(Conflict { target, target_filter, set: Vec::new(), filter: None });
        }
        self.expect_word("update")?;
        let set = self.assignments()?;
        Ok(Conflict { target, target_filter, set, filter: self.clause("where")? })
    }

    fn assignments(&mut self) -> Result<Vec<(String, Expr)>> {
        self.expect_word("set")?;
        self.list(|parser| {
            let column = parser.name()?;
            parser.expect("=")?;
            Ok((column, parser.expression()?))
        })
    }

    pub(super) fn update(&mut self, with: With) -> Result<Update> {
        let table = self.table_name()?;
        let alias = if self.take_word("as") { Some(self.name()?) } else { None };
        let set = self.assignments()?;
        if self.at_word("from") {
            return Err(Refused::new("UPDATE … FROM is not available"));
        }
        let filter = self.clause("where")?;
        Ok(Update { with, table, alias, set, filter, returning: self.returning()? })
    }

    pub(super) fn delete(&mut self, with: With) -> Result<Delete> {
        self.expect_word("from")?;
        let table = self.table_name()?;
        let alias = if self.take_word("as") { Some(self.name()?) } else { None };
        let filter = self.clause("where")?;
        Ok(Delete { with, table, alias, filter, returning: self.returning()? })
    }

    fn returning(&mut self) -> Result<Vec<Item>> {
        if self.take_word("returning") { self.items() } else { Ok(Vec::new()) }
    }
}

fn replace() -> Refused {
    Refused::new("REPLACE is not available: write ON CONFLICT … DO UPDATE")
}
