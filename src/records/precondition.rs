//! What `If-Match` and `If-None-Match` ask (RFC 9110, 13.1): parsed by the wire, decided here.
//!
//! *Invariant:* a rule is asked before a precondition, so that neither answer tells of a record that is hidden. A write
//! under `If-Match` is committed only over the very revision that was compared.

use super::tag::{Tag, revision, revision_of};
use crate::error::{Error, Kind, Result};

/// The record must be stored at one of these revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: any revision.
    Any,
    OneOf(Vec<String>),
}

/// The client has these answers already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// `*`: any answer.
    Any,
    OneOf(Vec<String>),
}

impl IfMatch {
    /// # Errors
    /// `Invalid` for a text that is no list of tags: a write must not lose its condition.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let tags = entity_tags(text).ok_or_else(|| Error::invalid("If-Match must be * or a list of quoted tags"))?;
        // The comparison is the strong one: a weak tag does not tell one revision from another.
        let strong = tags.into_iter().filter(|(is_weak, _)| !is_weak);
        Ok(Self::OneOf(strong.filter_map(|(_, tag)| revision_of(tag).map(str::to_owned)).collect()))
    }

    /// # Errors
    /// `PreconditionFailed` where the record is at another revision.
    pub(super) fn check(&self, epoch: &str, rev: i64) -> Result<()> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(revisions) if revisions.contains(&revision(epoch, rev)) => Ok(()),
            Self::OneOf(_) => Err(failed()),
        }
    }
}

/// The record is not what the client takes it for.
pub(super) fn failed() -> Error {
    Error::new(Kind::PreconditionFailed, "")
}

impl IfNoneMatch {
    /// A text that is no list of tags asks nothing: the client gets the whole answer.
    pub fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::OneOf(entity_tags(text).unwrap_or_default().into_iter().map(|(_, tag)| tag.to_owned()).collect())
    }

    /// Whether the client has the answer with this tag, by the weak comparison: proxies that compress make tags weak.
    pub fn has(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|given| given == tag.quoted().trim_matches('"')),
        }
    }
}

/// Each tag without its quotes, and whether it is weak; empty items of the list are passed over.
fn entity_tags(text: &str) -> Option<Vec<(bool, &str)>> {
    let mut tags = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let (is_weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        tags.push((is_weak, tag));
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags() {
        let check = |text: &str, expected: Option<&[(bool, &str)]>| {
            assert_eq!(entity_tags(text).as_deref(), expected, "{text}");
        };
        check("\"a\"", Some(&[(false, "a")]));
        check(" \"a\" ,W/\"b,c\",, \"\"", Some(&[(false, "a"), (true, "b,c"), (false, "")]));
        check("", Some(&[]));
        for text in ["a", "\"a", "\"a\"b", "\"a\" \"b\"", "w/\"a\"", "*,\"a\"", "W/ \"a\""] {
            check(text, None);
        }
    }

    #[test]
    fn if_match_compares_strong_revisions() {
        let check = |text: &str, rev: i64, expected: bool| {
            let found = IfMatch::parse(text).expect("a list of tags").check("e", rev);
            assert_eq!(found.is_ok(), expected, "{text} {rev}");
        };
        check(" * ", 1, true);
        check("\"e.1f-0\"", 31, true);
        check("\"e.1f-1\", \"e.20-0\"", 32, true);
        check("\"e.1f-0\"", 30, false);
        check("W/\"e.1f-0\"", 31, false);
        check("\"f.1f-0\"", 31, false);
        check("\"e.1f\"", 31, false);
        check("", 1, false);
        assert!(IfMatch::parse("e.1f-0").is_err());
    }
}
