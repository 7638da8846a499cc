//! What the cases are asked of: the values of `words`, and many made by chance.

use rusqlite::types::Value;

use super::words;
use crate::differential::random::Random;

/// Values of a column of a case.
#[derive(Clone, Copy)]
pub enum Kind {
    Texts,
    /// Numbers as texts, and what is nearly one.
    Numbers,
    Reals,
    /// Small whole numbers of both signs.
    Small,
    /// Whole numbers up to 2^53.
    Wholes,
    Documents,
    /// Documents whose numbers are whole, as a part of a value in PostgreSQL does not tell 1.0 from 1.
    Plain,
    Keys,
    /// How deep brackets are nested, in pairs.
    Depths,
    Paths,
    Times,
    Modifiers,
    Formats,
    Patterns,
    Globs,
}

const MADE_NUMBERS: usize = 3000;
const MADE_REALS: usize = 4000;
const MADE_DOCUMENTS: usize = 1500;
const MADE_TIMES: usize = 1000;
const MADE_MODIFIERS: usize = 150;

/// The values of a kind, null among them.
pub fn of(kind: Kind, random: &mut Random) -> Vec<Value> {
    let words = || texts(words::WORDS);
    let mut values = match kind {
        Kind::Texts => words(),
        Kind::Numbers => [words(), texts(words::NUMBERS), many(MADE_NUMBERS, || number_text(random))].concat(),
        Kind::Reals => {
            let made = (0..MADE_REALS).map(|_| real(random)).filter(|number| (1e-9..1e22).contains(&number.abs()));
            words::REALS.iter().copied().chain(made).map(Value::Real).collect()
        }
        Kind::Small => {
            [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 31, 400].iter().flat_map(|n| [*n, -n]).map(Value::Integer).collect()
        }
        Kind::Wholes => [0, 1, 2, 3, 7, 100, 255, 1 << 31, (1 << 53) - 1, 1 << 53]
            .iter()
            .flat_map(|n| [*n, -n])
            .map(Value::Integer)
            .collect(),
        Kind::Documents => [words(), texts(words::DOCUMENTS), many(MADE_DOCUMENTS, || document(random, 3))].concat(),
        Kind::Plain => {
            let made = many(MADE_DOCUMENTS, || document(random, 2));
            [words(), texts(words::DOCUMENTS), made].concat().into_iter().filter(is_plain).collect()
        }
        Kind::Keys => texts(&["a", "b_1", "0", "", "é", "a.b", "$", "$.a", "a\"b", "[0]"]),
        Kind::Depths => [499, 500, 501, 20_000].map(Value::Integer).to_vec(),
        Kind::Paths => texts(words::PATHS),
        // The present is not the same to both; a case of its own asks for it.
        Kind::Times => [words(), texts(words::TIMES), many(MADE_TIMES, || time(random))]
            .concat()
            .into_iter()
            .filter(|value| *value != Value::Text("now".into()))
            .collect(),
        Kind::Modifiers => [texts(words::MODIFIERS), many(MADE_MODIFIERS, || modifier(random))].concat(),
        Kind::Formats => texts(words::FORMATS),
        Kind::Patterns => [words(), texts(words::PATTERNS)].concat(),
        Kind::Globs => [words(), texts(words::GLOBS)].concat(),
    };
    values.push(Value::Null);
    values
}

fn is_plain(document: &Value) -> bool {
    let Value::Text(text) = document else { return true };
    let bytes = text.as_bytes();
    let follows_digit = |at: usize| at > 0 && bytes[at - 1].is_ascii_digit();
    let broken = (0..bytes.len()).any(|at| matches!(bytes[at], b'.' | b'e' | b'E') && follows_digit(at));
    !broken
        && !text.contains("u0041")
        && !text.contains("-0")
        && !text.contains("9007199254740993")
        && !text.contains("12345678901234567890")
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::Text((*text).to_owned())).collect()
}

fn many(count: usize, mut make: impl FnMut() -> String) -> Vec<Value> {
    (0..count).map(|_| Value::Text(make())).collect()
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + u8::try_from(random.below(10)).expect("a digit"))).collect()
}

