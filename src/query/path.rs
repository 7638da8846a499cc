//! The text of a path, taken apart: root, segments, modifier (contract 3.4, 3.5).

use super::error::{QueryError, Result};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path<'t> {
    pub text: &'t str,
    pub position: usize,
    pub root: Root<'t>,
    pub segments: Vec<&'t str>,
    pub modifier: Option<Modifier>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Root<'t> {
    /// A field of the record itself.
    Own,
    Auth,
    Body,
    Query,
    Headers,
    Context,
    Method,
    Collection {
        name: &'t str,
        alias: &'t str,
    },
    /// `@now` and its kin, without the `@`.
    Macro,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modifier {
    Lower,
    Length,
    Each,
    Isset,
    Changed,
}

impl Modifier {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Length => "length",
            Self::Each => "each",
            Self::Isset => "isset",
            Self::Changed => "changed",
        }
    }
}

impl<'t> Path<'t> {
    pub fn parse(text: &'t str, position: usize) -> Result<Self> {
        let refuse = |reason: String| Err(QueryError::at(position, reason));
        let (root, rest) = match text.strip_prefix('@') {
            None => (Root::Own, text),
            Some(rest) if rest.starts_with("request.") => match request_root(&rest["request.".len()..]) {
                Some(found) => found,
                None => {
                    return refuse(format!(
                        "{text} is not known: @request has auth, body, query, headers, context and method"
                    ));
                }
            },
            Some(rest) if rest.starts_with("collection.") => {
                let (head, rest) =
                    rest["collection.".len()..].split_once('.').unwrap_or((&rest["collection.".len()..], ""));
                let (name, alias) = head.split_once(':').unwrap_or((head, ""));
                (Root::Collection { name, alias }, rest)
            }
            Some(rest) => (Root::Macro, rest),
        };
        let (path, modifier) = match rest.split_once(':') {
            None => (rest, None),
            Some((path, modifier)) => match parse_modifier(modifier) {
                Some(modifier) => (path, Some(modifier)),
                None => {
                    return refuse(format!(
                        "the modifier :{modifier} is not known: use one of :lower :length :each :isset :changed"
                    ));
                }
            },
        };
        let segments: Vec<&str> = path.split('.').collect();
        let bare = matches!(root, Root::Context | Root::Method);
        if !bare && segments.iter().any(|segment| !is_word(segment)) {
            return refuse(format!("{text} is not a valid path"));
        }
        Ok(Self { text, position, root, segments, modifier })
    }

    pub fn error<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(QueryError::at(self.position, reason))
    }
}

fn request_root(rest: &str) -> Option<(Root<'_>, &str)> {
    for (name, root) in
        [("auth.", Root::Auth), ("body.", Root::Body), ("query.", Root::Query), ("headers.", Root::Headers)]
    {
        if let Some(path) = rest.strip_prefix(name) {
            return Some((root, path));
        }
    }
    match rest.split_once(':').map_or(rest, |(name, _)| name) {
        "context" => Some((Root::Context, &rest["context".len()..])),
        "method" => Some((Root::Method, &rest["method".len()..])),
        _ => None,
    }
}

fn parse_modifier(text: &str) -> Option<Modifier> {
    Some(match text {
        "lower" => Modifier::Lower,
        "length" => Modifier::Length,
        "each" => Modifier::Each,
        "isset" => Modifier::Isset,
        "changed" => Modifier::Changed,
        _ => return None,
    })
}

fn is_word(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
