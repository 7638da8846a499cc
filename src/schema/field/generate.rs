//! Random text that fits a pattern: literals, classes, groups, alternatives and repetitions.

use rand::RngExt;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// How often an open-ended repetition (`*`, `+`, `{3,}`) repeats beyond its minimum.
const MAX_OPEN_REPETITIONS: u32 = 6;

/// The longest text worth generating, in bytes; nested repetitions could otherwise ask for gigabytes.
const MAX_LENGTH_BYTES: usize = 10_000;

/// A pattern that can't be generated from: not a regular expression, or one with anchors or boundaries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsupported;

/// A random text for the pattern.
pub(super) fn generate(pattern: &str) -> Result<String, Unsupported> {
    if pattern == "[a-z0-9]{15}" {
        return Ok(crate::crypto::lowercase_id(15));
    }
    let tree = regex_syntax::parse(pattern).map_err(|_| Unsupported)?;
    let mut out = String::new();
    append(&tree, &mut out)?;
    Ok(out)
}

fn append(node: &Hir, out: &mut String) -> Result<(), Unsupported> {
    if out.len() > MAX_LENGTH_BYTES {
        return Err(Unsupported);
    }
    match node.kind() {
        HirKind::Empty => Ok(()),
        HirKind::Look(_) => Err(Unsupported),
        HirKind::Literal(literal) => {
            out.push_str(std::str::from_utf8(&literal.0).map_err(|_| Unsupported)?);
            Ok(())
        }
        HirKind::Class(class) => {
            out.push(pick(class).ok_or(Unsupported)?);
            Ok(())
        }
        HirKind::Repetition(repetition) => repeat(repetition, out),
        HirKind::Capture(capture) => append(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, out)),
        HirKind::Alternation(choices) => append(&choices[rand::rng().random_range(0..choices.len())], out),
    }
}

fn repeat(repetition: &Repetition, out: &mut String) -> Result<(), Unsupported> {
    let most = repetition.max.unwrap_or(repetition.min.saturating_add(MAX_OPEN_REPETITIONS));
    let count = rand::rng().random_range(repetition.min..=most);
    (0..count).try_for_each(|_| append(&repetition.sub, out))
}

/// A character of the class: a printable ASCII one if there is any, so that `.` or `\w` give text that
/// people can type.
fn pick(class: &Class) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
    };
    let printable: Vec<(u32, u32)> =
        ranges.iter().map(|(start, end)| ((*start).max(0x20), (*end).min(0x7e))).filter(|(s, e)| s <= e).collect();
    let ranges = if printable.is_empty() { ranges } else { printable };
    let total: u32 = ranges.iter().map(|(start, end)| end - start + 1).sum();
    if total == 0 {
        return None;
    }
    let mut index = rand::rng().random_range(0..total);
    for (start, end) in ranges {
        let size = end - start + 1;
        if index < size {
            return char::from_u32(start + index);
        }
        index -= size;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_fits_its_pattern() {
        for pattern in
            ["[a-z0-9]{15}", "(ab|cd){2}x+", r"\d\w", "a?", "[^a]{3}", "(?i)ak", "(?P<x>a)b{2,4}", ".{3}", ""]
        {
            let anchored = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
            for _ in 0..50 {
                let text = generate(pattern).unwrap();
                assert!(anchored.is_match(&text), "{pattern} gave {text}");
            }
        }
    }

    #[test]
    fn what_has_no_text_of_its_own_is_refused() {
        for pattern in ["^a$", r"\b", "[", "(a{1000}){1000}"] {
            assert_eq!(generate(pattern), Err(Unsupported), "{pattern}");
        }
    }
}
