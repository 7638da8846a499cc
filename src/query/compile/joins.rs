//! The joins of a frame, shared by key, and the walk that adds them.

use std::collections::HashMap;

use super::{Compiler, Condition, Frame, Scalar};
use crate::query::Trust;
use crate::query::ast::Filter;
use crate::query::error::Result;
use crate::query::value::Affinity;
use crate::query::walk::{Hop, Leaf, Start, Walk};
use crate::schema::{Field, FieldKind};
use crate::store::{Value, quote};

/// Left joins in the order they were needed.
#[derive(Default)]
pub(crate) struct Joins {
    texts: Vec<String>,
    by_key: HashMap<String, String>,
    /// What must hold of the joined rows, as a client may not list them else (contract 3.7).
    limits: Vec<String>,
}

impl Joins {
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub fn sql(&self) -> String {
        self.texts.concat()
    }

    pub fn append(&mut self, other: Joins) {
        self.texts.extend(other.texts);
    }

    pub fn limits(&self) -> &[String] {
        &self.limits
    }

    fn find(&self, key: &str) -> Option<String> {
        self.by_key.get(key).cloned()
    }

    fn add(&mut self, key: String, alias: String, text: String) -> String {
        self.texts.push(text);
        self.by_key.insert(key, alias.clone());
        alias
    }
}

/// Where a walk stands: the alias of the row, its key, and whether the row is there for sure.
struct Stand {
    alias: String,
    key: String,
    present: bool,
}

