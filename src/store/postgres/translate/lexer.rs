//! A text of SQLite's SQL to tokens.

use super::Refused;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A word without quotes: a keyword or a name.
    Word(String),
    /// A name in `"…"`, `` `…` `` or `[…]`. The first form may also be a text, where no such column is.
    Quoted {
        name: String,
        double: bool,
    },
    Text(String),
    Blob(Vec<u8>),
    Int(i64),
    Real(f64),
    /// `?N`; the number less one.
    Parameter(usize),
    /// An operator or a mark.
    Mark(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

/// Longest first.
const MARKS: &[&str] = &[
    "->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!=", "==", "(", ")", ",", ".", ";", "+", "-", "*", "/", "%", "=",
    "<", ">", "&", "|", "~",
];

pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut lexer = Lexer { sql, position: 0 };
    while lexer.skip_blanks() {
        let start = lexer.position;
        let kind = lexer.next()?;
        tokens.push(Token { kind, start, end: lexer.position });
    }
    Ok(tokens)
}

/// Whether a text as a whole spells a number, as a numeric affinity reads it.
pub(super) fn spells_number(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = &text[whole..];
    let mut digits = whole;
    if let Some(after) = rest.strip_prefix('.') {
        let part = after.bytes().take_while(u8::is_ascii_digit).count();
        digits += part;
        rest = &after[part..];
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        return digits > 0 && !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
    }
    digits > 0 && rest.is_empty()
}

/// How deeply a statement may nest at most: the number of all that can begin something inside of something.
pub(super) fn may_nest(sql: &str) -> usize {
    let marks = sql.bytes().filter(|byte| matches!(byte, b'(' | b'-' | b'+' | b'~')).count();
    let words = sql.split(|letter: char| !letter.is_ascii_alphabetic());
    marks + words.filter(|word| word.eq_ignore_ascii_case("not") || word.eq_ignore_ascii_case("case")).count()
}

struct Lexer<'s> {
    sql: &'s str,
    position: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.sql[self.position..]
    }

    /// Passes over white space and comments; whether anything follows.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
            self.position += rest.len() - trimmed.len();
            let comment = match trimmed {
                text if text.starts_with("--") => text.find('\n').map_or(text.len(), |end| end + 1),
                text if text.starts_with("/*") => text[2..].find("*/").map_or(text.len(), |end| end + 4),
                text => return !text.is_empty(),
            };
            self.position += comment;
        }
    }

    fn next(&mut self) -> Result<TokenKind, Refused> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or_default();
        match first {
            '\'' => Ok(TokenKind::Text(self.quoted('\'', '\'')?)),
            '"' => Ok(TokenKind::Quoted { name: self.quoted('"', '"')?, double: true }),
            '`' => Ok(TokenKind::Quoted { name: self.quoted('`', '`')?, double: false }),
            '[' => Ok(TokenKind::Quoted { name: self.quoted('[', ']')?, double: false }),
            'x' | 'X' if rest[1..].starts_with('\'') => {
                self.position += 1;
                self.blob()
            }
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number(),
            '?' => self.parameter(),
            _ if is_word(first) => {
                let end = rest.find(|next: char| !is_word(next) && !next.is_ascii_digit()).unwrap_or(rest.len());
                self.position += end;
                Ok(TokenKind::Word(rest[..end].to_owned()))
            }
            _ => {
                let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
                let mark = mark.ok_or_else(|| Refused::new(format!("unrecognized token: {first:?}")))?;
                self.position += mark.len();
                Ok(TokenKind::Mark(mark))
            }
        }
    }

    /// A doubled closing mark stands for itself.
    fn quoted(&mut self, open: char, close: char) -> Result<String, Refused> {
        let mut out = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((position, character)) = characters.next() {
            if character != close {
                out.push(character);
            } else if open == close && characters.peek().is_some_and(|(_, next)| *next == close) {
                out.push(character);
                characters.next();
            } else {
                self.position += position + close.len_utf8();
                return Ok(out);
            }
        }
        Err(Refused::new(format!("a {open} is never closed")))
    }

    fn blob(&mut self) -> Result<TokenKind, Refused> {
        let digits = self.quoted('\'', '\'')?;
        let refused = || Refused::new("a blob is an even number of hexadecimal digits");
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).ok().filter(|_| pair.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        };
        pairs.map(byte).collect::<Option<Vec<u8>>>().map(TokenKind::Blob).ok_or_else(refused)
    }

    fn number(&mut self) -> Result<TokenKind, Refused> {
        let rest = self.rest();
        let refused = || Refused::new("a number is not spelled as one");
        if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
            self.position += 2 + length;
            let bits = u64::from_str_radix(&digits[..length], 16).map_err(|_| refused())?;
            return Ok(TokenKind::Int(bits.cast_signed()));
        }
        let mut end = 0;
        let bytes = rest.as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        end = digits(end);
        let mut whole = true;
        if bytes.get(end) == Some(&b'.') {
            whole = false;
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let after = digits(end + 1 + sign);
            if after > end + 1 + sign {
                whole = false;
                end = after;
            }
        }
        if rest[end..].starts_with(|next: char| is_word(next)) {
            return Err(refused());
        }
        self.position += end;
        let text = &rest[..end];
        match text.parse::<i64>() {
            Ok(number) if whole => Ok(TokenKind::Int(number)),
            _ => text.parse().map(TokenKind::Real).map_err(|_| refused()),
        }
    }

    fn parameter(&mut self) -> Result<TokenKind, Refused> {
        let digits = self.rest()[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[1..=digits].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        self.position += 1 + digits;
        number.map(TokenKind::Parameter).ok_or_else(|| Refused::new("parameters are written ?1, ?2, …"))
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || character == '$' || !character.is_ascii()
}
