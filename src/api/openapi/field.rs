//! A field as a schema: what an answer holds, and what a body may hold. A body is described as strictly as it is checked,
//! although coercion lets more pass.

use serde_json::{Value as Json, json};

use crate::schema::{Field, FieldKind};

/// An empty text is "no date".
const DATE_PATTERN: &str = r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}Z)?$";

/// The value of this field in an answer.
pub(super) fn answer(field: &Field) -> Json {
    match &field.kind {
        FieldKind::Number(_) => json!({ "type": "number" }),
        FieldKind::Bool(_) => json!({ "type": "boolean" }),
        FieldKind::Date(_) | FieldKind::Autodate(_) => json!({ "type": "string", "pattern": DATE_PATTERN }),
        FieldKind::Json(_) => json!({}),
        FieldKind::GeoPoint(_) => point(json!({ "type": "number" }), json!({ "type": "number" })),
        FieldKind::Select(select) if field.is_multi() => array(json!({ "type": "string", "enum": select.values })),
        FieldKind::Select(select) => json!({ "type": "string", "enum": with_empty(&select.values) }),
        FieldKind::Relation(_) | FieldKind::File(_) if field.is_multi() => array(json!({ "type": "string" })),
        _ => json!({ "type": "string" }),
    }
}

/// The value of this field in a body.
pub(super) fn input(field: &Field) -> Json {
    let mut schema = any_input(field);
    if field.required {
        refuse_blank(field, &mut schema);
    }
    schema
}

/// What the type takes, blank values included.
fn any_input(field: &Field) -> Json {
    match &field.kind {
        FieldKind::Text(text) => {
            let mut schema = json!({ "type": "string", "maxLength": if text.max > 0 { text.max } else { 5000 } });
            if !text.pattern.is_empty() {
                schema["pattern"] = format!("^$|{}", text.pattern).into();
            }
            schema
        }
        FieldKind::Password(password) => json!({
            "type": "string",
            "minLength": password.min,
            "maxLength": if password.max > 0 { password.max } else { 71 },
        }),
        FieldKind::Number(number) => {
            let mut schema = json!({ "type": if number.only_int { "integer" } else { "number" } });
            for (key, bound) in [("minimum", number.min), ("maximum", number.max)] {
                if let Some(bound) = bound {
                    schema[key] = bound.into();
                }
            }
            schema
        }
        FieldKind::Date(_) => json!({ "type": "string", "description": "Most ISO 8601 forms; UTC without a zone." }),
        FieldKind::GeoPoint(_) => point(
            json!({ "type": "number", "minimum": -180, "maximum": 180 }),
            json!({ "type": "number", "minimum": -90, "maximum": 90 }),
        ),
        _ if field.is_multi() => {
            let mut schema = answer(field);
            schema["maxItems"] = field.max_select().into();
            schema
        }
        _ => answer(field),
    }
}

/// What a required field asks for beyond its type.
fn refuse_blank(field: &Field, schema: &mut Json) {
    match &field.kind {
        FieldKind::Text(text) => {
            schema["minLength"] = text.min.max(1).into();
            if !text.pattern.is_empty() {
                schema["pattern"] = text.pattern.as_str().into();
            }
        }
        FieldKind::Password(password) => schema["minLength"] = password.min.max(1).into(),
        FieldKind::Email(email) => {
            schema["format"] = "email".into();
            if !email.only_domains.is_empty() {
                let domains: Vec<String> = email.only_domains.iter().map(|domain| regex::escape(domain)).collect();
                schema["pattern"] = format!("@({})$", domains.join("|")).into();
            }
        }
        FieldKind::Url(_) => schema["format"] = "uri".into(),
        FieldKind::Bool(_) => schema["const"] = true.into(),
        FieldKind::Number(_) => schema["not"] = json!({ "const": 0 }),
        FieldKind::Json(_) => schema["not"] = json!({ "enum": [null, "", [], {}] }),
        FieldKind::Relation(relation) if field.is_multi() => schema["minItems"] = relation.min_select.max(1).into(),
        FieldKind::Select(_) | FieldKind::File(_) if field.is_multi() => schema["minItems"] = 1.into(),
        FieldKind::Select(select) => schema["enum"] = json!(select.values),
        FieldKind::Date(_) => schema["format"] = "date-time".into(),
        FieldKind::Editor(_) | FieldKind::Relation(_) | FieldKind::File(_) => schema["minLength"] = 1.into(),
        // The point 0, 0 counts as none, which few tools can be told.
        FieldKind::GeoPoint(_) | FieldKind::Autodate(_) => {}
    }
}

/// The keys that change a value instead of setting it, with what they take.
pub(super) fn modifiers(field: &Field) -> Vec<(String, Json)> {
    let (append, prepend, remove) =
        (format!("{}+", field.name), format!("+{}", field.name), format!("{}-", field.name));
    match &field.kind {
        FieldKind::Number(_) => {
            let number = json!({ "type": "number" });
            vec![(append, number.clone()), (remove, number)]
        }
        FieldKind::Select(_) | FieldKind::Relation(_) if field.is_multi() => {
            let items = answer(field);
            let one_or_many = json!({ "oneOf": [items["items"], items] });
            vec![(append, one_or_many.clone()), (prepend, one_or_many.clone()), (remove, one_or_many)]
        }
        FieldKind::File(_) => {
            let names = json!({ "type": "string", "description": "The name of a file to remove." });
            vec![(remove, names)]
        }
        _ => Vec::new(),
    }
}

fn array(items: Json) -> Json {
    json!({ "type": "array", "items": items })
}

fn with_empty(values: &[String]) -> Vec<&str> {
    let empty = (!values.iter().any(String::is_empty)).then_some("");
    values.iter().map(String::as_str).chain(empty).collect()
}

fn point(lon: Json, lat: Json) -> Json {
    json!({ "type": "object", "required": ["lon", "lat"], "properties": { "lon": lon, "lat": lat } })
}
