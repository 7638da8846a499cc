//! What is wrong with a configuration, told so that it can be mended at once.

use std::fmt::{self, Display};
use std::path::PathBuf;

use super::Given;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// A file and a line of it (from 1; 0 for the whole file).
    File(PathBuf, usize),
    Environment(String),
    Flag(String),
}

/// A configuration that can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct ConfigError {
    pub origin: Origin,
    pub problem: String,
}

impl ConfigError {
    pub(super) fn new(origin: Origin, problem: impl Into<String>) -> Self {
        Self { origin, problem: problem.into() }
    }

    pub(super) fn at(origin: Origin, key: &str, problem: impl Display) -> Self {
        Self::new(origin, format!("`{key}`: {problem}"))
    }

    pub(super) fn impossible(origin: Origin, key: &str, expected: &str, given: &Given) -> Self {
        Self::at(origin, key, format_args!("expected {expected}, not {given}"))
    }

    pub(super) fn unknown(origin: Origin, key: &str, known: &[String]) -> Self {
        let nearest = known.iter().map(|name| (distance(name, key), name)).min();
        let hint = match nearest {
            Some((_, name)) => format!("; the nearest known one is `{name}`"),
            None => String::new(),
        };
        Self::new(origin, format!("`{key}` is no known key{hint}"))
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(path, 0) => write!(f, "{}", path.display()),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Letters to insert, delete or replace until one text is the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
