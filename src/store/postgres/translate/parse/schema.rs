//! Statements that change the schema.

use super::super::Refused;
use super::super::ast::{Alteration, CreateIndex, CreateTable, Definition, Dropped, Expr, Literal, Statement, Unary};
use super::{Parser, Result};

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Statement> {
        self.expect_word("create")?;
        if self.take_word("table") {
            return self.create_table().map(Statement::CreateTable);
        }
        if self.take_word("view") {
            self.optional(&["if", "not", "exists"]);
            let name = self.table_name()?;
            let columns = if self.take("(") { self.closed_names()? } else { Vec::new() };
            self.expect_word("as")?;
            return Ok(Statement::CreateView { name, columns, query: self.query()? });
        }
        let unique = self.take_word("unique");
        self.expect_word("index")?;
        let optional = self.optional(&["if", "not", "exists"]);
        let name = self.table_name()?;
        self.expect_word("on")?;
        let table = self.name()?;
        self.expect("(")?;
        let terms = self.list(Self::term)?;
        self.expect(")")?;
        let filter = self.clause("where")?;
        Ok(Statement::CreateIndex(CreateIndex { unique, optional, name, table, terms, filter }))
    }

    fn optional(&mut self, words: &[&str]) -> bool {
        self.take_words(words)
    }

    fn create_table(&mut self) -> Result<CreateTable> {
        let optional = self.optional(&["if", "not", "exists"]);
        let name = self.table_name()?;
        self.expect("(")?;
        let (mut columns, mut keys) = (Vec::new(), Vec::new());
        loop {
            let primary = self.take_words(&["primary", "key"]);
            if primary || self.at_word("unique") {
                if !primary {
                    self.advance();
                }
                self.expect("(")?;
                keys.push((primary, self.closed_names()?));
            } else {
                columns.push(self.definition()?);
            }
            if !self.take(",") {
                break;
            }
        }
        self.expect(")")?;
        let without_rowid = self.take_words(&["without", "rowid"]);
        self.take_word("strict");
        Ok(CreateTable { optional, name, columns, keys, without_rowid })
    }

    fn definition(&mut self) -> Result<Definition> {
        let name = self.name()?;
        let type_name = self.type_name()?;
        let mut definition =
            Definition { name, type_name, not_null: false, primary_key: false, unique: false, default: None };
        loop {
            if self.take_words(&["not", "null"]) {
                definition.not_null = true;
            } else if self.take_words(&["primary", "key"]) {
                definition.primary_key = true;
                self.take_word("autoincrement");
            } else if self.take_word("unique") {
                definition.unique = true;
            } else if self.take_word("default") {
                definition.default = Some(self.default()?);
            } else if self.take_word("collate") {
                return Err(Refused::new("a collation is given in an index or a comparison, not with a column"));
            } else {
                return Ok(definition);
            }
        }
    }

    fn default(&mut self) -> Result<Expr> {
        if self.take("(") {
            let expr = self.expression()?;
            self.expect(")")?;
            return Ok(expr);
        }
        let negative = self.take("-");
        let expr = self.primary()?;
        match (negative, expr) {
            (true, expr) => Ok(Expr::Unary(Unary::Minus, Box::new(expr))),
            (false, Expr::Column { name, table: None, .. }) => Ok(Expr::Literal(Literal::Text(name))),
            (false, expr) => Ok(expr),
        }
    }

    pub(super) fn drop(&mut self) -> Result<Statement> {
        self.expect_word("drop")?;
        let kinds = [("table", Dropped::Table), ("view", Dropped::View), ("index", Dropped::Index)];
        let Some((_, what)) = kinds.into_iter().find(|(word, _)| self.take_word(word)) else {
            return Err(self.unexpected());
        };
        let optional = self.optional(&["if", "exists"]);
        Ok(Statement::Drop { what, optional, name: self.table_name()? })
    }

    pub(super) fn alter(&mut self) -> Result<Statement> {
        self.expect_word("alter")?;
        self.expect_word("table")?;
        let table = self.table_name()?;
        let change = if self.take_words(&["rename", "to"]) {
            Alteration::Rename(self.name()?)
        } else if self.take_word("rename") {
            self.take_word("column");
            let from = self.name()?;
            self.expect_word("to")?;
            Alteration::RenameColumn(from, self.name()?)
        } else if self.take_word("add") {
            self.take_word("column");
            Alteration::AddColumn(self.definition()?)
        } else {
            self.expect_word("drop")?;
            self.take_word("column");
            Alteration::DropColumn(self.name()?)
        };
        Ok(Statement::AlterTable { table, change })
    }
}
