//! Where a reader of the feed stands: a snapshot, as revisions are drawn before their transactions commit.
//!
//! All that was committed in the eyes of the snapshot was read, and nothing else. So a reader misses nothing, however
//! transactions overlap, and reads nothing twice (PostgreSQL: "Transaction ID and Snapshot Information Functions").

use serde::{Deserialize, Serialize};

use super::super::{Result, StoreError};

/// A snapshot of PostgreSQL: transactions below `end` are over, but for those in `running`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    end: u64,
    running: Vec<u64>,
}

impl Snapshot {
    /// Reads `xmin:xmax:xid,xid,…`, as PostgreSQL writes it.
    ///
    /// # Errors
    /// `Other` for a text of another form.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = || StoreError::Other(format!("this is no snapshot: {text:?}"));
        let mut parts = text.split(':');
        let (Some(_), Some(end), Some(running), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let running = running.split(',').filter(|text| !text.is_empty()).map(number).collect::<Result<_>>()?;
        Ok(Self { end: number(end)?, running })
    }

    /// As PostgreSQL writes it.
    pub(super) fn text(&self) -> String {
        let running: Vec<String> = self.running.iter().map(u64::to_string).collect();
        let first = self.running.iter().min().unwrap_or(&self.end);
        format!("{first}:{}:{}", self.end, running.join(","))
    }

    /// What a statement takes: the first transaction that is not over, and those before it that are not.
    pub(super) fn bounds(&self) -> (String, Vec<String>) {
        (self.end.to_string(), self.running.iter().map(u64::to_string).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots() {
        let bounds = |text: &str| Snapshot::parse(text).ok().map(|snapshot| snapshot.bounds());
        let check = |text: &str, end: &str, running: &[&str]| {
            let expected = (end.to_owned(), running.iter().map(ToString::to_string).collect());
            assert_eq!(bounds(text), Some(expected), "{text}");
        };
        check("10:10:", "10", &[]);
        check("10:20:10,14,15", "20", &["10", "14", "15"]);
        for text in ["10:10:", "10:20:10,14,15"] {
            assert_eq!(Snapshot::parse(text).ok().map(|snapshot| snapshot.text()).as_deref(), Some(text));
        }
        for wrong in ["", "10", "10:20", "10:x:", "10:20:a", "10:20:3:4", "10:20:3;4"] {
            assert_eq!(bounds(wrong), None, "{wrong}");
        }
    }
}
