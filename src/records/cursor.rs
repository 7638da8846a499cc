//! Lists that go on behind the last record seen instead of at a page number.
//!
//! A cursor holds the sort keys of the last record of a page. It is sealed, so that it tells nothing and can't be made
//! up, and bound to the collection, the caller, the filter and the sort: under another question it is worth nothing.
//! The rules are asked anew with every page.

use super::{ListParams, Records};
use crate::crypto::Sealer;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::{Query, Request, Sort};
use crate::schema::Collection;
use crate::store::{Columns, Reader, Sink, Statement, Value};

/// What the keys of a record may take in a cursor: with base64 it still fits into the URLs that proxies let through.
const MAX_KEYS_BYTES: usize = 4096;
/// No longer text is a cursor of ours.
const MAX_CURSOR_BYTES: usize = 6 * 1024;

/// A walk through a list: where it stands, and what its cursors are bound to.
pub(super) struct Cursor<'a> {
    sealer: &'a Sealer,
    bound: [&'a str; 6],
    /// The keys of the last record seen; `None` at the start.
    after: Option<Vec<Value>>,
}

impl<'a> Cursor<'a> {
    /// `None` where the client asks by page number.
    ///
    /// # Errors
    /// `Invalid` for a random sort, and with one answer for all that is no cursor of this very question.
    pub fn parse(
        records: &'a Records,
        collection: &'a Collection,
        request: &'a Request,
        params: &'a ListParams,
        sort: &Sort,
    ) -> Result<Option<Self>> {
        let Some(text) = &params.cursor else { return Ok(None) };
        if sort.is_random() {
            return Err(refused("sort", "validation_unstable_sort", "A random order can't be continued by a cursor."));
        }
        let (caller_collection, caller) = match request.caller.record() {
            Some(record) => (record.collection.id.as_str(), record.id()),
            None => ("", ""),
        };
        let bound = ["list cursor", &collection.id, caller_collection, caller, &params.filter, &params.sort];
        let sealer = &records.sealer;
        let after = match text.is_empty() {
            true => None,
            false => Some(opened(sealer, &bound, text).ok_or_else(invalid)?),
        };
        Ok(Some(Self { sealer, bound, after }))
    }

    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }

    pub fn rows(&self, query: &Query<'_>, limit: u64) -> Result<Rows> {
        // One more than is shown tells whether the list goes on.
        let statement = query.select_after(self.after.as_deref(), limit.saturating_add(1)).map_err(|_| invalid())?;
        Ok(Rows::Behind { statement, limit, first_key: query.first_key() })
    }

    /// The cursor behind a record with these keys; empty where the list ends.
    ///
    /// # Errors
    /// `Invalid` where the keys are too long for a URL.
    pub fn next(&self, keys: Option<Vec<Value>>) -> Result<String> {
        let Some(keys) = keys else { return Ok(String::new()) };
        let content = encode(&keys);
        match content.len() {
            ..=MAX_KEYS_BYTES => self.sealer.seal(&self.bound, &content),
            _ => Err(refused(
                "sort",
                "validation_sort_too_long",
                "These values are too long to be continued by a cursor.",
            )),
        }
    }
}

fn opened(sealer: &Sealer, bound: &[&str], text: &str) -> Option<Vec<Value>> {
    (text.len() <= MAX_CURSOR_BYTES).then(|| sealer.open(bound, text)).flatten().and_then(|content| decode(&content))
}

/// One answer for whatever is wrong with a cursor.
fn invalid() -> Error {
    refused("cursor", "validation_invalid_cursor", "Must be the nextCursor of the same list, or empty for its start.")
}

pub(super) fn refused(name: &str, code: &'static str, message: &'static str) -> Error {
    Error::invalid("the list can't be continued so").with_fields(FieldErrors::one(name, FieldError::new(code, message)))
}

/// The rows of one answer, about to be read.
pub(super) enum Rows {
    /// By page number.
    Page(Statement),
    /// Behind a record: up to `limit` rows and one more, with their keys from the column `first_key` on.
    Behind { statement: Statement, limit: u64, first_key: usize },
}

