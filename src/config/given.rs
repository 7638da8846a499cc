//! A value as a source gave it, before its key says what it should be.

use super::database_url::hidden;

/// A typed value of the file, or the bare text of a variable or a flag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<String>),
    /// From a variable or a flag: its type is the key's.
    Raw(String),
    /// Some other type of TOML, by its name.
    Other(&'static str),
}

/// Marks a value that stands in a file of its own, such as a mounted secret.
const FILE: &str = "file:";

impl Given {
    /// Replaces a `file:PATH` text by the content of that file, without the white space around it.
    pub fn resolve_file(&self) -> Result<Given, String> {
        let (Given::Text(text) | Given::Raw(text)) = self else { return Ok(self.clone()) };
        let Some(path) = text.strip_prefix(FILE) else { return Ok(self.clone()) };
        let content = std::fs::read_to_string(path).map_err(|error| format!("can't read {path}: {error}"))?;
        Ok(Given::Raw(content.trim().to_owned()))
    }

    pub fn text(&self) -> Option<String> {
        match self {
            Given::Text(text) | Given::Raw(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match self {
            Given::Boolean(flag) => Some(*flag),
            Given::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A whole number within the range.
    pub fn number(&self, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = match self {
            Given::Integer(number) => u64::try_from(*number).ok(),
            Given::Raw(text) => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| range.contains(number))
    }

    /// A list of texts; a bare text is split at commas.
    pub fn list(&self) -> Option<Vec<String>> {
        match self {
            Given::List(list) => Some(list.clone()),
            Given::Raw(text) => {
                Some(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Given::Text(text) => write!(f, "the text {:?}", hidden(text)),
            Given::Raw(text) => write!(f, "{:?}", hidden(text)),
            Given::Integer(number) => write!(f, "the number {number}"),
            Given::Boolean(flag) => write!(f, "{flag}"),
            Given::List(_) => f.write_str("a list"),
            Given::Other(kind) => write!(f, "a value of the type {kind}"),
        }
    }
}
