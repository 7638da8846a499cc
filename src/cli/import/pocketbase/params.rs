//! The settings, plain or encrypted, group by group.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::Move;
use super::report::Report;
use super::source::text;
use crate::crypto::{SEAL_KEY_BYTES, open_gcm};
use crate::error::Error;

/// The setting that says where superusers come from, and the strictest value that lets somebody mend it.
const SUPERUSER_ADDRESSES: &str = "superuserIPs";
const OWN_ADDRESSES: [&str; 2] = ["127.0.0.1", "::1"];

pub(super) async fn carry(transfer: &Move<'_>, report: &mut Report) -> anyhow::Result<()> {
    let Some(stored) = stored(transfer)? else { return Ok(()) };
    let settings = decode(&stored, transfer.encryption_key.as_deref())?;
    if transfer.merge {
        report.note("settings", "all", "the directory keeps its own");
        return Ok(());
    }
    let mut kept = Map::new();
    for (group, value) in settings {
        if let Some(rest) = carry_group(transfer, &group, value, report).await {
            kept.insert(group, rest);
        }
    }
    if !kept.is_empty() {
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        report.note("settings", names.join(", "), "this version does not act on them; they are kept for one that does");
        transfer.app.settings.keep(kept).await?;
    }
    Ok(())
}

/// Takes over what of a group this server takes; the rest comes back.
async fn carry_group(transfer: &Move<'_>, group: &str, value: Json, report: &mut Report) -> Option<Json> {
    let known = transfer.app.settings.to_json();
    let Some(known) = known.get(group) else { return Some(value) };
    let update = async |value: Json| transfer.app.settings.update(Map::from_iter([(group.to_owned(), value)])).await;
    let outcome = update(value.clone()).await;
    let (Some(known), Json::Object(keys)) = (known.as_object(), value.clone()) else {
        let error = outcome.err()?;
        report.note("settings", group, reason(&error));
        if group == SUPERUSER_ADDRESSES {
            // Those of nobody would be those of everybody.
            update(json!(OWN_ADDRESSES)).await.ok()?;
            report.note("settings", group, "superusers can come from this machine only now");
        }
        return Some(value);
    };
    let mut rest = Map::new();
    for (key, value) in keys {
        if !known.contains_key(&key) {
            rest.insert(key, value);
        } else if outcome.is_err()
            && let Err(error) = update(json!({ &key: &value })).await
        {
            report.note("settings", format!("{group}.{key}"), reason(&error));
            rest.insert(key, value);
        }
    }
    (!rest.is_empty()).then_some(rest.into())
}

fn reason(error: &Error) -> String {
    format!("{error} {}", error.fields().to_json())
}

fn stored(transfer: &Move<'_>) -> anyhow::Result<Option<String>> {
    let data = transfer.source.data();
    if data.columns("_params")?.is_empty() {
        return Ok(None);
    }
    let page = data.page("_params", &["id".into(), "value".into()], i64::MIN)?;
    if page.too_large.is_some() {
        bail!("the settings of the source are too large");
    }
    Ok(page.rows.iter().find(|row| row[0].as_str() == "settings").map(|row| text(&row[1]).into_owned()))
}

/// The settings as an object. Encrypted ones are base64, perhaps as a JSON string.
fn decode(stored: &str, key: Option<&str>) -> anyhow::Result<Map<String, Json>> {
    if let Ok(settings) = serde_json::from_str(stored) {
        return Ok(settings);
    }
    let sealed = serde_json::from_str::<String>(stored).unwrap_or_else(|_| stored.to_owned());
    let Ok(sealed) = STANDARD.decode(sealed.trim()) else { bail!("the settings of the source can't be read") };
    let Some(key) = key else {
        bail!("the settings are encrypted: name the variable that holds the key with --encryption-key-env");
    };
    let Ok(key) = <&[u8; SEAL_KEY_BYTES]>::try_from(key.as_bytes()) else {
        bail!("the key of the settings must have {SEAL_KEY_BYTES} characters");
    };
    let open = open_gcm(key, &sealed).context("the key does not fit the settings")?;
    serde_json::from_slice(&open).context("the settings of the source are no JSON object")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_encrypted_settings() {
        let plain = decode(r#"{"meta":{"appName":"a"}}"#, None).unwrap();
        assert_eq!(plain["meta"]["appName"], "a");
        for broken in ["[]", "", "nonsense!", "\"AAAA\""] {
            assert!(decode(broken, Some("0123456789abcdef0123456789abcdef")).is_err(), "{broken}");
        }
        let missing = decode("\"AAAA\"", None).unwrap_err().to_string();
        assert!(missing.contains("--encryption-key-env"), "{missing}");
        assert!(decode("\"AAAA\"", Some("short")).is_err());
    }
}
