//! One request as the log keeps it. The JSON is written by hand: this runs once for every request.

use std::fmt::Write as _;

use crate::settings;

/// One handled request (contract 8.2).
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestEntry<'a> {
    pub at_ms: i64,
    pub method: &'a str,
    /// Path and query.
    pub url: &'a str,
    pub status: u16,
    pub exec_time_ms: f64,
    /// The collection name of the caller, empty for a guest.
    pub auth: &'a str,
    pub auth_id: &'a str,
    pub user_ip: &'a str,
    pub remote_ip: &'a str,
    pub referer: &'a str,
    pub user_agent: &'a str,
    /// The public message of an error, and its internal cause.
    pub error: &'a str,
    pub details: &'a str,
}

const INFO: i64 = 0;
const ERROR: i64 = 8;

/// The data of one entry, where the settings name no size.
const DEFAULT_DATA_BYTES: usize = 16 * 1024;

/// A query parameter whose value is a secret: file tokens.
const SECRET_PARAMETER: &str = "token";

impl RequestEntry<'_> {
    pub(super) fn level(&self) -> i64 {
        if self.status >= 400 || !self.error.is_empty() { ERROR } else { INFO }
    }

    /// Appends `METHOD /path`, without the query.
    pub(super) fn message(&self, text: &mut String) {
        text.push_str(self.method);
        text.push(' ');
        text.push_str(self.url.split('?').next().unwrap_or_default());
    }

    /// Appends the JSON of the `data` column, within the size that the settings allow.
    pub(super) fn data(&self, kept: &settings::Logs, text: &mut String) {
        let limit = usize::try_from(kept.max_data_size).ok().filter(|size| *size > 0).unwrap_or(DEFAULT_DATA_BYTES);
        let mut data = Data { json: text, left: limit, truncated: false };
        data.json.push_str(r#"{"type":"request""#);
        data.text("url", &without_secret(self.url));
        data.text("method", self.method);
        // Writing to a String can't fail, here and below.
        let _ = write!(data.json, r#","status":{},"execTime":{}"#, self.status, Thousandths::of(self.exec_time_ms));
        data.text("auth", self.auth);
        if kept.log_auth_id && !self.auth_id.is_empty() {
            data.text("authId", self.auth_id);
        }
        if kept.log_ip {
            data.text("userIP", self.user_ip);
            data.text("remoteIP", self.remote_ip);
        }
        data.text("referer", self.referer);
        data.text("userAgent", self.user_agent);
        if !self.error.is_empty() {
            data.text("error", self.error);
        }
        if !self.details.is_empty() {
            data.text("details", self.details);
        }
        data.json.push_str(if data.truncated { r#","__pb_truncated__":true}"# } else { "}" });
    }
}

/// JSON in the making, and how many bytes of text it may still take.
struct Data<'a> {
    json: &'a mut String,
    left: usize,
    truncated: bool,
}

impl Data<'_> {
    /// Adds a text; one that does not fit any more is cut.
    fn text(&mut self, name: &str, text: &str) {
        let mut end = text.len().min(self.left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.truncated |= end < text.len();
        self.left -= end;
        self.json.push_str(",\"");
        self.json.push_str(name);
        self.json.push_str("\":");
        push_quoted(self.json, &text[..end]);
    }
}

fn push_quoted(json: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    json.push('"');
    if text.bytes().all(plain) {
        json.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                control if u32::from(control) < 0x20 => {
                    let _ = write!(json, "\\u{:04x}", u32::from(control));
                }
                other => json.push(other),
            }
        }
    }
    json.push('"');
}

/// A number with three decimals at most, in whole thousandths: the text of a float takes several times as long.
struct Thousandths(u64);

impl Thousandths {
    /// What is negative or no number is 0.
    fn of(number: f64) -> Self {
        Self(if number.is_finite() { (number * 1000.0).round() as u64 } else { 0 })
    }
}

impl std::fmt::Display for Thousandths {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        match (rest, rest % 10, rest % 100) {
            (0, ..) => write!(out, "{whole}"),
            (.., 0) => write!(out, "{whole}.{}", rest / 100),
            (_, 0, _) => write!(out, "{whole}.{:02}", rest / 10),
            _ => write!(out, "{whole}.{rest:03}"),
        }
    }
}

/// The URL with the value of a secret parameter left out.
fn without_secret(url: &str) -> std::borrow::Cow<'_, str> {
    let Some((path, query)) = url.split_once('?') else { return url.into() };
    let secret = |part: &&str| part.split('=').next() == Some(SECRET_PARAMETER);
    if !query.split('&').any(|part| secret(&part)) {
        return url.into();
    }
    let parts: Vec<&str> = query.split('&').map(|part| if secret(&part) { "token=*" } else { part }).collect();
    format!("{path}?{}", parts.join("&")).into()
}
