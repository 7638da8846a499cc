//! What the dashboard may change at run time (contract 8.1), stored in one row and kept as a snapshot.
//!
//! [`Settings::load`] costs an atomic read, so every request may ask. [`Settings::update`] merges a patch
//! (`merge.rs`), checks the result (`validate.rs`), stores it and swaps the snapshot. Only the groups that Basalt
//! acts on exist; keys of other groups are ignored, as PocketBase ignores what it does not know. What an import brought of
//! others is kept for the version that has them (`kept.rs`).
//!
//! *Invariant:* the snapshot is what is stored, and what is stored was valid. Nothing here is a secret yet; a group
//! that brings one leaves it out of [`Settings::to_json`].

mod kept;
mod merge;
mod rate_limits;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use rate_limits::{RateLimitRule, RateLimits};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::store::{Statement, Store, StoreError};

/// The settings in force. `#[serde(default)]` fills what a stored row lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Values {
    pub meta: Meta,
    pub batch: Batch,
    pub rate_limits: RateLimits,
    pub logs: Logs,
    pub trusted_proxy: TrustedProxy,
    #[serde(rename = "superuserIPs")]
    pub superuser_ips: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    pub app_name: String,
    #[serde(rename = "appURL")]
    pub app_url: String,
    pub sender_name: String,
    pub sender_address: String,
    pub accent_color: String,
    pub hide_controls: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Batch {
    pub enabled: bool,
    pub max_requests: i64,
    pub timeout: i64,
    pub max_body_size: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Logs {
    pub max_days: i64,
    pub min_level: i64,
    #[serde(rename = "logIP")]
    pub log_ip: bool,
    pub log_auth_id: bool,
    pub max_data_size: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct TrustedProxy {
    pub headers: Vec<String>,
    #[serde(rename = "useLeftmostIP")]
    pub use_leftmost_ip: bool,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            app_name: "Acme".into(),
            app_url: "http://localhost:8090".into(),
            sender_name: "Support".into(),
            sender_address: "support@example.com".into(),
            accent_color: "#1055c9".into(),
            hide_controls: false,
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self { enabled: false, max_requests: 50, timeout: 3, max_body_size: 0 }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self { max_days: 5, min_level: 0, log_ip: true, log_auth_id: false, max_data_size: 0 }
    }
}

/// The settings service. Cheap to clone.
#[derive(Clone)]
pub struct Settings(Arc<Inner>);

struct Inner {
    store: Store,
    values: ArcSwap<Values>,
    /// One update at a time, so that snapshots appear in the order in which they were stored. Waiting for it costs
    /// superusers only.
    updating: tokio::sync::Mutex<()>,
}

const SELECT: &str = "SELECT value FROM _params WHERE id = 'settings'";
const UPSERT: &str = "INSERT INTO _params (id, value, created, updated) VALUES ('settings', ?1, ?2, ?2) \
     ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated = excluded.updated";

impl Settings {
    /// Reads the stored settings; the defaults where nothing is stored.
    ///
    /// # Errors
    /// When the row can't be read or is not what an update wrote.
    pub async fn open(store: Store) -> Result<Self> {
        let values = stored(&store).await?;
        Ok(Self(Arc::new(Inner {
            store,
            values: ArcSwap::from_pointee(values),
            updating: tokio::sync::Mutex::default(),
        })))
    }

    /// Takes over what another node made of the settings.
    ///
    /// # Errors
    /// Those of [`Settings::open`].
    pub async fn reload(&self) -> Result<()> {
        let _one = self.0.updating.lock().await;
        self.0.values.store(Arc::new(stored(&self.0.store).await?));
        Ok(())
    }

    /// Whether there is a limit to how often clients may ask.
    pub fn limits_rates(&self) -> bool {
        self.0.values.load().rate_limits.enabled
    }

    pub fn load(&self) -> Arc<Values> {
        self.0.values.load_full()
    }

    /// The wire form, secrets left out.
    pub fn to_json(&self) -> Json {
        // Plain structs with text keys always have a JSON form.
        serde_json::to_value(&*self.load()).unwrap_or_default()
    }

    /// Deep merge, validation, storage; the new wire form.
    ///
    /// # Errors
    /// `Invalid` for values of a wrong type or that break a rule (with the codes of contract 1.8); those of the store.
    pub async fn update(&self, patch: Map<String, Json>) -> Result<Json> {
        let _one = self.0.updating.lock().await;
        let values = merge::merged(&self.load(), patch)?;
        validate::check(&values)?;
        self.save(values).await?;
        Ok(self.to_json())
    }

    /// Lets what names a collection follow it to its new name: pairs of old and new ones.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn rename_collections(&self, names: &[(String, String)]) -> Result<()> {
        let _one = self.0.updating.lock().await;
        let mut values = Values::clone(&self.load());
        match values.rate_limits.rename(names) {
            true => self.save(values).await,
            false => Ok(()),
        }
    }

    async fn save(&self, values: Values) -> Result<()> {
        let text = serde_json::to_string(&values).map_err(Error::internal)?;
        let now = Clock::system().now_text();
        self.0
            .store
            .transaction::<_, StoreError, _>(async move |tx| {
                tx.execute(&Statement::new(UPSERT, vec![text.into(), now.into()])).await.map(drop)
            })
            .await?;
        self.0.values.store(Arc::new(values));
        Ok(())
    }
}

async fn stored(store: &Store) -> Result<Values> {
    let row = store.rows(Statement::new(SELECT, Vec::new())).await?;
    match row.first().and_then(|row| row.get(0).text()) {
        Some(text) => serde_json::from_str(text).map_err(Error::internal),
        None => Ok(Values::default()),
    }
}
