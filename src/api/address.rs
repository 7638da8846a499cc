//! Where a request comes from: the socket's address, or what a trusted proxy says (contract 1.6).

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::HeaderMap;

use crate::settings::TrustedProxy;

/// The client's address as text: of the first trusted header that is set, else the socket's.
pub(super) fn client(headers: &HeaderMap, peer: Option<SocketAddr>, trusted: &TrustedProxy) -> String {
    trusted
        .headers
        .iter()
        .find_map(|name| headers.get_all(name.as_str()).last().filter(|value| !value.is_empty()))
        .and_then(|value| value.to_str().ok())
        .and_then(|list| from_list(list, trusted.use_leftmost_ip))
        .or_else(|| peer.map(|peer| peer.ip()))
        .map(expanded)
        .unwrap_or_default()
}

/// The right-most address that parses; the left-most one if so configured.
fn from_list(list: &str, leftmost: bool) -> Option<IpAddr> {
    let mut addresses = list.split(',').filter_map(|part| part.trim().parse::<IpAddr>().ok());
    if leftmost { addresses.next() } else { addresses.next_back() }
}

/// IPv6 in its long form, so that equal addresses are equal texts; IPv4 (mapped too) in dots.
pub(super) fn expanded(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let groups = address.segments().map(|segment| format!("{segment:04x}"));
            groups.join(":")
        }
    }
}

/// Whether an address is in a list of addresses and CIDR networks. What does not parse matches nothing.
pub(super) fn listed(address: &str, list: &[String]) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    list.iter().any(|entry| in_network(address.to_canonical(), entry.trim()))
}

fn in_network(address: IpAddr, network: &str) -> bool {
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, bits.parse::<u32>().ok()),
        None => (network, Some(128)),
    };
    let (Ok(base), Some(bits)) = (base.parse::<IpAddr>(), bits) else { return false };
    match (address, base.to_canonical()) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            same_prefix(u128::from(address.to_bits()) << 96, u128::from(base.to_bits()) << 96, bits.min(32))
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => same_prefix(address.to_bits(), base.to_bits(), bits),
        _ => false,
    }
}

fn same_prefix(left: u128, right: u128, bits: u32) -> bool {
    let shift = 128u32.saturating_sub(bits);
    left.checked_shr(shift).unwrap_or(0) == right.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn client_address_of_trusted_headers() {
        let check = |lines: &[(&'static str, &'static str)], trusted: &[&str], leftmost: bool, expected: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let trusted =
                TrustedProxy { headers: trusted.iter().map(ToString::to_string).collect(), use_leftmost_ip: leftmost };
            let peer = "127.0.0.1:5000".parse().ok();
            assert_eq!(client(&headers, peer, &trusted), expected, "{lines:?} {trusted:?}");
        };
        let forwarded = "x-forwarded-for";
        check(&[(forwarded, "1.1.1.1")], &[], false, "127.0.0.1");
        check(&[(forwarded, "1.1.1.1, 2.2.2.2, nonsense")], &["X-Forwarded-For"], false, "2.2.2.2");
        check(&[(forwarded, "1.1.1.1, 2.2.2.2")], &["X-Forwarded-For"], true, "1.1.1.1");
        check(&[(forwarded, "1.1.1.1"), (forwarded, "3.3.3.3")], &["X-Forwarded-For"], true, "3.3.3.3");
        check(&[(forwarded, "nonsense")], &["X-Forwarded-For"], false, "127.0.0.1");
        check(
            &[(forwarded, "::1")],
            &["X-Real-IP", "X-Forwarded-For"],
            false,
            "0000:0000:0000:0000:0000:0000:0000:0001",
        );
        check(&[("x-real-ip", ""), (forwarded, "4.4.4.4")], &["X-Real-IP", "X-Forwarded-For"], false, "4.4.4.4");
    }

    #[test]
    fn networks() {
        let check = |address: &str, network: &str, expected: bool| {
            assert_eq!(listed(address, &[network.to_owned()]), expected, "{address} in {network}");
        };
        check("10.1.2.3", "10.1.2.3", true);
        check("10.1.2.3", "10.1.2.4", false);
        check("10.1.2.3", "10.1.0.0/16", true);
        check("10.2.2.3", "10.1.0.0/16", false);
        check("10.2.2.3", "0.0.0.0/0", true);
        check("::ffff:10.1.2.3", "10.1.0.0/16", true);
        check("2001:db8::1", "2001:db8::/32", true);
        check("2001:db9::1", "2001:db8::/32", false);
        check("10.1.2.3", "nonsense", false);
        check("10.1.2.3", "10.0.0.0/x", false);
        check("", "0.0.0.0/0", false);
    }
}
