//! The body of `auth-methods`: how one can sign in to a collection (contract 5.2).

use serde_json::{Value as Json, json};

use crate::schema::AuthOptions;

pub(super) fn body(options: &AuthOptions) -> Json {
    let enabled = |name: &str| options.other.get(name).and_then(|option| option["enabled"].as_bool()).unwrap_or(false);
    let duration = |name: &str| match enabled(name) {
        true => options.other.get(name).map_or(json!(0), |option| option["duration"].clone()),
        false => json!(0),
    };
    let identity = |name: &str| options.password_enabled && options.identity_fields.iter().any(|field| field == name);
    let identity_fields: &[String] = if options.password_enabled { &options.identity_fields } else { &[] };
    json!({
        "password": { "identityFields": identity_fields, "enabled": options.password_enabled },
        "oauth2": { "providers": [], "enabled": false },
        "mfa": { "enabled": enabled("mfa"), "duration": duration("mfa") },
        "otp": { "enabled": enabled("otp"), "duration": duration("otp") },
        "authProviders": [],
        "usernamePassword": identity("username"),
        "emailPassword": identity("email"),
    })
}
