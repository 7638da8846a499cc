//! Values and names as PostgreSQL writes them.

use super::catalog::physical;

/// A name in quotes.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", physical(name).replace('"', "\"\""))
}

/// A text in quotes, without a type.
pub(super) fn text(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        // Whatever `standard_conforming_strings` says.
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

pub(super) fn blob(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("decode('{digits}', 'hex')")
}

pub(super) fn int(number: i64) -> String {
    format!("'{number}'::bigint")
}

pub(super) fn real(number: f64) -> String {
    match number.is_infinite() {
        true if number > 0.0 => "'Infinity'::double precision".to_owned(),
        true => "'-Infinity'::double precision".to_owned(),
        false => format!("'{number:?}'::double precision"),
    }
}
