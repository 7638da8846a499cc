//! The options of an auth collection that later steps use, in their whole shape: what is missing gets its zero value,
//! what is unknown goes, and what has the wrong type is refused.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::AuthOptions;

/// A mail that is sent on an occasion.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Template {
    pub subject: String,
    pub body: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthAlert {
    pub enabled: bool,
    pub email_template: Template,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OAuth2 {
    pub providers: Vec<Provider>,
    pub mapped_fields: MappedFields,
    pub enabled: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Provider {
    /// `None` leaves it to the provider.
    pub pkce: Option<bool>,
    pub name: String,
    #[serde(rename = "clientId")]
    pub client_id: String,
    #[serde(rename = "clientSecret")]
    pub client_secret: String,
    #[serde(rename = "authURL")]
    pub auth_url: String,
    #[serde(rename = "tokenURL")]
    pub token_url: String,
    #[serde(rename = "userInfoURL")]
    pub user_info_url: String,
    #[serde(rename = "displayName")]
    pub display_name: String,
    pub extra: Map<String, Json>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct MappedFields {
    pub id: String,
    pub name: String,
    pub username: String,
    #[serde(rename = "avatarURL")]
    pub avatar_url: String,
}

/// Whether and for whom a sign-in takes two methods.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mfa {
    pub enabled: bool,
    /// Seconds.
    pub duration: i64,
    /// For whom a second factor is needed; empty for everybody.
    pub rule: String,
}

/// Sign-in with one-time passwords.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Otp {
    pub enabled: bool,
    /// Seconds.
    pub duration: i64,
    /// Characters of a code.
    pub length: i64,
    pub email_template: Template,
}

impl AuthOptions {
    pub fn mfa(&self) -> Mfa {
        part(&self.other, "mfa")
    }

    pub fn otp(&self) -> Otp {
        part(&self.other, "otp")
    }
}

/// The part of this name in its whole shape.
///
/// # Errors
/// What does not fit.
pub(super) fn whole(name: &str, part: Json) -> Result<Json, String> {
    match name {
        "authAlert" => shape::<AuthAlert>(part),
        "oauth2" => shape::<OAuth2>(part),
        "mfa" => shape::<Mfa>(part),
        "otp" => shape::<Otp>(part),
        _ => shape::<Template>(part),
    }
    .map_err(|error| format!("{name}: {error}"))
}

/// A part as it is stored; the zero value where it is none.
pub(super) fn part<T: DeserializeOwned + Default>(parts: &Map<String, Json>, name: &str) -> T {
    parts.get(name).and_then(|part| T::deserialize(part).ok()).unwrap_or_default()
}

fn shape<T: Serialize + DeserializeOwned>(mut part: Json) -> serde_json::Result<Json> {
    drop_nulls(&mut part);
    serde_json::to_value(serde_json::from_value::<T>(part)?)
}

/// A null means the zero value, as a key that is missing.
fn drop_nulls(value: &mut Json) {
    match value {
        Json::Null => *value = Json::Object(Map::new()),
        Json::Object(map) => {
            map.retain(|_, inner| !inner.is_null());
            map.iter_mut().filter(|(name, _)| *name != "extra").for_each(|(_, inner)| drop_nulls(inner));
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
