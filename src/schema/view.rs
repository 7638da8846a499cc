//! What the columns of a view are as fields (contract 4.6): clones of the fields they come from, or what the expression
//! in the query says.

use super::defaults::id_field;
use super::field::{BoolOptions, JsonOptions, NumberOptions, RelationOptions, TextOptions};
use super::index_statement::{closing, scan, split_commas};
use super::{Collection, Field, FieldKind, Schema};
use crate::crypto::alphanumeric;
use crate::store::ColumnInfo;

/// The expressions of the outer select list, in order; an error where one of them is a wildcard.
pub fn select_list(query: &str) -> Result<Vec<&str>, String> {
    let start = word_at_top(query, 0, &["select"]).ok_or("it must be a select")? + "select".len();
    let end = word_at_top(query, start, &["from", "union", "intersect", "except", "where", "order", "limit", "group"]);
    let list = split_commas(&query[start..end.unwrap_or(query.len())]);
    let items: Vec<&str> = list.into_iter().map(|item| strip_distinct(item.trim())).collect();
    if items.iter().any(|item| *item == "*" || item.ends_with(".*")) {
        return Err("name the columns, a wildcard (*) is not supported".into());
    }
    Ok(items)
}

fn strip_distinct(item: &str) -> &str {
    match item.get(..9) {
        Some(head) if head.eq_ignore_ascii_case("distinct ") => item[9..].trim_start(),
        _ => item,
    }
}

/// The position of the first of the words outside of parentheses, quotes and comments.
fn word_at_top(query: &str, from: usize, words: &[&str]) -> Option<usize> {
    let text = &query[from..];
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    scan(text, |_, position, depth| {
        depth == 0
            && (position == 0 || !is_word(bytes[position - 1]))
            && words.iter().any(|word| {
                let end = position + word.len();
                text.get(position..end).is_some_and(|found| found.eq_ignore_ascii_case(word))
                    && bytes.get(end).is_none_or(|next| !is_word(*next))
            })
    })
    .map(|position| position + from)
}

/// The fields of a view. `old` keeps the ids that its clones had.
///
/// # Errors
/// The reason, for whoever wrote the query.
pub fn view_fields(
    query: &str,
    columns: &[ColumnInfo],
    schema: &Schema,
    old: Option<&Collection>,
) -> Result<Vec<Field>, String> {
    let list = select_list(query)?;
    if list.len() != columns.len() {
        return Err("the select list could not be understood".into());
    }
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for (column, expression) in columns.iter().zip(list) {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if column.name.is_empty() || !column.name.bytes().all(word) {
            return Err(format!("the column {:?} needs an alias of letters, digits and underscores", column.name));
        }
        if let Some(error) = Field::validate_name(&column.name, false) {
            return Err(format!("the column {:?} can't be used: {}", column.name, error.message));
        }
        if fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.name)) {
            return Err(format!("the column {:?} appears twice", column.name));
        }
        let mut field = infer(column, expression, schema);
        let same = |known: &&Field| known.name == field.name && known.kind.name() == field.kind.name();
        if let Some(known) = old.and_then(|old| old.fields.iter().find(same)) {
            field.id.clone_from(&known.id);
        }
        fields.push(field);
    }
    if !fields.iter().any(Field::is_primary_key) {
        return Err("there must be a column named id".into());
    }
    Ok(fields)
}

fn infer(column: &ColumnInfo, expression: &str, schema: &Schema) -> Field {
    if column.name == "id" {
        return view_id();
    }
    let lower = expression.trim_start().to_ascii_lowercase();
    let called = |name: &str| lower.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('('));
    let kind = if called("count") {
        FieldKind::Number(NumberOptions { only_int: true, ..NumberOptions::default() })
    } else if called("total") {
        FieldKind::Number(NumberOptions::default())
    } else if let Some(kind) = called("cast").then(|| cast(&lower)).flatten() {
        kind
    } else if let Some(field) = column.origin.as_ref().and_then(|origin| clone_of(origin, &column.name, schema)) {
        return field;
    } else {
        FieldKind::Json(JsonOptions { max_size: 1 })
    };
    Field::new(column.name.as_str(), kind)
}

fn view_id() -> Field {
    let mut field = id_field();
    if let FieldKind::Text(text) = &mut field.kind {
        *text = TextOptions { primary_key: true, pattern: "^[a-z0-9]+$".into(), ..TextOptions::default() };
    }
    field
}

fn cast(expression: &str) -> Option<FieldKind> {
    let inner = expression.split_once('(')?.1;
    let (_, target) = inner[..closing(inner)?].rsplit_once(" as ")?;
    let target = target.trim_start().split(|next: char| !next.is_ascii_alphanumeric()).next()?;
    Some(match target {
        "int" | "integer" => FieldKind::Number(NumberOptions { only_int: true, ..NumberOptions::default() }),
        "real" | "decimal" | "numeric" => FieldKind::Number(NumberOptions::default()),
        "text" => FieldKind::Text(TextOptions::default()),
        "bool" | "boolean" => FieldKind::Bool(BoolOptions::default()),
        _ => return None,
    })
}

fn clone_of((table, column): &(String, String), name: &str, schema: &Schema) -> Option<Field> {
    let collection = schema.by_name(table)?;
    let (_, source) = collection.field(column)?;
    if source.is_primary_key() {
        let target = RelationOptions { collection_id: collection.id.clone(), max_select: 1, ..Default::default() };
        return Some(Field::new(name, FieldKind::Relation(target)));
    }
    Some(Field { id: clone_id(), name: name.to_owned(), ..source.clone() })
}

fn clone_id() -> String {
    format!("_clone_{}", alphanumeric(4))
}

#[cfg(test)]
mod tests {
    use super::select_list;

    #[test]
    fn the_outer_select_list_is_found() {
        let check = |query: &str, expected: &[&str]| assert_eq!(select_list(query).unwrap(), expected, "{query}");
        check("select id, n from posts", &["id", "n"]);
        check("with x as (select a, b from y) select distinct x.id, count(a, b) c from x", &["x.id", "count(a, b) c"]);
        check(
            "select (select max(n) from posts) as id, 'a, from' t",
            &["(select max(n) from posts) as id", "'a, from' t"],
        );
        assert!(select_list("select * from posts").is_err());
        assert!(select_list("select p.* from posts p").is_err());
    }
}
