//! `CREATE INDEX` statements of a collection, taken apart and put together again (contract 4.4).

/// The parts of a `CREATE [UNIQUE] INDEX` statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexStatement {
    pub unique: bool,
    /// `IF NOT EXISTS`.
    pub optional: bool,
    pub name: String,
    pub table: String,
    /// What stands between the parentheses, one item a column or expression.
    pub columns: Vec<String>,
    /// The condition of a partial index; empty without one.
    pub condition: String,
}

impl IndexStatement {
    /// Takes a statement apart; `None` for anything but one `CREATE INDEX`.
    pub fn parse(statement: &str) -> Option<Self> {
        let mut rest = statement.trim().trim_end_matches(';').trim_end();
        if contains_outside_quotes(rest, ';') {
            return None;
        }
        take_word(&mut rest, "create").then_some(())?;
        let unique = take_word(&mut rest, "unique");
        take_word(&mut rest, "index").then_some(())?;
        let optional = take_word(&mut rest, "if");
        if optional {
            (take_word(&mut rest, "not") && take_word(&mut rest, "exists")).then_some(())?;
        }
        let mut name = take_name(&mut rest)?;
        if let Some(after) = rest.trim_start().strip_prefix('.') {
            rest = after;
            name = take_name(&mut rest)?;
        }
        take_word(&mut rest, "on").then_some(())?;
        let table = take_name(&mut rest).unwrap_or_default();
        let inner = rest.trim_start().strip_prefix('(')?;
        let end = closing(inner)?;
        let columns: Vec<String> = split_commas(&inner[..end]).into_iter().map(|part| part.trim().to_owned()).collect();
        let mut tail = &inner[end + 1..];
        let condition = if take_word(&mut tail, "where") { tail.trim().to_owned() } else { String::new() };
        let complete = !name.is_empty() && columns.iter().all(|column| !column.is_empty());
        (complete && (!condition.is_empty() || tail.trim().is_empty())).then_some(Self {
            unique,
            optional,
            name,
            table,
            columns,
            condition,
        })
    }

    /// The statement in its canonical form.
    pub fn build(&self) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let optional = if self.optional { "IF NOT EXISTS " } else { "" };
        let columns: Vec<String> = self.columns.iter().map(|column| quote_column(column)).collect();
        let columns = match columns.as_slice() {
            [one] => one.clone(),
            many => format!("\n  {}\n", many.join(",\n  ")),
        };
        let condition = if self.condition.is_empty() { String::new() } else { format!(" WHERE {}", self.condition) };
        format!("CREATE {unique}INDEX {optional}`{}` ON `{}` ({columns}){condition}", self.name, self.table)
    }

    /// The statement on another table; unchanged text where it is on that table already.
    pub fn on_table(statement: &str, table: &str) -> String {
        match Self::parse(statement) {
            Some(parsed) if parsed.table != table => Self { table: table.to_owned(), ..parsed }.build(),
            _ => statement.to_owned(),
        }
    }

    /// The name of a column without quotes, collation and direction; an expression stays as it is.
    pub fn column_name(column: &str) -> &str {
        let column = column.trim();
        match column.chars().next() {
            Some(open @ ('`' | '"' | '\'' | '[')) => {
                let close = if open == '[' { ']' } else { open };
                column[1..].split(close).next().unwrap_or_default()
            }
            _ if column.contains('(') => column,
            _ => column.split_whitespace().next().unwrap_or_default(),
        }
    }
}

fn quote_column(column: &str) -> String {
    let name = IndexStatement::column_name(column);
    let word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !word {
        return column.to_owned();
    }
    let rest = column.trim().trim_start_matches(['`', '"', '\'', '[']);
    let rest = rest[name.len()..].trim_start_matches(['`', '"', '\'', ']']);
    let keyword = |word: &&str| ["collate", "asc", "desc"].iter().any(|known| known.eq_ignore_ascii_case(word));
    let words = rest.split_whitespace();
    let rest: String = words
        .map(|word| if keyword(&word) { format!(" {}", word.to_uppercase()) } else { format!(" {word}") })
        .collect();
    format!("`{name}`{rest}")
}

fn take_word(rest: &mut &str, word: &str) -> bool {
    let text = rest.trim_start();
    let Some(head) = text.get(..word.len()) else { return false };
    let ends = text[word.len()..].chars().next().is_none_or(|next| !(next.is_alphanumeric() || next == '_'));
    let found = head.eq_ignore_ascii_case(word) && ends;
    if found {
        *rest = &text[word.len()..];
    }
    found
}

