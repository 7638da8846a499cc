//! What a node counted, told to the others through the database, in batches and beside the requests.

use std::collections::HashMap;
use std::sync::Weak;

use super::{Inner, TELL};
use crate::store::Counted;

/// Keys that are told in one statement.
const BATCH: usize = 1000;

pub(super) async fn tell(quota: Weak<Inner>) {
    loop {
        tokio::time::sleep(TELL).await;
        let Some(quota) = quota.upgrade() else { return };
        loop {
            let counted = quota.clients.untold(BATCH, quota.clock.now_ms());
            let more = counted.len() == BATCH;
            if !counted.is_empty() && !tell_batch(&quota, counted).await {
                break;
            }
            if !more {
                break;
            }
        }
    }
}

/// Whether the database took it; what it did not take is told the next time.
async fn tell_batch(quota: &Inner, counted: Vec<Counted>) -> bool {
    let told: HashMap<String, u64> = counted.iter().map(|one| (one.key.clone(), one.count)).collect();
    match quota.store.count(counted).await {
        Ok(totals) => {
            let now_ms = quota.clock.now_ms();
            for total in totals {
                let own = told.get(&total.key).copied().unwrap_or_default();
                quota.clients.told(&total, own, now_ms);
            }
            true
        }
        Err(error) => {
            tracing::debug!(%error, "what was counted could not be told to the other nodes");
            for (key, own) in told {
                quota.clients.not_told(&key, own);
            }
            false
        }
    }
}
