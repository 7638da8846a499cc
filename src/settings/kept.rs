//! Settings of another server that have no place here yet: kept as they were, sealed, for the version that has it.

use serde_json::{Map, Value as Json};

use super::Settings;
use crate::clock::Clock;
use crate::crypto::Sealer;
use crate::error::{Error, Result};
use crate::store::{Statement, StoreError};

/// What the seal is bound to.
const PURPOSE: &[&str] = &["settings kept for later"];

const SELECT: &str = "SELECT value FROM _params WHERE id = 'settings_kept'";
const UPSERT: &str = "INSERT INTO _params (id, value, created, updated) VALUES ('settings_kept', ?1, ?2, ?2) \
     ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated = excluded.updated";

impl Settings {
    /// Keeps groups of settings, or some keys of them, in the place of what was kept before.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep(&self, groups: Map<String, Json>) -> Result<()> {
        let sealer = Sealer::new(&self.0.store.instance_key().await?);
        let sealed = sealer.seal(PURPOSE, Json::Object(groups).to_string().as_bytes())?;
        let now = Clock::system().now_text();
        let kept = self.0.store.transaction::<_, StoreError, _>(async move |tx| {
            tx.execute(&Statement::new(UPSERT, vec![sealed.into(), now.into()])).await.map(drop)
        });
        Ok(kept.await?)
    }

    /// What was kept; nothing where it was sealed with the key of another directory.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn kept(&self) -> Result<Map<String, Json>> {
        let rows = self.0.store.rows(Statement::new(SELECT, Vec::new())).await?;
        let Some(sealed) = rows.first().and_then(|row| row.get(0).text()) else { return Ok(Map::new()) };
        let sealer = Sealer::new(&self.0.store.instance_key().await?);
        let Some(open) = sealer.open(PURPOSE, sealed) else { return Ok(Map::new()) };
        serde_json::from_slice(&open).map_err(Error::internal)
    }
}
