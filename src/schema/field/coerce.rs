//! Input of any JSON shape to text and lists, and text back to JSON (contract 1.5).

use std::io::Write;

use serde_json::Value as Json;

use super::number::write_number;
use crate::store::ValueRef;

/// Strings as they are, numbers and booleans as their text, anything else as the empty text.
pub(super) fn text(input: &Json) -> String {
    match input {
        Json::String(text) => text.clone(),
        Json::Bool(flag) => flag.to_string(),
        // Numbers of the wire are 64-bit floats, whose text never has an exponent here.
        Json::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

/// Distinct texts that are not empty, in their order. A list with a list or an object in it is no list
/// of texts at all, and a text may hold a JSON array of strings, as forms send it.
pub(super) fn texts(input: &Json) -> Vec<String> {
    let given = match input {
        Json::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => Vec::new(),
        Json::Array(items) => items.iter().map(text).collect(),
        Json::String(list) if list.starts_with('[') => {
            serde_json::from_str(list).unwrap_or_else(|_| vec![list.clone()])
        }
        scalar => vec![text(scalar)],
    };
    distinct(given)
}

/// Without empty texts and repetitions; the first of equal ones stays.
pub(super) fn distinct(items: Vec<String>) -> Vec<String> {
    // Most values have one item, and a set pays only for long lists.
    if items.len() <= 1 {
        return items.into_iter().filter(|item| !item.is_empty()).collect();
    }
    let set: indexmap::IndexSet<String> = items.into_iter().filter(|item| !item.is_empty()).collect();
    set.into_iter().collect()
}

/// A text column as a JSON string; a number, which only a view may yield here, as its text.
pub(super) fn write_text(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Text(text) => write_string(text, out),
        ValueRef::Null | ValueRef::Blob(_) => out.extend_from_slice(b"\"\""),
        ValueRef::Int(_) | ValueRef::Real(_) => {
            out.push(b'"');
            write_number(value, out);
            out.push(b'"');
        }
    }
}

/// A JSON string. Plain text, the common case, is copied whole instead of being looked up byte by byte.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, tail) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((escaped, tail)) = tail.split_first() else { break };
        write_escape(*escaped, out);
        rest = tail;
    }
    out.push(b'"');
}

/// How many bytes stand for themselves before the first that must be escaped. Whole blocks are looked at without a
/// branch a byte, so that the compiler compares all bytes of one at once.
fn plain_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 16;
    let escaped = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let plain_block = |block: &&[u8]| !block.iter().fold(false, |any, byte| any | escaped(byte));
    let plain = bytes.chunks_exact(BLOCK).take_while(plain_block).count() * BLOCK;
    bytes[plain..].iter().position(escaped).map_or(bytes.len(), |at| plain + at)
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            write!(out, "\\u{byte:04x}").expect("a Vec takes every write");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
