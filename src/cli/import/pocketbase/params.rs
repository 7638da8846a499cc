//! The settings, plain or encrypted, group by group.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::Move;
use super::report::Report;
use super::source::text;
use crate::crypto::{SEAL_KEY_BYTES, open_gcm};

pub(super) async fn carry(transfer: &Move<'_>, report: &mut Report) -> anyhow::Result<()> {
    let Some(stored) = stored(transfer)? else { return Ok(()) };
    let settings = decode(&stored, transfer.encryption_key.as_deref())?;
    if transfer.merge {
        report.note("settings", "all", "the directory keeps its own");
        return Ok(());
    }
    let known = transfer.app.settings.to_json();
    let mut unknown = Vec::new();
    for (group, value) in settings {
        if known.get(&group).is_none() {
            unknown.push(group);
        } else if let Err(error) = transfer.app.settings.update(Map::from_iter([(group.clone(), value)])).await {
            report.note("settings", group, format!("{error} {}", error.fields().to_json()));
        }
    }
    if !unknown.is_empty() {
        report.note("settings", unknown.join(", "), "this version does not act on them");
    }
    Ok(())
}

fn stored(transfer: &Move<'_>) -> anyhow::Result<Option<String>> {
    let data = transfer.source.data();
    if data.columns("_params")?.is_empty() {
        return Ok(None);
    }
    let page = data.page("_params", &["id".into(), "value".into()], i64::MIN)?;
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
