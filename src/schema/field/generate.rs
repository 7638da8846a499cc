//! Random text that fits a pattern: literals, classes, groups, alternatives and repetitions.

use rand::{Rng, RngExt};
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::pattern;

/// How often an open-ended repetition (`*`, `+`, `{3,}`) repeats beyond its minimum.
const MAX_OPEN_REPETITIONS: u32 = 6;

/// The longest text worth generating, in bytes; nested repetitions could otherwise ask for gigabytes.
const MAX_LENGTH_BYTES: usize = 10_000;

/// The most characters beyond what is needed around what a pattern finds.
const MAX_ROOM: usize = 6;

/// How many texts are tried for a pattern that is found in a text instead of describing all of it.
const MAX_SAMPLES: usize = 100;

/// A pattern that can't be generated from: not a regular expression, or one with anchors or boundaries.
#[derive(Debug)]
struct Unsupported;

/// A random text that the pattern describes whole. `None` for a pattern that says nothing of the whole: no regular
/// expression, or one with anchors or boundaries.
pub fn generate(pattern: &str, random: &mut impl Rng) -> Option<String> {
    let tree = regex_syntax::parse(pattern).ok()?;
    let mut writer =
        Writer { random, open_repetitions: MAX_OPEN_REPETITIONS, skips_positions: false, out: String::new() };
    writer.append(&tree).ok()?;
    Some(writer.out)
}

/// A random text in which the pattern is found, with this many characters; `None` where a hundred tries gave none.
pub fn sample(pattern: &str, characters: std::ops::RangeInclusive<i64>, random: &mut impl Rng) -> Option<String> {
    let tree = regex_syntax::parse(pattern).ok()?;
    let least = usize::try_from(*characters.start()).unwrap_or(0).min(MAX_LENGTH_BYTES);
    let open_repetitions = MAX_OPEN_REPETITIONS.max(u32::try_from(least).unwrap_or(0));
    (0..MAX_SAMPLES).find_map(|_| {
        let mut writer = Writer { random: &mut *random, open_repetitions, skips_positions: true, out: String::new() };
        writer.append(&tree).ok()?;
        let found = writer.out;
        // The pattern may leave room around what it finds.
        let room = least.saturating_sub(found.chars().count()) + random.random_range(0..=MAX_ROOM);
        let room: String = (0..room).map(|_| random.random_range('a'..='z')).collect();
        let around = [format!("{found}{room}"), format!("{room}{found}"), format!("{found} {room}"), found];
        around.into_iter().find(|text| {
            let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            characters.contains(&count) && pattern::fits(pattern, text)
        })
    })
}

struct Writer<'r, R> {
    random: &'r mut R,
    open_repetitions: u32,
    /// Whether anchors and boundaries count for nothing; whoever wants that looks at what comes out.
    skips_positions: bool,
    out: String,
}

impl<R: Rng> Writer<'_, R> {
    fn append(&mut self, node: &Hir) -> Result<(), Unsupported> {
        if self.out.len() > MAX_LENGTH_BYTES {
            return Err(Unsupported);
        }
        match node.kind() {
            HirKind::Empty => Ok(()),
            HirKind::Look(_) if self.skips_positions => Ok(()),
            HirKind::Look(_) => Err(Unsupported),
            HirKind::Literal(literal) => {
                self.out.push_str(std::str::from_utf8(&literal.0).map_err(|_| Unsupported)?);
                Ok(())
            }
            HirKind::Class(class) => {
                let character = self.pick(class).ok_or(Unsupported)?;
                self.out.push(character);
                Ok(())
            }
            HirKind::Repetition(repetition) => self.repeat(repetition),
            HirKind::Capture(capture) => self.append(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.append(part)),
            HirKind::Alternation(choices) => {
                let choice = self.random.random_range(0..choices.len());
                self.append(&choices[choice])
            }
        }
    }

    fn repeat(&mut self, repetition: &Repetition) -> Result<(), Unsupported> {
        let most = repetition.max.unwrap_or(repetition.min.saturating_add(self.open_repetitions));
        let count = self.random.random_range(repetition.min..=most);
        (0..count).try_for_each(|_| self.append(&repetition.sub))
    }

    /// A character of the class: a printable ASCII one if there is any, so that `.` or `\w` give text that
    /// people can type.
    fn pick(&mut self, class: &Class) -> Option<char> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => {
                class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
            }
            Class::Bytes(class) => class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
        };
        let printable: Vec<(u32, u32)> =
            ranges.iter().map(|(start, end)| ((*start).max(0x20), (*end).min(0x7e))).filter(|(s, e)| s <= e).collect();
        let ranges = if printable.is_empty() { ranges } else { printable };
        let total: u32 = ranges.iter().map(|(start, end)| end - start + 1).sum();
        if total == 0 {
            return None;
        }
        let mut index = self.random.random_range(0..total);
        for (start, end) in ranges {
            let size = end - start + 1;
            if index < size {
                return char::from_u32(start + index);
            }
            index -= size;
        }
        None
    }
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
                let text = generate(pattern, &mut rand::rng()).unwrap();
                assert!(anchored.is_match(&text), "{pattern} gave {text}");
            }
        }
    }

    #[test]
    fn what_has_no_text_of_its_own_is_refused() {
        for pattern in ["^a$", r"\b", "[", "(a{1000}){1000}"] {
            assert_eq!(generate(pattern, &mut rand::rng()), None, "{pattern}");
        }
    }

    #[test]
    fn a_sample_fits_a_field_of_that_pattern_and_length() {
        let mut random = rand::rng();
        for (pattern, characters) in [
            ("^[a-z]+$", 12..=14),
            (r"^\d{4}-\d{2}$", 0..=7),
            ("^(a|bc)*$", 3..=3),
            ("", 0..=0),
            ("^$|^a", 3..=9),
            (r"\bx\b", 5..=9),
            ("^x{2,}$", 9..=10),
            ("[A-Z]", 5..=9),
            ("^abc", 9..=9),
            ("x$", 4..=4),
        ] {
            for _ in 0..20 {
                let text =
                    sample(pattern, characters.clone(), &mut random).unwrap_or_else(|| panic!("{pattern}: none"));
                let length = i64::try_from(text.len()).unwrap();
                assert!(regex::Regex::new(pattern).unwrap().is_match(&text) && characters.contains(&length), "{text}");
            }
        }
    }

    #[test]
    fn there_is_no_sample_of_what_can_not_be() {
        for (pattern, characters) in
            [("^a$", 2..=9), ("a^b", 0..=9), ("[", 0..=9), ("^[a-z]{20}$", 0..=9), ("(a{1000}){1000}", 0..=9)]
        {
            assert_eq!(sample(pattern, characters, &mut rand::rng()), None, "{pattern}");
        }
    }

    #[test]
    fn one_seed_gives_one_text() {
        use rand::SeedableRng as _;
        let text = |seed| generate("[a-z0-9]{40}", &mut rand::rngs::StdRng::seed_from_u64(seed)).unwrap();
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
