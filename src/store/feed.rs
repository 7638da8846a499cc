//! What the change feeds of all engines agree on.

use super::{Result, StoreError};

/// An image above this is left out of the feed; consumers read the row again.
const IMAGE_LIMIT_BYTES: usize = 256 << 10;
pub(super) const AFTER_LEFT_OUT: i64 = 1;
pub(super) const OLD_LEFT_OUT: i64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Create = 1,
    Update = 2,
    Delete = 3,
    /// Many rows at once, which are not told one by one: whoever follows the collection reads it again.
    Reset = 4,
    Schema = 5,
}

impl Change {
    /// # Errors
    /// `Other` for a number that this version does not know.
    pub(super) fn of(op: i64) -> Result<Self> {
        Ok(match op {
            1 => Self::Create,
            2 => Self::Update,
            3 => Self::Delete,
            4 => Self::Reset,
            5 => Self::Schema,
            _ => return Err(StoreError::Other(format!("the feed holds a change of an unknown kind, {op}"))),
        })
    }
}

/// The images of a change as the feed keeps them.
pub(super) struct Images<'a> {
    pub(super) after: Option<&'a [u8]>,
    pub(super) old: Option<&'a [u8]>,
    /// Says which of them were too large.
    pub(super) flags: i64,
}

impl<'a> Images<'a> {
    pub(super) fn new(after: Option<&'a [u8]>, old: Option<&'a [u8]>) -> Self {
        let short = |image: &&[u8]| image.len() <= IMAGE_LIMIT_BYTES;
        let (kept_after, kept_old) = (after.filter(short), old.filter(short));
        let mut flags = 0;
        if kept_after.is_none() && after.is_some() {
            flags |= AFTER_LEFT_OUT;
        }
        if kept_old.is_none() && old.is_some() {
            flags |= OLD_LEFT_OUT;
        }
        Self { after: kept_after, old: kept_old, flags }
    }
}
