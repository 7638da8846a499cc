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
    match &field.kind {
        FieldKind::Text(text) => {
            let mut schema = json!({ "type": "string", "maxLength": if text.max > 0 { text.max } else { 5000 } });
            if field.required {
                schema["minLength"] = text.min.max(1).into();
                if !text.pattern.is_empty() {
                    schema["pattern"] = text.pattern.as_str().into();
                }
            }
            schema
        }
        FieldKind::Password(password) => json!({
            "type": "string",
            "minLength": password.min.max(i64::from(field.required)),
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
        FieldKind::Email(_) if field.required => json!({ "type": "string", "format": "email" }),
        FieldKind::Url(_) if field.required => json!({ "type": "string", "format": "uri" }),
        FieldKind::Date(_) => json!({ "type": "string", "description": "Most ISO 8601 forms; UTC without a zone." }),
        FieldKind::GeoPoint(_) => point(
            json!({ "type": "number", "minimum": -180, "maximum": 180 }),
            json!({ "type": "number", "minimum": -90, "maximum": 90 }),
        ),
        FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_) => list_input(field),
        _ => answer(field),
    }
}

fn list_input(field: &Field) -> Json {
    let mut schema = answer(field);
    if field.is_multi() {
        schema["maxItems"] = field.max_select().into();
    }
    schema
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
