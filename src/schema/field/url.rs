//! URLs, as people write them: the scheme may be missing where a host is recognisable.

use serde::{Deserialize, Serialize};

use super::{Field, FieldType, domains};
use crate::error::{FieldError, FieldErrors};
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UrlOptions {
    pub except_domains: Vec<String>,
    pub only_domains: Vec<String>,
}

const MAX_LENGTH_BYTES: usize = 2083;
const SCHEMES: [&str; 5] = ["http://", "https://", "ftp://", "ws://", "wss://"];

/// Whether a person would take this for the address of a page.
pub(crate) fn is_url(text: &str) -> bool {
    if text.len() > MAX_LENGTH_BYTES || text.len() < 3 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if !percents_are_whole(text) {
        return false;
    }
    if let Some(rest) = text.strip_prefix("mailto:").or_else(|| text.strip_prefix("tel:")) {
        return !rest.is_empty();
    }
    match SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
        Some(rest) => is_host(without_port(authority(rest)), false),
        None if text.contains("://") => false,
        None => is_host(without_port(authority(text)), true) || authority(text).starts_with("localhost:"),
    }
}

/// Host and port: what stands before the path, without user and password.
fn authority(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.len() <= 5 => host,
        _ => authority,
    }
}

fn is_host(host: &str, needs_dot: bool) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let single = !needs_dot && !host.contains('.') && domains::is_label(host);
    single || host.parse::<std::net::Ipv4Addr>().is_ok() || domains::is_domain(host)
}

fn percents_are_whole(text: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    (0..bytes.len()).all(|at| bytes[at] != b'%' || (hex(bytes.get(at + 1)) && hex(bytes.get(at + 2))))
}

/// What the domain lists compare: host and port of a URL with a scheme, else nothing.
fn domain(text: &str) -> &str {
    text.split_once("://").map(|(_, rest)| authority(rest)).unwrap_or_default()
}

impl FieldType for UrlOptions {
    fn validate(&self, value: &Value) -> Option<FieldError> {
        let text = value.as_str();
        if !is_url(text) {
            return Some(FieldError::new("validation_invalid_url", "Must be a URL."));
        }
        (!domains::allowed(domain(text), &self.except_domains, &self.only_domains))
            .then(|| FieldError::new("validation_url_domain_not_allowed", "URLs of this domain are not allowed."))
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        domains::validate_lists(errors, &self.except_domains, &self.only_domains);
    }
}
