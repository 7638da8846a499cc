//! Functions of JSON, and the arrows.

use super::Refused;
use super::ast::{Binary, Expr};
use super::catalog::Kind;
use super::scope::Scope;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed};

impl Translator<'_> {
    /// `None` where the function is none of JSON.
    pub(super) fn json_function(&mut self, scope: &Scope<'_>, name: &str, arguments: &[Expr]) -> Result<Option<Typed>> {
        if !name.starts_with("json") {
            return Ok(None);
        }
        let values = arguments.iter().map(|argument| self.expr(scope, argument)).collect::<Result<Vec<_>>>()?;
        let value = match (name, values.as_slice()) {
            ("json_extract", [document, path]) => extract(document, &path.text()),
            ("json_valid", [document]) => valid(document),
            ("json_type", [document]) => json_type(document, "'$'"),
            ("json_type", [document, path]) => json_type(document, &path.text()),
            ("json_array_length", [document]) => Typed::int_of(format!("basalt_json_length({})", raw(document))),
            ("json_array_length", [document, path]) => {
                let sql = format!("basalt_json_length({}::basalt_json, {})", raw(document), path.text());
                Typed::int_of(sql)
            }
            ("json_array", values) => {
                let items: Vec<String> = values.iter().map(item).collect();
                made(format!("('[' || {} || ']')", listed(&items)))
            }
            ("json_object", values) if values.len().is_multiple_of(2) => {
                let members = values.chunks(2).map(|pair| format!("{} || ':' || {}", quoted(&pair[0]), item(&pair[1])));
                made(format!("('{{' || {} || '}}')", listed(&members.collect::<Vec<_>>())))
            }
            ("json_quote", [value]) => made(item(value)),
            ("json", [document]) => made(format!("basalt_json({}::text)", raw(document))),
            ("json_group_array" | "json_group_object", _) => return Ok(None),
            _ => {
                let reason = format!("{name}() with {} arguments is not available on PostgreSQL", values.len());
                return Err(Refused::new(reason));
            }
        };
        Ok(Some(value))
    }

    /// `->` gives JSON, `->>` a value.
    pub(super) fn arrow(&mut self, scope: &Scope<'_>, operator: Binary, left: &Expr, right: &Expr) -> Result<Typed> {
        let document = self.expr(scope, left)?;
        let label = self.expr(scope, right)?;
        let path = format!("basalt_json_path({})", label.integer().unwrap_or_else(|| label.text()));
        if operator == Binary::JsonValue {
            return Ok(extract(&document, &path));
        }
        let document = match document.form {
            Form::Json(sql) => sql,
            _ => format!("{}::basalt_json", document.text()),
        };
        Ok(Typed { is_json: true, ..Typed::text_of(format!("basalt_json_sub({document}, {path})")) })
    }
}

/// A document as the functions of JSON take it.
fn raw(document: &Typed) -> String {
    match &document.form {
        Form::Json(sql) => sql.clone(),
        _ => document.text(),
    }
}

fn extract(document: &Typed, path: &str) -> Typed {
    if document.is_null() {
        return Typed::null();
    }
    let document = raw(document);
    let text = super::typed::collated(&format!("basalt_json_text({document}, {path})"));
    Typed::of(Form::Dynamic(format!("basalt_json_num({document}, {path})"), text))
}

/// A stored column of JSON is valid or null.
fn valid(document: &Typed) -> Typed {
    match &document.form {
        Form::Null => Typed::null(),
        Form::Json(_) if document.never_null => Typed::bool_of("TRUE").certain(),
        Form::Json(sql) => Typed::bool_of(format!("NULLIF({sql} IS NOT NULL, FALSE)")),
        _ => Typed::bool_of(format!("basalt_json_valid({})", document.text())),
    }
}

fn json_type(document: &Typed, path: &str) -> Typed {
    Typed::text_of(format!("basalt_json_type({}, {path})", raw(document)))
}

fn made(sql: String) -> Typed {
    Typed { is_json: true, spells_number: Some(false), ..Typed::text_of(sql) }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "''".to_owned() } else { items.join(" || ',' || ") }
}

/// A text in the quotes of JSON.
fn quoted(value: &Typed) -> String {
    format!("to_json({})::text", value.text())
}

/// A value as an item of JSON: never null.
pub(super) fn item(value: &Typed) -> String {
    let sql = match &value.form {
        Form::Null => return "'null'".to_owned(),
        Form::Text(sql) if value.is_json => sql.clone(),
        Form::Text(_) => quoted(value),
        Form::Json(sql) => {
            let number = format!("basalt_num({sql})");
            format!("(CASE WHEN {number} IS NULL THEN to_json({sql}::text)::text ELSE {sql}::text END)")
        }
        Form::Dynamic(number, text) => {
            let text = if value.is_json { text.clone() } else { format!("to_json({text})::text") };
            format!("COALESCE({text}, basalt_text({number}))")
        }
        _ => value.text(),
    };
    match value.kind() {
        _ if value.never_null => sql,
        Kind::Blob => "'null'".to_owned(),
        _ => format!("COALESCE({sql}, 'null')"),
    }
}

/// Members of an object made of groups.
pub(super) fn member(key: &Typed, value: &Typed) -> String {
    format!("{} || ':' || {}", quoted(key), item(value))
}