fn take_name(rest: &mut &str) -> Option<String> {
    let text = rest.trim_start();
    let open = text.chars().next()?;
    if let Some(close) = match open {
        '[' => Some(']'),
        '`' | '"' | '\'' => Some(open),
        _ => None,
    } {
        let end = text[1..].find(close)?;
        *rest = &text[end + 2..];
        return Some(text[1..=end].to_owned());
    }
    let end = text.find(|next: char| !(next.is_alphanumeric() || next == '_')).unwrap_or(text.len());
    *rest = &text[end..];
    (end > 0).then(|| text[..end].to_owned())
}

/// Calls `visit` for each character outside of quotes and comments with the depth of parentheses before it;
/// stops where it says so and gives that position.
pub(super) fn scan(text: &str, mut visit: impl FnMut(char, usize, usize) -> bool) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    let mut characters = text.char_indices().peekable();
    while let Some((position, character)) = characters.next() {
        if let Some(close) = quote {
            if character == close {
                quote = None;
            }
            continue;
        }
        let next = characters.peek().map(|(_, next)| *next);
        match (character, next) {
            ('\'' | '"' | '`', _) => quote = Some(character),
            ('[', _) => quote = Some(']'),
            ('-', Some('-')) => quote = Some('\n'),
            ('/', Some('*')) => {
                let mut last = ' ';
                characters.next();
                for (_, inside) in characters.by_ref() {
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
            }
            _ => {
                if visit(character, position, depth) {
                    return Some(position);
                }
                match character {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }
    None
}

fn contains_outside_quotes(text: &str, wanted: char) -> bool {
    scan(text, |character, _, _| character == wanted).is_some()
}

pub(super) fn closing(text: &str) -> Option<usize> {
    scan(text, |character, _, depth| character == ')' && depth == 0)
}

pub(super) fn split_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    scan(text, |character, position, depth| {
        if character == ',' && depth == 0 {
            parts.push(&text[start..position]);
            start = position + 1;
        }
        false
    });
    parts.push(&text[start..]);
    parts
}

/// A unique index over one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniqueColumn {
    /// Whether the index folds ASCII letter case (`COLLATE NOCASE`).
    pub folds_case: bool,
}

/// Whether a `CREATE INDEX` statement is a unique index over just this column (partial ones count).
pub fn unique_on(statement: &str, column: &str) -> Option<UniqueColumn> {
    let index = IndexStatement::parse(statement)?;
    let [only] = index.columns.as_slice() else { return None };
    if !index.unique || !IndexStatement::column_name(only).eq_ignore_ascii_case(column) {
        return None;
    }
    let words: Vec<String> = only.split_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
    let is_nocase = |word: &str| word.trim_matches(['`', '"', '[', ']']) == "nocase";
    Some(UniqueColumn { folds_case: words.windows(2).any(|pair| pair[0] == "collate" && is_nocase(&pair[1])) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_moved_to_their_table() {
        let check = |statement: &str, expected: &str| {
            assert_eq!(IndexStatement::on_table(statement, "posts"), expected);
        };
        check("create unique index idx_t on foo (title)", "CREATE UNIQUE INDEX `idx_t` ON `posts` (`title`)");
        check("CREATE INDEX a ON posts (title)", "CREATE INDEX a ON posts (title)");
        check(
            "create index if not exists \"a\" on [x] (`b` collate NOCASE desc, lower(c)) where b != ';)'",
            "CREATE INDEX IF NOT EXISTS `a` ON `posts` (\n  `b` COLLATE NOCASE DESC,\n  lower(c)\n) WHERE b != ';)'",
        );
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for statement in [
            "",
            "bad",
            "create table x (a)",
            "create index a on b (c); drop table b",
            "create index a on b ()",
            "create index a on b (c",
            "create index on b (c)",
            "create index a on b (c) nonsense",
        ] {
            assert_eq!(IndexStatement::parse(statement), None, "{statement}");
        }
    }

    #[test]
    fn single_unique_columns_are_recognised() {
        let folds = |statement: &str| unique_on(statement, "email").map(|found| found.folds_case);
        assert_eq!(folds("CREATE UNIQUE INDEX `a` ON `users` (`email`) WHERE `email` != ''"), Some(false));
        assert_eq!(folds("create unique index if not exists a on users ([email] collate nocase desc)"), Some(true));
        assert_eq!(folds("CREATE INDEX a ON users (email)"), None);
        assert_eq!(folds("CREATE UNIQUE INDEX a ON users (email, name)"), None);
        assert_eq!(folds("CREATE UNIQUE INDEX a ON users (lower(email))"), None);
        assert_eq!(folds("CREATE UNIQUE INDEX a ON users (name)"), None);
        assert_eq!(folds("nonsense"), None);
    }
}
