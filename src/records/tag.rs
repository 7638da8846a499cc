//! The strong entity tag of a record as one caller sees it: `epoch.rev-hash`.
//!
//! The part before the hyphen names the stored revision and is what `If-Match` compares, so that a client may bind a
//! write to a record that it read in another shape. The hash is of the body, as the same revision looks different to
//! different callers and changes with what is expanded into it. Rows of a view have no revision: their tag is the hash.

use std::fmt::Write as _;

use bytes::Bytes;

use super::Records;
use crate::schema::Collection;

/// A record as JSON, with its tag.
#[derive(Debug, Clone)]
pub struct Presented {
    pub body: Bytes,
    pub tag: Tag,
}

/// The text between the quotes of an `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a header value.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// The part of a tag that names a stored revision.
pub(super) fn revision(epoch: &str, rev: i64) -> String {
    format!("{epoch}.{rev:x}")
}

/// The same part of a tag that came from a client; `None` for a tag that names no revision.
pub(super) fn revision_of(tag: &str) -> Option<&str> {
    tag.rsplit_once('-').map(|(revision, _)| revision)
}

impl Records {
    pub(super) fn presented(&self, collection: &Collection, rev: i64, body: Bytes) -> Presented {
        let mut tag = match collection.is_view() {
            true => String::with_capacity(16),
            false => revision(self.store.epoch(), rev) + "-",
        };
        // Writing to a string can't fail.
        let _ = write!(tag, "{:016x}", hash(&body));
        Presented { body, tag: Tag(tag) }
    }
}

/// The same for the same bytes after a restart, too: clients keep tags.
fn hash(body: &[u8]) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = foldhash::quality::FixedState::with_seed(0).build_hasher();
    hasher.write(body);
    hasher.finish()
}
