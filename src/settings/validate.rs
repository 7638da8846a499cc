//! What settings must be, with the codes of contract 1.8.

use std::net::IpAddr;

use super::{Batch, Logs, Meta, Values};
use crate::error::{FieldError, FieldErrors, Result};
use crate::schema::FieldKind;
use crate::schema::field::{EmailOptions, UrlOptions};
use crate::store::Value;

const MAX_TEXT_LENGTH: usize = 255;
const COLOR_LENGTH: usize = 7;

pub(super) fn check(values: &Values) -> Result<()> {
    let mut errors = FieldErrors::default();
    errors.nest("meta", meta(&values.meta));
    errors.nest("batch", batch(&values.batch));
    errors.nest("rateLimits", values.rate_limits.check());
    errors.nest("logs", logs(&values.logs));
    errors.nest("superuserIPs", networks(&values.superuser_ips));
    errors.into_result("the settings were not saved, as some values are not valid")
}

fn meta(meta: &Meta) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let mut text = |name: &str, text: &str, form: Option<FieldKind>| {
        if let Some(error) = required(text).or_else(|| too_long(text)).or_else(|| malformed(text, form)) {
            errors.add(name, error);
        }
    };
    text("appName", &meta.app_name, None);
    text("appURL", &meta.app_url, Some(FieldKind::Url(UrlOptions::default())));
    text("senderName", &meta.sender_name, None);
    text("senderAddress", &meta.sender_address, Some(FieldKind::Email(EmailOptions::default())));
    if let Some(error) = color(&meta.accent_color) {
        errors.add("accentColor", error);
    }
    errors
}

fn batch(batch: &Batch) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for (name, number) in [("maxRequests", batch.max_requests), ("timeout", batch.timeout)] {
        if batch.enabled && number == 0 {
            errors.add(name, blank());
        }
        not_negative(&mut errors, name, number);
    }
    not_negative(&mut errors, "maxBodySize", batch.max_body_size);
    errors
}

fn logs(logs: &Logs) -> FieldErrors {
    let mut errors = FieldErrors::default();
    not_negative(&mut errors, "maxDays", logs.max_days);
    not_negative(&mut errors, "maxDataSize", logs.max_data_size);
    errors
}

pub(super) fn networks(list: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for (index, entry) in list.iter().enumerate().filter(|(_, entry)| !is_network(entry)) {
        if entry.is_empty() {
            errors.add(index.to_string(), blank());
            continue;
        }
        // The code is misspelt on the wire.
        let message = format!("{entry:?} is neither an IP address nor a network such as 10.0.0.0/8.");
        errors.add(index.to_string(), FieldError::new("validation_invlaid_ip_or_subnet", message));
    }
    errors
}

fn is_network(entry: &str) -> bool {
    let (address, bits) = entry.split_once('/').map_or((entry, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u32>().is_ok_and(|bits| bits <= most))
}

pub(super) fn blank() -> FieldError {
    FieldError::new("validation_required", "Must not be empty.")
}

fn required(text: &str) -> Option<FieldError> {
    text.is_empty().then(blank)
}

fn too_long(text: &str) -> Option<FieldError> {
    (text.chars().count() > MAX_TEXT_LENGTH).then(|| {
        let message = format!("Must have at most {MAX_TEXT_LENGTH} characters.");
        FieldError::new("validation_length_out_of_range", message).param("min", 1).param("max", MAX_TEXT_LENGTH)
    })
}

fn malformed(text: &str, form: Option<FieldKind>) -> Option<FieldError> {
    let error = form?.behaviour().validate(&Value::from(text))?;
    // A URL of the settings has another code than one of a record.
    let code = if error.code == "validation_invalid_url" { "validation_is_url".into() } else { error.code };
    Some(FieldError { code, ..error })
}

fn color(text: &str) -> Option<FieldError> {
    if text.is_empty() {
        return None;
    }
    if text.chars().count() != COLOR_LENGTH {
        let error = FieldError::new("validation_length_invalid", "Must have exactly 7 characters.");
        return Some(error.param("min", COLOR_LENGTH).param("max", COLOR_LENGTH));
    }
    let digits = text.strip_prefix('#').unwrap_or_default();
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!valid).then(|| FieldError::new("validation_is_hex_color", "Must be a colour such as #1055c9."))
}

fn not_negative(errors: &mut FieldErrors, name: &str, number: i64) {
    if number < 0 {
        let error = FieldError::new("validation_min_greater_equal_than_required", "Must not be less than 0.");
        errors.add(name, error.param("threshold", 0));
    }
}
