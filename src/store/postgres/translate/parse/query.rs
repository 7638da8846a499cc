//! Queries.

use super::super::ast::{Common, Core, From, Item, Join, JoinKind, Query, Select, SetOperator, Table, Term, With};
use super::super::lexer::TokenKind;
use super::{Parser, Result};

impl Parser<'_> {
    pub(super) fn at_query(&self) -> bool {
        ["select", "values", "with"].iter().any(|word| self.at_word(word))
    }

    pub(super) fn query(&mut self) -> Result<Query> {
        self.deeper(|parser| {
            let with = parser.with()?;
            parser.query_after(with)
        })
    }

    pub(super) fn with(&mut self) -> Result<With> {
        if !self.take_word("with") {
            return Ok(With::default());
        }
        let recursive = self.take_word("recursive");
        let tables = self.list(|parser| {
            let name = parser.name()?;
            let columns = if parser.take("(") { parser.closed_names()? } else { Vec::new() };
            parser.expect_word("as")?;
            if !parser.take_word("materialized") {
                parser.take_words(&["not", "materialized"]);
            }
            parser.expect("(")?;
            let query = parser.query()?;
            parser.expect(")")?;
            Ok(Common { name, columns, query })
        })?;
        Ok(With { recursive, tables })
    }

    pub(super) fn query_after(&mut self, with: With) -> Result<Query> {
        let first = self.core()?;
        let mut rest = Vec::new();
        while let Some(operator) = self.set_operator() {
            rest.push((operator, self.core()?));
        }
        let order = if self.take_words(&["order", "by"]) { self.list(Self::term)? } else { Vec::new() };
        let (mut limit, mut offset) = (None, None);
        if self.take_word("limit") {
            limit = Some(self.expression()?);
            if self.take_word("offset") {
                offset = Some(self.expression()?);
            } else if self.take(",") {
                offset = limit.replace(self.expression()?);
            }
        }
        Ok(Query { with, first, rest, order, limit, offset })
    }

    fn set_operator(&mut self) -> Option<SetOperator> {
        let known: [(&[&str], SetOperator); 4] = [
            (&["union", "all"], SetOperator::UnionAll),
            (&["union"], SetOperator::Union),
            (&["intersect"], SetOperator::Intersect),
            (&["except"], SetOperator::Except),
        ];
        known.into_iter().find(|(words, _)| self.take_words(words)).map(|(_, operator)| operator)
    }

    pub(super) fn term(&mut self) -> Result<Term> {
        let expr = self.expression()?;
        let descending = self.take_word("desc");
        if !descending {
            self.take_word("asc");
        }
        let nulls_first = match self.take_word("nulls") {
            true if self.take_word("first") => Some(true),
            true => {
                self.expect_word("last")?;
                Some(false)
            }
            false => None,
        };
        Ok(Term { expr, descending, nulls_first })
    }

    fn core(&mut self) -> Result<Core> {
        if self.take_word("values") {
            let rows = self.list(|parser| {
                parser.expect("(")?;
                let row = parser.expressions()?;
                parser.expect(")")?;
                Ok(row)
            })?;
            return Ok(Core::Values(rows));
        }
        self.expect_word("select")?;
        let distinct = self.take_word("distinct");
        if !distinct {
            self.take_word("all");
        }
        let items = self.items()?;
        let from = if self.take_word("from") { Some(self.from()?) } else { None };
        let filter = self.clause("where")?;
        let group = if self.take_words(&["group", "by"]) { self.expressions()? } else { Vec::new() };
        let having = self.clause("having")?;
        let windows = match self.take_word("window") {
            true => self.list(|parser| {
                let name = parser.name()?;
                parser.expect_word("as")?;
                Ok((name, parser.window()?))
            })?,
            false => Vec::new(),
        };
        Ok(Core::Select(Box::new(Select { distinct, items, from, filter, group, having, windows })))
    }

    pub(super) fn clause(&mut self, word: &str) -> Result<Option<super::super::ast::Expr>> {
        if self.take_word(word) { self.expression().map(Some) } else { Ok(None) }
    }

    pub(super) fn items(&mut self) -> Result<Vec<Item>> {
        self.list(Self::item)
    }

    fn item(&mut self) -> Result<Item> {
        if self.take("*") {
            return Ok(Item::Star);
        }
        let start = self.position;
        let table_star = matches!(
            (self.peek_after(1), self.peek_after(2)),
            (Some(TokenKind::Mark(".")), Some(TokenKind::Mark("*")))
        );
        if table_star && let Some(table) = self.take_name() {
            self.position += 2;
            return Ok(Item::TableStar(table));
        }
        let expr = self.expression()?;
        let text = self.text_from(start).to_owned();
        let alias = self.alias()?;
        Ok(Item::Expr { expr, alias, text })
    }

    fn alias(&mut self) -> Result<Option<String>> {
        if self.take_word("as") { self.name().map(Some) } else { Ok(self.take_name()) }
    }

    fn from(&mut self) -> Result<From> {
        self.deeper(|parser| {
            let first = parser.table()?;
            let mut joins = Vec::new();
            while let Some(join) = parser.join()? {
                joins.push(join);
            }
            Ok(From { first, joins })
        })
    }

    fn join(&mut self) -> Result<Option<Join>> {
        let comma = self.take(",");
        let natural = !comma && self.take_word("natural");
        let mut kind = JoinKind::Inner;
        if !comma {
            let outer = [("left", JoinKind::Left), ("right", JoinKind::Right), ("full", JoinKind::Full)];
            if let Some((_, found)) = outer.into_iter().find(|(word, _)| self.take_word(word)) {
                kind = found;
                self.take_word("outer");
            } else if !self.take_word("inner") {
                self.take_word("cross");
            }
            if !self.take_word("join") {
                return if kind == JoinKind::Inner && !natural { Ok(None) } else { Err(self.unexpected()) };
            }
        }
        let table = self.table()?;
        let on = self.clause("on")?;
        let using = match self.take_word("using") {
            true => {
                self.expect("(")?;
                self.closed_names()?
            }
            false => Vec::new(),
        };
        Ok(Some(Join { kind, natural, table, on, using }))
    }

    fn table(&mut self) -> Result<Table> {
        if self.take("(") {
            if self.at_query() {
                let query = Box::new(self.query()?);
                self.expect(")")?;
                return Ok(Table::Query { query, alias: self.alias()? });
            }
            let nested = self.from()?;
            self.expect(")")?;
            return Ok(Table::Nested(Box::new(nested)));
        }
        let name = self.table_name()?;
        if self.take("(") {
            let arguments = if self.at(")") { Vec::new() } else { self.expressions()? };
            self.expect(")")?;
            return Ok(Table::Function { name, arguments, alias: self.alias()? });
        }
        let alias = self.alias()?;
        // Hints to SQLite's planner.
        if self.take_words(&["indexed", "by"]) {
            self.name()?;
        } else {
            self.take_words(&["not", "indexed"]);
        }
        Ok(Table::Named { name, alias })
    }
}
