//! Urlencoded forms, and the rules by which texts of any form become values (contract 1.5).

use percent_encoding::percent_decode;
use serde_json::{Map, Number, Value as Json};

use super::json;
use crate::error::{Error, Result};

/// The name of parts that hold a JSON object each; their keys win over plain parts.
pub(super) const JSON_PAYLOAD: &str = "@jsonPayload";

/// Parses an urlencoded body; parameters of the URL count as further values of the form.
///
/// # Errors
/// `Invalid` for a broken escape and for `;`, which some servers take as a separator.
pub(super) fn parse(bytes: &[u8], query: &str) -> Result<Map<String, Json>> {
    let mut values = Map::new();
    let mut json_values = Map::new();
    for pair in bytes.split(|byte| *byte == b'&').chain(query.as_bytes().split(|byte| *byte == b'&')) {
        if pair.is_empty() {
            continue;
        }
        let at = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        let (name, value) = (decode(name)?, decode(value)?);
        match name == JSON_PAYLOAD {
            true => json_values.extend(json::parse_object(value.as_bytes())?),
            false => add(&mut values, name, infer(&value)),
        }
    }
    values.extend(json_values);
    Ok(values)
}

/// Adds a value; a name that comes again makes a list.
pub(super) fn add(values: &mut Map<String, Json>, name: String, value: Json) {
    match values.get_mut(&name) {
        None => drop(values.insert(name, value)),
        Some(Json::Array(list)) => list.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

/// `true` and `false` are booleans; a number is what is written just as we would write it, so that
/// `007`, `1.0` and `1e3` stay texts and nothing is lost.
pub(super) fn infer(text: &str) -> Json {
    match text {
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        text => number(text).map_or_else(|| text.into(), Json::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    if float.to_string() != text {
        return None;
    }
    let whole = text.parse::<i64>().ok().filter(|_| text != "-0");
    whole.map(Number::from).or_else(|| Number::from_f64(float))
}

fn decode(encoded: &[u8]) -> Result<String> {
    let broken = encoded.iter().enumerate().any(|(at, byte)| match byte {
        b';' => true,
        b'%' => !matches!(encoded.get(at + 1..at + 3), Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
        _ => false,
    });
    if broken {
        return Err(Error::invalid("the form body is malformed: it holds a broken escape or a semicolon"));
    }
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Ok(percent_decode(&spaced).decode_utf8_lossy().into_owned())
}