fn number_text(random: &mut Random) -> String {
    let most = [3, 9, 18, 30][random.below(4)];
    let whole = 1 + random.below(most);
    let mut text = random.pick(&["", "", "", " ", "\t\n", "  "]).to_owned();
    text += random.pick(&["", "", "", "-", "+"]);
    text += &digits(random, whole);
    if random.percent(50) {
        let fraction = random.below(18);
        text = format!("{text}.{}", digits(random, fraction));
    }
    if random.percent(30) {
        text = format!("{text}{}{}{}", random.pick(&["e", "E"]), random.pick(&["", "-", "+"]), random.below(330));
    }
    if random.percent(15) {
        text += random.pick(&[" ", "x", "_1", "\n", "e", ".", "'", "é", "-1"]);
    }
    text
}

/// Numbers of all sizes. Of very large and very small ones SQLite prints now and then another last digit than is right,
/// so none of those.
fn real(random: &mut Random) -> f64 {
    let part = |random: &mut Random, bound: usize| random.below(bound) as f64;
    match random.below(7) {
        0 => f64::from_bits(random.next()),
        1 => (random.next() >> random.below(60)) as f64,
        2 => (part(random, 2_000_000) - 1e6) / 100.0,
        3 => part(random, 2_000_000_000) / 10f64.powi(i32::try_from(random.below(12)).expect("small")),
        4 => {
            let count = 1 + random.below(17);
            format!("{}e{}", digits(random, count), random.below(30) as i64 - 15).parse().expect("a number")
        }
        5 => part(random, 1000) + part(random, 10) / 10.0 + f64::EPSILON * 100.0,
        _ => -(random.next() as f64) / (random.next() as f64),
    }
}

/// JSON whose objects have each key once.
fn document(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 6 } else { 9 }) {
        0 => random.pick(&["null", "true", "false"]).to_owned(),
        1 => (random.below(2000) as i64 - 1000).to_string(),
        2 => format!("{:?}", (random.below(2_000_000) as f64 - 1e6) / 1000.0),
        3 => format!("\"{}\"", random.pick(words::JSON_TEXTS)),
        4 => random.pick(&["1.0", "-0.0", "1e3", "1.5E-3", "100", "-7", "0", "12345678901234567890"]).to_owned(),
        5 => random.pick(&["[]", "{}", "[ ]", "\"x\""]).to_owned(),
        6 | 7 => format!("[{}]", members(random, depth - 1, false)),
        _ => format!("{{{}}}", members(random, depth - 1, true)),
    }
}

/// The inside of an array, or of an object where they have keys.
fn members(random: &mut Random, depth: usize, keyed: bool) -> String {
    let count = random.below(4);
    let member = |number: usize| {
        let space = random.pick(&["", "", " ", "\n"]);
        let name = random.pick(&["a", "b", "c", "é", "a.b", "0", "1", ""]);
        let number = if number > 0 { format!("_{number}") } else { String::new() };
        let key = if keyed { format!("\"{name}{number}\"{}", random.pick(&[":", ": ", " :"])) } else { String::new() };
        format!("{space}{key}{}", document(random, depth))
    };
    (0..count).map(member).collect::<Vec<_>>().join(",")
}

fn time(random: &mut Random) -> String {
    let mut below = |bound| random.below(bound);
    match below(4) {
        0 => {
            let (year, month, day) = (below(10000), below(12) + 1, below(31) + 1);
            format!(
                "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{:03}Z",
                below(24),
                below(60),
                below(60),
                below(1000)
            )
        }
        1 => format!("{:04}-{:02}-{:02}", 1900 + below(200), below(12) + 1, below(31) + 1),
        2 => {
            let (year, month, day) = (1900 + below(200), below(14), below(33));
            let sign = if below(2) == 0 { '+' } else { '-' };
            format!(
                "{year:04}-{month:02}-{day:02}T{:02}:{:02}{sign}{:02}:{:02}",
                below(25),
                below(60),
                below(15),
                below(60)
            )
        }
        _ => (below(600_000_000) as f64 / 100.0 - 1000.0).to_string(),
    }
}

fn modifier(random: &mut Random) -> String {
    let amount = random.below(4000) as f64 / [1.0, 10.0, 100.0][random.below(3)];
    let unit = random.pick(&["days", "months", "years", "hours", "minutes", "seconds", "Month", "YEAR"]);
    format!("{}{amount} {unit}", random.pick(&["+", "-", ""]))
}
