//! The strong entity tag of a record as one caller sees it: `epoch.rev-hash`.
//!
//! The part before the hyphen names the stored revision and is what `If-Match` compares, so that a client may bind a
//! write to a record that it read in another shape. The hash is of the body, as the same revision looks different to
//! different callers and changes with what is expanded into it. Rows of a view have no revision: their tag is the hash.
//! The tag of a list tells what was asked, and at which state of the tables (`recall`).

use std::fmt::Write as _;

use bytes::Bytes;

use super::Records;
use crate::schema::Collection;

/// Room for epoch, revision and hash in hexadecimal digits, with what is between them.
const TAG_LENGTH: usize = 16 + 16 + 16 + 4;

/// A record as JSON, with its tag.
#[derive(Debug, Clone)]
pub struct Presented {
    pub body: Bytes,
    pub tag: Tag,
}

/// A page of a list or a record, for a client that may have it.
#[derive(Debug, Clone)]
pub enum Answered {
    /// The JSON body. It has no tag where it could be another one at once.
    Body(Bytes, Option<Tag>),
    /// The client has the answer with this tag.
    Unchanged(Tag),
}

impl Answered {
    /// Empty where the client has it.
    pub fn into_body(self) -> Bytes {
        match self {
            Self::Body(body, _) => body,
            Self::Unchanged(_) => Bytes::new(),
        }
    }
}

/// The value of an `ETag`, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag of a list with this stamp.
    pub(super) fn of_list(stamp: u64) -> Self {
        Self(format!("\"{stamp:016x}\""))
    }

    /// A tag that was kept as bytes.
    pub(super) fn of_kept(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(|text| Self(text.to_owned()))
    }

    pub fn quoted(&self) -> &str {
        &self.0
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

/// The part of a tag that names a stored revision.
pub(super) fn revision(epoch: &str, rev: i64) -> String {
    format!("{epoch}.{rev:x}")
}

/// The same part of a tag that came from a client, without its quotes; `None` for a tag that names no revision.
pub(super) fn revision_of(tag: &str) -> Option<&str> {
    tag.rsplit_once('-').map(|(revision, _)| revision)
}

impl Records {
    pub(super) fn presented(&self, collection: &Collection, rev: i64, body: Bytes) -> Presented {
        let mut tag = String::with_capacity(TAG_LENGTH);
        // Writing to a string can't fail.
        let _ = match collection.is_view() {
            true => write!(tag, "\"{:016x}\"", hash(&body)),
            false => write!(tag, "\"{}.{rev:x}-{:016x}\"", self.store.epoch(), hash(&body)),
        };
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
