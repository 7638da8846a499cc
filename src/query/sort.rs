//! The `sort` parameter (contract 2.1): a comma list of paths with `-` or `+` before them.

use super::error::{QueryError, Result};

const MAX_TERMS: usize = 8;
const MAX_TERM_CHARACTERS: usize = 255;

/// Parsed `sort` terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sort {
    pub(super) terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub path: String,
    pub descending: bool,
}

impl Sort {
    /// Parses a comma list; a blank text has no terms.
    ///
    /// # Errors
    /// More than 8 terms, a term of more than 255 characters, an empty term.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let terms: Vec<Term> = text.split(',').map(term).collect::<Result<_>>()?;
        if terms.len() > MAX_TERMS {
            return Err(QueryError::new(format!("there are more than {MAX_TERMS} sort terms")));
        }
        Ok(Self { terms })
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the order is another one each time.
    pub fn is_random(&self) -> bool {
        self.terms.iter().any(|term| term.path == "@random")
    }
}

fn term(text: &str) -> Result<Term> {
    let text = text.trim();
    if text.chars().count() > MAX_TERM_CHARACTERS {
        return Err(QueryError::new(format!("a sort term is longer than {MAX_TERM_CHARACTERS} characters")));
    }
    let (path, descending) = match text.strip_prefix('-') {
        Some(path) => (path, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    match path.is_empty() {
        true => Err(QueryError::new("a sort term is empty")),
        false => Ok(Term { path: path.to_owned(), descending }),
    }
}
