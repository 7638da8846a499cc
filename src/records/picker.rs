//! The `fields` parameter: which keys of an answer a client wants (contract 2.3).

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::excerpt::excerpt;
use crate::error::{Error, Result};

/// No answer nests deeper, so longer paths are cut: the tree is built, walked and dropped by recursion, and one
/// request must not be able to exhaust the stack.
const MAX_DEPTH: usize = 300;

/// A parsed `fields` parameter: a tree of names; a `*` at the end of a path stands for every name there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Picker {
    children: IndexMap<String, Picker>,
    /// A path ends here.
    end: bool,
    excerpt: Option<Excerpt>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Excerpt {
    max: usize,
    ellipsis: bool,
}

/// Applies the `fields` parameter to an answer; an empty one leaves it as it is. Of a page of results, only
/// the items are picked from.
///
/// # Errors
/// `Invalid` for an unknown modifier or wrong arguments of one.
pub fn pick_fields(body: Json, fields: &str) -> Result<Json> {
    let Some(picker) = Picker::parse(fields)? else { return Ok(body) };
    Ok(match body {
        Json::Object(mut page) if is_page(&page) => {
            if let Some(items) = page.get_mut("items") {
                *items = picker.pick(items.take());
            }
            Json::Object(page)
        }
        other => picker.pick(other),
    })
}

fn is_page(map: &Map<String, Json>) -> bool {
    ["items", "page", "perPage", "totalItems", "totalPages"].iter().all(|key| map.contains_key(*key))
}

impl Picker {
    /// `None` for a blank parameter.
    pub fn parse(fields: &str) -> Result<Option<Self>> {
        if fields.trim().is_empty() {
            return Ok(None);
        }
        let mut root = Self::default();
        for path in split(fields) {
            let (path, modifier) = path.split_once(':').map_or((path, None), |(path, modifier)| (path, Some(modifier)));
            let leaf = path
                .split('.')
                .take(MAX_DEPTH)
                .fold(&mut root, |at, name| at.children.entry(name.to_owned()).or_default());
            leaf.end = true;
            leaf.excerpt = modifier.map(Excerpt::parse).transpose()?;
        }
        Ok(Some(root))
    }

    /// The names, if there is nothing but names of the first level.
    pub fn plain_names(&self) -> Option<Vec<&str>> {
        let plain =
            |(name, child): (&String, &Self)| name != "*" && child.children.is_empty() && child.excerpt.is_none();
        self.children.iter().all(plain).then(|| self.children.keys().map(String::as_str).collect())
    }

    pub fn pick(&self, json: Json) -> Json {
        match json {
            Json::Array(items) => Json::Array(items.into_iter().map(|item| self.pick(item)).collect()),
            Json::Object(map) if !self.end && !self.children.is_empty() => {
                let picked = map.into_iter().filter_map(|(name, value)| {
                    let every = || self.children.get("*").filter(|every| every.end);
                    let child = self.children.get(&name).or_else(every)?;
                    Some((name, child.pick_below(value)))
                });
                Json::Object(picked.collect())
            }
            other => other,
        }
    }

    /// The value of a key; a modifier is for a text that stands there itself, not for the items of a list.
    fn pick_below(&self, json: Json) -> Json {
        match (json, self.excerpt) {
            (Json::String(text), Some(Excerpt { max, ellipsis })) => Json::String(excerpt(&text, max, ellipsis)),
            (other, _) => self.pick(other),
        }
    }
}

impl Excerpt {
    /// `excerpt(max[,withEllipsis])`.
    fn parse(text: &str) -> Result<Self> {
        let refused = || Error::invalid("the fields parameter knows the modifier excerpt(max, withEllipsis) only");
        let arguments =
            text.trim().strip_prefix("excerpt(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(refused)?;
        let mut arguments = arguments.split(',').map(str::trim);
        let max = arguments.next().and_then(whole_part).filter(|max| *max > 0).ok_or_else(refused)?;
        let ellipsis = arguments.next().and_then(parse_bool).unwrap_or(false);
        if arguments.next().is_some() { Err(refused()) } else { Ok(Self { max, ellipsis }) }
    }
}

/// `12` and `12.9` are both 12. Lengths are signed numbers of 64 bits, as on the wire.
fn whole_part(text: &str) -> Option<usize> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits_only = fraction.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| whole.parse::<i64>().ok()?.try_into().ok()).flatten()
}

/// The spellings of a boolean that parameters take (contract 2.1).
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Splits at commas outside parentheses.
fn split(fields: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in fields.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(fields[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(fields[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(fields: &str, expected: Json) {
        let body = json!({
            "id": "x", "text": "<p>one  two</p> three", "tags": ["a"], "deep": { "a": 1, "b": { "c": 2 } },
            "expand": { "rel": [{ "id": "r1", "name": "n1" }, { "id": "r2", "name": "n2" }] },
        });
        assert_eq!(pick_fields(body, fields).unwrap(), expected, "{fields}");
    }

    #[test]
    fn names_paths_and_wildcards() {
        check("id", json!({ "id": "x" }));
        check(" id , tags ", json!({ "id": "x", "tags": ["a"] }));
        check("deep.b.c,nope", json!({ "deep": { "b": { "c": 2 } } }));
        check("expand.rel.id", json!({ "expand": { "rel": [{ "id": "r1" }, { "id": "r2" }] } }));
        check("deep.*", json!({ "deep": { "a": 1, "b": { "c": 2 } } }));
        check("expand.*.name", json!({ "expand": {} }));
        check("*.a", json!({}));
        check("deep.b,deep", json!({ "deep": { "a": 1, "b": { "c": 2 } } }));
        check("deep.*,id", json!({ "id": "x", "deep": { "a": 1, "b": { "c": 2 } } }));
        check("text:excerpt(7)", json!({ "text": "one two" }));
        check("text:excerpt(5,true)", json!({ "text": "one t..." }));
        check("text:excerpt(5.9,maybe)", json!({ "text": "one t" }));
        check("text:excerpt(5),text", json!({ "text": "<p>one  two</p> three" }));
        check("tags:excerpt(1)", json!({ "tags": ["a"] }));
    }

    #[test]
    fn a_page_keeps_its_wrapper() {
        let page =
            json!({ "items": [{ "id": "a", "b": 1 }], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1 });
        let picked = pick_fields(page, "id").unwrap();
        assert_eq!(
            picked,
            json!({ "items": [{ "id": "a" }], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1 })
        );
    }

    #[test]
    fn wrong_modifiers_are_refused() {
        for fields in [
            "a:nope(1)",
            "a:excerpt",
            "a:excerpt()",
            "a:excerpt(x)",
            "a:excerpt(0)",
            "a:excerpt(1,true,2)",
            "a:excerpt(9223372036854775808)",
        ] {
            assert!(pick_fields(json!({}), fields).is_err(), "{fields}");
        }
    }
}
