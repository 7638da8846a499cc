//! A translated statement inside of another one: its parameters are counted on.

use std::fmt::Write as _;

/// The statement with its parameters counted on from `by`; texts and names in it stay as they are.
pub(super) fn renumber(sql: &str, by: usize) -> String {
    if by == 0 {
        return sql.to_owned();
    }
    let mut shifted = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '\'', '"']) {
        let (before, from) = rest.split_at(at);
        shifted.push_str(before);
        let opening = from.chars().next().unwrap_or('$');
        let end = match opening {
            '$' => {
                let digits = from[1..].bytes().take_while(u8::is_ascii_digit).count();
                match from[1..=digits].parse::<usize>() {
                    // Writing into a text can't fail.
                    Ok(number) => drop(write!(shifted, "${}", number + by)),
                    Err(_) => shifted.push_str(&from[..=digits]),
                }
                1 + digits
            }
            quote => {
                // A doubled quote inside ends one text and begins the next, which comes to the same.
                let end = from[1..].find(quote).map_or(from.len(), |end| end + 2);
                shifted.push_str(&from[..end]);
                end
            }
        };
        rest = &from[end..];
    }
    shifted.push_str(rest);
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_on_but_not_in_texts_and_names() {
        assert_eq!(renumber("SELECT $1, $12::text", 2), "SELECT $3, $14::text");
        assert_eq!(renumber("'$1' || \"a$2\" || 'it''s $3' || $1", 4), "'$1' || \"a$2\" || 'it''s $3' || $5");
        assert_eq!(renumber("$", 1), "$");
        assert_eq!(renumber("'open $1", 1), "'open $1");
        assert_eq!(renumber("é $1 'ü' $2", 1), "é $2 'ü' $3");
    }
}
