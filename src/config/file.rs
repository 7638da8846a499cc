//! The TOML file as a flat list of dotted keys with the lines they stand in.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{ConfigError, DEFAULT_FILE, Given, Origin};

type Entry = (Origin, String, Given);

/// The entries of the named file, or of the default one; a default file that is missing has none.
pub(super) fn entries(named: Option<&Path>) -> Result<Vec<Entry>, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(ConfigError::new(Origin::File(path.into(), 0), format!("can't be read: {error}"))),
    }
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let at = |span: Range<usize>| Origin::File(path.into(), line(text, span.start));
    let root = DeTable::parse(text).map_err(|error| {
        let origin = error.span().map_or(Origin::File(path.into(), 0), &at);
        ConfigError::new(origin, format!("this is not TOML: {}", error.message()))
    })?;
    let mut entries = Vec::new();
    for (key, value) in root.get_ref() {
        match value.get_ref() {
            DeValue::Table(section) => entries.extend(section.iter().map(|(inner, value)| {
                (at(inner.span()), format!("{}.{}", key.get_ref(), inner.get_ref()), given(value.get_ref()))
            })),
            value => entries.push((at(key.span()), key.get_ref().to_string(), given(value))),
        }
    }
    Ok(entries)
}

fn line(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

fn given(value: &DeValue<'_>) -> Given {
    let other = Given::Other(value.type_str());
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Boolean(flag) => Given::Boolean(*flag),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(other, Given::Integer),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or(Given::Other("list with something else than texts"), Given::List)
        }
        _ => other,
    }
}
