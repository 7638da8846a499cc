//! The value model: how two stored values compare, as SQLite does it (engine.md's "value model").
//!
//! Null < Num < Text; a column has an affinity that converts the constant it meets; text is compared byte
//! by byte, and LIKE folds ASCII letters only.

use std::cmp::Ordering;

use crate::store::Value;

use super::ast::Op;

/// What a side of a comparison does to the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    /// A constant or an expression: none.
    None,
    Text,
    Numeric,
}

/// `left op right` under the affinities of both sides; `None` is SQL's NULL, which a filter takes as false.
/// Equality follows contract 3.2: empty text and null coincide unless a side is strict (json).
pub(super) fn compare(
    op: Op,
    left: &Value,
    left_affinity: Affinity,
    right: &Value,
    right_affinity: Affinity,
) -> Option<bool> {
    match op {
        Op::Like => like(left, right),
        Op::NotLike => like(left, right).map(|found| !found),
        Op::Eq => equal(left, left_affinity, right, right_affinity),
        Op::Ne => Some(!equal(left, left_affinity, right, right_affinity).unwrap_or(false)),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let (left, right) = convert(left, left_affinity, right, right_affinity);
            let order = order(&left, &right)?;
            Some(match op {
                Op::Lt => order == Ordering::Less,
                Op::Le => order != Ordering::Greater,
                Op::Gt => order == Ordering::Greater,
                _ => order != Ordering::Less,
            })
        }
    }
}

/// True for what `''` and `null` stand for.
pub(super) fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || value.text() == Some("")
}

fn equal(left: &Value, left_affinity: Affinity, right: &Value, right_affinity: Affinity) -> Option<bool> {
    match (is_empty(left), is_empty(right)) {
        (true, true) => return Some(true),
        (true, false) | (false, true) => return Some(false),
        (false, false) => {}
    }
    let both_columns = left_affinity != Affinity::None && right_affinity != Affinity::None;
    // Two columns are compared inside COALESCE, which takes their affinity away.
    let (left, right) = match both_columns {
        true => (left.clone(), right.clone()),
        false => convert(left, left_affinity, right, right_affinity),
    };
    Some(order(&left, &right) == Some(Ordering::Equal))
}

/// SQLite's rule: a numeric column turns the text it meets into a number where it spells one; a text column
/// turns a number into text.
fn convert(left: &Value, left_affinity: Affinity, right: &Value, right_affinity: Affinity) -> (Value, Value) {
    use Affinity::{None, Numeric, Text};
    match (left_affinity, right_affinity) {
        (Numeric, None | Text) => (left.clone(), to_number(right)),
        (None | Text, Numeric) => (to_number(left), right.clone()),
        (Text, None) => (left.clone(), to_text(right)),
        (None, Text) => (to_text(left), right.clone()),
        _ => (left.clone(), right.clone()),
    }
}

fn to_number(value: &Value) -> Value {
    let Some(text) = value.text() else { return value.clone() };
    let trimmed = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let spelled = !trimmed.is_empty()
        && trimmed.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
        // A large one is not rounded.
        (Ok(number), _) => Value::Int(number),
        (_, Ok(number)) if spelled => Value::Real(number),
        _ => value.clone(),
    }
}

fn to_text(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Text(number.to_string()),
        Value::Bool(flag) => Value::Text(u8::from(*flag).to_string()),
        Value::Real(number) => Value::Text(real_text(*number)),
        other => other.clone(),
    }
}

/// A real as SQLite spells it: always with a point.
pub(super) fn real_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.1}") } else { format!("{number}") }
}

/// Whether our spelling of a number is SQLite's for sure: whole or short, and not so large or small that it
/// would be written with an exponent.
pub(super) fn prints_plainly(value: &Value) -> bool {
    let Value::Real(number) = value else { return true };
    let size = number.abs();
    *number == 0.0 || ((1e-4..1e15).contains(&size) && format!("{size}").len() <= 15)
}

/// The order of two values of the model; `None` where one is null.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Text(_), _) => Some(Ordering::Greater),
        (_, Value::Text(_)) => Some(Ordering::Less),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Real(right)) => exact_order(*left, *right),
        (Value::Real(left), Value::Int(right)) => exact_order(*right, *left).map(Ordering::reverse),
        (left, right) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Without rounding the whole number to the next that a real can be.
fn exact_order(whole: i64, real: f64) -> Option<Ordering> {
    if real.is_nan() {
        return None;
    }
    // 2^63, the first above all whole numbers.
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if real >= ABOVE {
        return Some(Ordering::Less);
    }
    if real < -ABOVE {
        return Some(Ordering::Greater);
    }
    Some(whole.cmp(&(real.trunc() as i64)).then(0.0_f64.total_cmp(&(real.fract() + 0.0))))
}

fn like(left: &Value, pattern: &Value) -> Option<bool> {
    let left = as_like_text(left)?;
    let pattern = as_like_text(pattern)?;
    Some(matches(&tokens(&pattern), left.as_bytes()))
}

fn as_like_text(value: &Value) -> Option<String> {
    match to_text(value) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The right side of `~` as a LIKE pattern (contract 3.2): used as it is when it holds a `%` that is not
/// escaped; else put between two, with `%`, `_` and `\\` standing for themselves.
pub(super) fn like_pattern(text: &str) -> String {
    if has_wildcard(text) { text.to_owned() } else { format!("%{}%", escape(text)) }
}

fn has_wildcard(text: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if c == '%' && !escaped {
            return true;
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

/// Puts a backslash before each special character that has none yet.
fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next @ ('%' | '_' | '\\'))) => {
                pattern.extend([c, *next]);
                chars.next();
            }
            ('\\' | '%' | '_', _) => pattern.extend(['\\', c]),
            _ => pattern.push(c),
        }
    }
    pattern
}

#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Many,
    One,
    Char(char),
}

fn tokens(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '%' => Piece::Many,
            '_' => Piece::One,
            '\\' => match chars.next() {
                Some(escaped) => Piece::Char(escaped),
                None => return vec![Piece::Char('\0')],
            },
            _ => Piece::Char(c),
        });
    }
    pieces
}

/// LIKE with backtracking to the last `%` only, so that no pattern takes more than the product of lengths.
fn matches(pattern: &[Piece], text: &[u8]) -> bool {
    let text: Vec<char> = String::from_utf8_lossy(text).chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some(Piece::Many) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Char(c)) => c.eq_ignore_ascii_case(&text[t]),
            None => false,
        };
        match (step, retry) {
            (true, _) => {
                p += 1;
                t += 1;
            }
            (false, Some((after, from))) => {
                retry = Some((after, from + 1));
                p = after;
                t = from + 1;
            }
            (false, None) => return false,
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::Many)
}

/// A constant as a pattern or an item: numbers without a needless fraction, booleans in words.
pub(super) fn constant_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Null | Value::Blob(_) => String::new(),
    }
}
