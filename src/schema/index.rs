//! What an index statement says, as far as the rest of the model asks.

/// A unique index over one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniqueColumn {
    /// Whether the index folds ASCII letter case (`COLLATE NOCASE`).
    pub folds_case: bool,
}

/// Whether a `CREATE INDEX` statement is a unique index over just this column (partial ones count).
pub fn unique_on(statement: &str, column: &str) -> Option<UniqueColumn> {
    let (head, rest) = statement.split_once('(')?;
    let unique = head.split_whitespace().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("unique"));
    let (columns, _) = rest.split_once(')')?;
    let mut words = columns.split_whitespace();
    let name = words.next()?.trim_matches(['`', '"', '[', ']', '\'']);
    if !unique || columns.contains([',', '(']) || !name.eq_ignore_ascii_case(column) {
        return None;
    }
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let folds_case =
        words.windows(2).any(|pair| pair[0] == "collate" && pair[1].trim_matches(['`', '"', '[', ']']) == "nocase");
    Some(UniqueColumn { folds_case })
}

#[cfg(test)]
mod tests {
    use super::*;

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
