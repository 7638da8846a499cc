//! What the dashboard may change at run time (contract 8.1), stored and laid over `config` (stub face).
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::store::Store;

/// The settings in force. `#[serde(default)]` fills what a stored row lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Values {
    pub meta: Meta,
    pub batch: Batch,
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
pub struct Settings {}

impl Settings {
    pub async fn open(_store: Store) -> Result<Self> {
        todo!()
    }
    pub fn load(&self) -> Arc<Values> {
        todo!()
    }
    /// The wire form, secrets left out.
    pub fn to_json(&self) -> Json {
        todo!()
    }
    /// Deep merge, validation, storage; the new wire form.
    pub async fn update(&self, _patch: Map<String, Json>) -> Result<Json> {
        todo!()
    }
}