impl Rows {
    /// Hands the rows to the sink. Gives the keys of the last one where more come behind it.
    pub async fn take<S: Sink>(self, reader: &Reader, sink: S) -> Result<(S, Option<Vec<Value>>)> {
        match self {
            Rows::Page(statement) => Ok((reader.stream(statement, sink).await?, None)),
            Rows::Behind { statement, limit, first_key } => {
                let taken = Taken { sink, limit, first_key, count: 0, last: Vec::new() };
                let taken = reader.stream(statement, taken).await?;
                Ok((taken.sink, (taken.count > limit).then_some(taken.last)))
            }
        }
    }
}

/// Passes `limit` rows on and remembers the keys of the last of them.
struct Taken<S> {
    sink: S,
    limit: u64,
    first_key: usize,
    count: u64,
    last: Vec<Value>,
}

impl<S: Sink> Sink for Taken<S> {
    fn row(&mut self, columns: &dyn Columns) {
        self.count += 1;
        if self.count == self.limit {
            self.last = (self.first_key..columns.len()).map(|index| columns.get(index).to_value()).collect();
        }
        if self.count <= self.limit {
            self.sink.row(columns);
        }
    }

    fn reset(&mut self) {
        self.sink.reset();
        self.count = 0;
    }
}

const NULL: u8 = 0;
const INT: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// Each key as its type and its bytes, those of varying length behind it. JSON would not keep whole numbers and
/// fractions apart, nor infinities.
fn encode(keys: &[Value]) -> Vec<u8> {
    let mut content = Vec::new();
    let bytes = |kind: u8, bytes: &[u8], content: &mut Vec<u8>| {
        content.push(kind);
        content.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        content.extend_from_slice(bytes);
    };
    for key in keys {
        match key {
            Value::Null => content.push(NULL),
            Value::Bool(flag) => content.extend([&[INT][..], &i64::from(*flag).to_le_bytes()].concat()),
            Value::Int(number) => content.extend([&[INT][..], &number.to_le_bytes()].concat()),
            Value::Real(number) => content.extend([&[REAL][..], &number.to_le_bytes()].concat()),
            Value::Text(text) => bytes(TEXT, text.as_bytes(), &mut content),
            Value::Blob(blob) => bytes(BLOB, blob, &mut content),
        }
    }
    content
}

fn decode(mut content: &[u8]) -> Option<Vec<Value>> {
    let mut keys = Vec::new();
    while let Some((kind, rest)) = content.split_first() {
        let (key, rest) = match *kind {
            NULL => (Value::Null, rest),
            INT => eight(rest).map(|(bytes, rest)| (Value::Int(i64::from_le_bytes(bytes)), rest))?,
            REAL => eight(rest).map(|(bytes, rest)| (Value::Real(f64::from_le_bytes(bytes)), rest))?,
            TEXT | BLOB => {
                let (length, rest) = eight(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
                let key = match *kind {
                    TEXT => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
                    _ => Value::Blob(bytes.to_vec()),
                };
                (key, rest)
            }
            _ => return None,
        };
        keys.push(key);
        content = rest;
    }
    Some(keys)
}

fn eight(content: &[u8]) -> Option<([u8; 8], &[u8])> {
    let (bytes, rest) = content.split_first_chunk::<8>()?;
    Some((*bytes, rest))
}

/// What is in a cursor, for the fuzzer: what is accepted is what would be written.
#[cfg(any(fuzzing, test))]
pub fn fuzz(content: &[u8]) {
    if let Some(keys) = decode(content) {
        assert_eq!(encode(&keys), content);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let keys = vec![
            Value::Null,
            Value::Int(i64::MIN),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(0.1 + 0.2),
            Value::Text("É\0x".to_owned()),
            Value::Blob(vec![0, 255]),
        ];
        assert_eq!(decode(&encode(&keys)), Some(keys));
        assert_eq!(decode(&encode(&[])), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn nonsense_is_no_panic(content in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..40)) {
            if let Some(keys) = decode(&content) {
                prop_assert_eq!(encode(&keys), content);
            }
        }
    }
}
