//! What the answer to a query can depend on: noted while its paths are planned, so that an answer may be kept exactly as
//! long, and be given to exactly those, for whom it would come out the same.
//!
//! *Invariant:* two requests with the same texts under the same schema, whose callers are of one [`CallerPart`] and whose
//! values of the named parameters and headers are equal, get the same answer as long as the tables stand. What can't be
//! told like this is volatile.

use std::sync::Arc;

use super::ast::{Comparison, Op, Operand};
use super::path::{Path, Root};
use super::walk::{Start, Walk};
use crate::schema::{Collection, CollectionKind, Schema};
use crate::store::Table;

/// The path by which rules ask whether somebody is signed in.
const CALLER_ID: &str = "@request.auth.id";

/// What the answer to a query can depend on, besides its texts, the schema, and whether a superuser asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reads {
    pub tables: Vec<Arc<Table>>,
    pub caller: CallerPart,
    /// The method of the request.
    pub method: bool,
    /// Names of query parameters.
    pub parameters: Vec<String>,
    /// Names of headers, in lower case.
    pub headers: Vec<String>,
    /// It may be another one each time.
    pub volatile: bool,
}

/// How much of the caller something depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerPart {
    #[default]
    Nothing,
    /// Whether it is a guest, or else the collection that it belongs to.
    Collection,
    /// Its record.
    Record,
}

impl Reads {
    pub fn merge(&mut self, other: &Self) {
        other.tables.iter().for_each(|table| self.table(table));
        other.parameters.iter().for_each(|name| note(&mut self.parameters, name));
        other.headers.iter().for_each(|name| note(&mut self.headers, name));
        self.depends_on(other.caller);
        self.method |= other.method;
        self.volatile |= other.volatile;
    }

    pub fn depends_on(&mut self, part: CallerPart) {
        self.caller = self.caller.max(part);
    }

    /// The records of a collection.
    pub(super) fn collection(&mut self, schema: &Schema, collection: &Collection) {
        let CollectionKind::View { sources, .. } = &collection.kind else { return self.table(&collection.table) };
        let Some(sources) = sources else { return self.volatile = true };
        for name in sources {
            match schema.by_name(name) {
                // What a view among them reads is among them, too.
                Some(source) if source.is_view() => {}
                Some(source) => self.table(&source.table),
                None => self.volatile = true,
            }
        }
    }

    fn table(&mut self, table: &Arc<Table>) {
        if !self.tables.iter().any(|known| Arc::ptr_eq(known, table)) {
            self.tables.push(table.clone());
        }
    }

    pub(super) fn path(&mut self, path: &Path<'_>) {
        match path.root {
            Root::Auth => self.depends_on(match path.segments.as_slice() {
                ["collectionId" | "collectionName"] => CallerPart::Collection,
                _ => CallerPart::Record,
            }),
            Root::Query => note(&mut self.parameters, path.segments.first().copied().unwrap_or_default()),
            Root::Headers => {
                note(&mut self.headers, &path.segments.first().copied().unwrap_or_default().to_lowercase())
            }
            Root::Macro => self.volatile = true,
            Root::Method => self.method = true,
            // Who keeps answers to questions with a body, or of several contexts, must tell them apart.
            Root::Body | Root::Context => {}
            // Their rows are those of a walk.
            Root::Own | Root::Collection { .. } => {}
        }
    }

    pub(super) fn walk(&mut self, schema: &Schema, walk: &Walk) {
        match &walk.start {
            Start::Own | Start::Items { .. } => {}
            Start::Ids { collection, .. } | Start::All { collection, .. } => self.collection(schema, collection),
        }
        walk.hops.iter().for_each(|hop| self.collection(schema, &hop.target));
    }
}

/// Whether a comparison only asks if somebody is signed in: the id of a caller is never empty, that of a guest always.
pub(super) fn asks_for_a_caller(comparison: &Comparison) -> bool {
    let is_id = |operand: &Operand| matches!(operand, Operand::Path(path, _) if path == CALLER_ID);
    let is_empty = |operand: &Operand| match operand {
        Operand::Text(text) => text.is_empty(),
        operand => *operand == Operand::Null,
    };
    let (left, right) = (&comparison.left, &comparison.right);
    matches!(comparison.op, Op::Eq | Op::Ne) && ((is_id(left) && is_empty(right)) || (is_empty(left) && is_id(right)))
}

fn note(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
