//! Query strings: what every handler reads from the part after `?`.

use indexmap::IndexMap;

use crate::records::{ListParams, Shape};

/// The first value of each parameter, decoded once.
pub(super) fn parse(query: &str) -> IndexMap<String, String> {
    let mut params = IndexMap::new();
    if query.is_empty() {
        return params;
    }
    for pair in query.split('&').filter(|pair| well_escaped(pair)) {
        for (name, value) in url::form_urlencoded::parse(pair.as_bytes()) {
            if !params.contains_key(name.as_ref()) {
                params.insert(name.into_owned(), value.into_owned());
            }
        }
    }
    params
}

/// A pair with a broken escape is passed over, as PocketBase does.
fn well_escaped(pair: &str) -> bool {
    let bytes = pair.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    bytes.iter().enumerate().all(|(at, byte)| *byte != b'%' || (is_hex(at + 1) && is_hex(at + 2)))
}

/// `expand` and `fields`.
pub(super) fn shape(params: &IndexMap<String, String>) -> Shape {
    Shape { expand: text(params, "expand"), fields: text(params, "fields") }
}

/// `page`, `perPage`, `skipTotal`, `cursor`, `sort` and `filter`, unchecked.
pub(super) fn list(params: &IndexMap<String, String>) -> ListParams {
    let raw = |name: &str| params.get(name).cloned();
    ListParams {
        page: raw("page"),
        per_page: raw("perPage"),
        skip_total: raw("skipTotal"),
        cursor: raw("cursor"),
        sort: text(params, "sort"),
        filter: text(params, "filter"),
    }
}

/// One parameter; empty when it is missing.
pub(super) fn text(params: &IndexMap<String, String>, name: &str) -> String {
    params.get(name).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_value_wins_and_escapes_are_decoded_once() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let found = parse(query);
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{query}");
        };
        check("", &[]);
        check("a=1&a=2&b", &[("a", "1"), ("b", "")]);
        check("filter=a%3D%2541+b", &[("filter", "a=%41 b")]);
        check("x=%ff", &[("x", "\u{fffd}")]);
        check("filter=%&page=2&x=%4", &[("page", "2")]);
    }
}