impl Compiler<'_> {
    /// Adds the joins of a walk (those that are not there yet) and gives the column at its end. `side` keeps
    /// the two sides of a comparison apart where each pair of items counts.
    pub fn scalar(&mut self, frame: &Frame, joins: &mut Joins, walk: &Walk, side: &str) -> Result<Scalar> {
        let mut stand = self.start(frame, joins, &walk.start, side);
        for (index, hop) in walk.hops.iter().enumerate() {
            let last = index + 1 == walk.hops.len();
            let to_item = last
                && hop.list
                && !hop.backward
                && matches!(&walk.leaf, Leaf::Column { field, .. } if field.name == "id");
            if to_item && self.hop_rule(frame, hop)?.is_none() {
                let alias = self.items(joins, &stand, &hop.column);
                return Ok(Scalar::of(format!("{alias}.value"), Affinity::None));
            }
            stand = self.hop(frame, joins, stand, hop)?;
        }
        Ok(self.leaf(joins, &stand, &walk.leaf, frame.trust == Trust::Client && !self.request.caller.is_superuser()))
    }

    fn start(&mut self, frame: &Frame, joins: &mut Joins, start: &Start, side: &str) -> Stand {
        let own_key = |key: &str| format!("{side}{key}");
        match start {
            Start::Own => Stand { alias: frame.alias.clone(), key: side.to_owned(), present: frame.present },
            Start::Ids { collection, ids, list, key } => {
                let key = own_key(key);
                let alias = joins.find(&key).unwrap_or_else(|| {
                    let alias = self.alias();
                    let text = match list {
                        true => {
                            let items = self.alias();
                            let param = self.bind(Value::Text(serde_json::json!(ids).to_string()));
                            format!(
                                " LEFT JOIN json_each({param}) AS {items} LEFT JOIN {} AS {alias} ON {alias}.\"id\" = {items}.value",
                                quote(&collection.name)
                            )
                        }
                        false => {
                            let param = self.bind(ids.first().map_or(Value::Null, |id| Value::Text(id.clone())));
                            format!(" LEFT JOIN {} AS {alias} ON {alias}.\"id\" = {param}", quote(&collection.name))
                        }
                    };
                    joins.add(key.clone(), alias, text)
                });
                Stand { alias, key, present: false }
            }
            Start::All { collection, key } => {
                let key = own_key(key);
                let alias = joins.find(&key).unwrap_or_else(|| {
                    let alias = self.alias();
                    let text = format!(" LEFT JOIN {} AS {alias} ON 1", quote(&collection.name));
                    joins.add(key.clone(), alias, text)
                });
                Stand { alias, key, present: false }
            }
            Start::Items { items, key } => {
                let key = own_key(key);
                let alias = joins.find(&key).unwrap_or_else(|| {
                    let alias = self.alias();
                    let param = self.bind(Value::Text(serde_json::json!(items).to_string()));
                    let text = format!(" LEFT JOIN json_each({param}) AS {alias}");
                    joins.add(key.clone(), alias, text)
                });
                Stand { alias, key, present: false }
            }
        }
    }

    fn hop(&mut self, frame: &Frame, joins: &mut Joins, stand: Stand, hop: &Hop) -> Result<Stand> {
        let direction = if hop.backward { "<" } else { "." };
        let rule = self.hop_rule(frame, hop)?;
        // A rule may have joined the same row before, without the limit that a client's filter has.
        let limited = if rule.is_some() { "!" } else { "" };
        let key = format!("{}{direction}{limited}{}.{}", stand.key, hop.target.name, hop.column);
        if let Some(alias) = joins.find(&key) {
            return Ok(Stand { alias, key, present: false });
        }
        let column = quote(&hop.column);
        let from = stand.alias.clone();
        let (items, alias);
        let on = match (hop.backward, hop.list) {
            (false, false) => {
                alias = self.alias();
                format!("{alias}.\"id\" = {from}.{column}")
            }
            (false, true) => {
                items = self.items(joins, &stand, &hop.column);
                alias = self.alias();
                format!("{alias}.\"id\" = {items}.value")
            }
            (true, false) => {
                alias = self.alias();
                format!("{alias}.{column} = {from}.\"id\"")
            }
            (true, true) => {
                alias = self.alias();
                format!("{from}.\"id\" IN (SELECT value FROM json_each({alias}.{column}))")
            }
        };
        if let Some(rule) = rule {
            match self.closed(&alias, &hop.target, &rule)? {
                Condition::True => {}
                Condition::False => joins.limits.push(format!("{alias}.\"id\" IS NULL")),
                Condition::Sql { text, .. } => joins.limits.push(format!("({alias}.\"id\" IS NULL OR {text})")),
            }
        }
        let text = format!(" LEFT JOIN {} AS {alias} ON {on}", quote(&hop.target.name));
        joins.add(key.clone(), alias.clone(), text);
        Ok(Stand { alias, key, present: false })
    }

    /// The list rule that limits what a client's filter sees of the collection it crosses into (contract 3.7).
    fn hop_rule(&self, frame: &Frame, hop: &Hop) -> Result<Option<Filter>> {
        let limited = frame.trust == Trust::Client && !self.request.caller.is_superuser();
        match &hop.target.rules.list {
            Some(rule) if limited => Filter::parse_rule(rule),
            _ => Ok(None),
        }
    }

    /// The items of a list column, one row each, or one null row.
    fn items(&mut self, joins: &mut Joins, stand: &Stand, column: &str) -> String {
        let key = format!("{}[{column}", stand.key);
        joins.find(&key).unwrap_or_else(|| {
            let alias = self.alias();
            let column = format!("{}.{}", stand.alias, quote(column));
            let text = format!(" LEFT JOIN json_each(CASE WHEN json_valid({column}) THEN {column} END) AS {alias}");
            joins.add(key, alias, text)
        })
    }

    fn leaf(&mut self, joins: &mut Joins, stand: &Stand, leaf: &Leaf, limited: bool) -> Scalar {
        let column = |name: &str| format!("{}.{}", stand.alias, quote(name));
        match leaf {
            Leaf::Item => Scalar::of(format!("{}.value", stand.alias), Affinity::None),
            Leaf::Column { field, lower } => {
                let text = column(&field.name);
                let (text, affinity) = match lower {
                    true => (format!("LOWER({text})"), Affinity::None),
                    false => (text, affinity(field)),
                };
                let guard =
                    (limited && matches!(field.kind, FieldKind::Email(_)) && field.system && field.name == "email")
                        .then(|| format!("{} = 1", column("emailVisibility")));
                Scalar { never_null: stand.present && !lower, guard, ..Scalar::of(text, affinity) }
            }
            Leaf::Json { column: name, path } => {
                let text = column(name);
                // The path is made of words and indexes alone, so it can stand in the text.
                let text = format!("(CASE WHEN json_valid({text}) THEN json_extract({text}, '{path}') END)");
                Scalar { strict: true, ..Scalar::of(text, Affinity::None) }
            }
            Leaf::Each { column: name, list: true } => {
                Scalar::of(format!("{}.value", self.items(joins, stand, name)), Affinity::None)
            }
            // An item of a list has no affinity, and neither has this; the sign takes that of the column away.
            Leaf::Each { column: name, list: false } => Scalar::of(format!("(+{})", column(name)), Affinity::None),
            Leaf::Length { column: name, list: true } => {
                let text = column(name);
                Scalar::of(
                    format!("(CASE WHEN json_valid({text}) THEN json_array_length({text}) ELSE 0 END)"),
                    Affinity::None,
                )
            }
            Leaf::Length { column: name, list: false } => {
                let text = column(name);
                Scalar::of(format!("(CASE WHEN {text} = '' OR {text} IS NULL THEN 0 ELSE 1 END)"), Affinity::None)
            }
        }
    }
}

/// What the column of a field does to the constants it meets.
pub(crate) fn affinity(field: &Field) -> Affinity {
    if field.column_definition().starts_with("TEXT") { Affinity::Text } else { Affinity::Numeric }
}
