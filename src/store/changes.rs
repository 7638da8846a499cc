//! Reading the change feed: page by page from a place in it, on any node.
//!
//! A [`Position`] is such a place: all before it was read, and nothing behind it. It leaves the server sealed only, as
//! what it holds is nobody's business and must not be made up. A page never ends in a loss or a repetition, whatever was
//! on its way while it was read: what one engine needs for that is in its own `changes.rs`.
//!
//! *Invariant:* of the pages that follow one another from a position, each change that is committed afterwards is in one,
//! once, and those of a record are in their order. Where that can't be promised any more the answer is
//! [`FeedRead::Reset`].

use serde::{Deserialize, Serialize};

use super::feed::{AFTER_LEFT_OUT, Change, OLD_LEFT_OUT};
use super::{Result, Store};
use crate::crypto::Sealer;

/// What a sealed position is sealed for, beside what the caller binds it to.
const PURPOSE: &str = "feed position";
/// A text above this is none of ours: a position names the transactions that were open, and a server has no more.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// A place in the feed of one history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(super) epoch: String,
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Behind this revision, where they rise in commit order.
    Rev(i64),
    Snapshot(super::postgres::SnapshotPlace),
}

/// How much a page may hold; one change is always in it.
#[derive(Debug, Clone, Copy)]
pub struct FeedLimits {
    pub entries: u32,
    /// Of the images.
    pub bytes: u32,
}

/// One change of one record; or one that is none of a record's, see [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    pub rev: i64,
    /// The number of the collection; 0 for a change of the schema.
    pub collection: i64,
    pub record: String,
    pub change: Change,
    pub at_ms: i64,
    pub actor: String,
    pub after: Image,
    pub old: Image,
}

/// A record, or some of it, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    None,
    /// It was too large: the record has to be read.
    LeftOut,
    Json(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    pub entries: Vec<FeedEntry>,
    /// Where the next page begins.
    pub next: Position,
    /// The limits cut it off: there is more already.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRead {
    Page(FeedPage),
    /// The position is of another history, or what followed it is not kept any more: who follows reads everything anew,
    /// from a position that was taken before.
    Reset,
}

impl Position {
    /// A text that a client may keep; it opens under the same `bound` texts only.
    ///
    /// # Errors
    /// `Internal` where the library refuses.
    pub fn seal(&self, sealer: &Sealer, bound: &[&str]) -> crate::error::Result<String> {
        let content = serde_json::to_vec(self).map_err(crate::error::Error::internal)?;
        sealer.seal(&bound_to(bound), &content)
    }

    /// What was sealed; `None` for anything else.
    pub fn open(sealer: &Sealer, bound: &[&str], text: &str) -> Option<Self> {
        let content = (text.len() <= MAX_TEXT_BYTES).then(|| sealer.open(&bound_to(bound), text)).flatten()?;
        serde_json::from_slice(&content).ok()
    }
}

fn bound_to<'a>(bound: &[&'a str]) -> Vec<&'a str> {
    [PURPOSE].into_iter().chain(bound.iter().copied()).collect()
}

impl Store {
    /// The place behind everything that is committed now.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn position(&self) -> Result<Position> {
        match self {
            Store::Sqlite(engine) => engine.position().await,
            Store::Postgres(engine) => engine.position().await,
        }
    }

    /// The changes that follow a position, as many as the limits allow.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn feed(&self, after: &Position, limits: FeedLimits) -> Result<FeedRead> {
        match self {
            Store::Sqlite(engine) => engine.feed(after, limits).await,
            Store::Postgres(engine) => engine.feed(after, limits).await,
        }
    }
}

impl Image {
    pub(super) fn new(bytes: Option<Vec<u8>>, left_out: bool) -> Self {
        match bytes {
            Some(bytes) => Image::Json(bytes),
            None if left_out => Image::LeftOut,
            None => Image::None,
        }
    }
}

/// What of an entry is stored in numbers and bytes.
pub(super) struct Stored {
    pub(super) op: i64,
    pub(super) flags: i64,
    pub(super) after: Option<Vec<u8>>,
    pub(super) old: Option<Vec<u8>>,
}

impl Stored {
    /// The kind of change, the image after it and that of before.
    ///
    /// # Errors
    /// `Other` for a kind that a newer program writes.
    pub(super) fn read(self) -> Result<(Change, Image, Image)> {
        let change = Change::of(self.op)?;
        let after = Image::new(self.after, self.flags & AFTER_LEFT_OUT != 0);
        Ok((change, after, Image::new(self.old, self.flags & OLD_LEFT_OUT != 0)))
    }
}
