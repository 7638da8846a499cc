//! Reads on copies of the data, for clients that say how much they have seen.
//!
//! An answer comes with a token: a sealed mark (`store::Mark`). Who sends it with the next request reads where everything is
//! that the answer before has seen. A token that is not ours, or of another epoch, is worth nothing: then the primary is
//! asked, as for those who send none.

use std::sync::Arc;

use super::Records;
use crate::store::Mark;

const PURPOSE: &str = "freshness";
/// No longer text is a token of ours.
const MAX_TOKEN_BYTES: usize = 256;

impl Records {
    /// Whether there are copies, and with them tokens.
    pub fn has_copies(&self) -> bool {
        self.store.has_replicas()
    }

    /// The service for reads that see at least what this token tells; without one on the primary. It answers nothing from
    /// memory, which may be older.
    pub async fn at_least(&self, token: Option<&str>) -> Records {
        let mark = token.and_then(|token| self.opened(token)).unwrap_or_else(|| Mark::last(self.store.epoch()));
        let store = self.store.at_least(&mark).await;
        let recall = Arc::new(self.recall.over(store.clone()));
        Records { store, recall, ..self.clone() }
    }

    /// The token for all that this service has answered so far.
    ///
    /// # Errors
    /// Those of sealing.
    pub async fn token(&self) -> crate::error::Result<String> {
        let mark = match self.store.mark().await {
            Ok(mark) => mark,
            // The answer stands, so it gets a token in any case: one that is good on the primary only.
            Err(error) => {
                tracing::debug!(%error, "the primary does not tell how much it has");
                Mark::last(self.store.epoch())
            }
        };
        let content = [&mark.position.to_le_bytes(), mark.epoch.as_bytes()].concat();
        self.sealer.seal(&[PURPOSE], &content)
    }

    fn opened(&self, token: &str) -> Option<Mark> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let content = self.sealer.open(&[PURPOSE], token)?;
        let (position, epoch) = content.split_first_chunk()?;
        let epoch = String::from_utf8(epoch.to_vec()).ok()?;
        Some(Mark { epoch: Arc::new(epoch), position: u64::from_le_bytes(*position) })
    }
}
