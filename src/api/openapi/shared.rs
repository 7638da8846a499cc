//! Parts that many operations refer to.

use serde_json::{Map, Value as Json, json};

use super::Audience;
use crate::schema::empty_model;
use crate::settings::Values;

/// Statuses with the error body and what they mean.
const ERRORS: &[(u16, &str)] = &[
    (400, "The request is malformed, not valid, or not allowed by the create rule."),
    (401, "A valid token is required."),
    (403, "The caller is not allowed to do this."),
    (404, "There is no such thing, or the caller may not see it."),
    (409, "The data changed while the request ran, or the first request under this key still runs."),
    (412, "The record changed since it was read."),
    (413, "The body is too large."),
    (422, "The idempotency key was used for another request."),
    (429, "Too many requests or attempts; try again after the time in the header Retry-After."),
    (503, "The server is busy or not ready; try again in a moment."),
];

/// A `$ref` to a component.
pub(super) fn reference(kind: &str, name: &str) -> Json {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// An object that has all of these properties.
pub(super) fn object(properties: &[(&str, Json)]) -> Json {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Json> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// A page of a list.
pub(super) fn page(item: &Json) -> Json {
    let count = || json!({ "type": "integer" });
    object(&[
        ("page", count()),
        ("perPage", count()),
        ("totalItems", count()),
        ("totalPages", count()),
        ("items", json!({ "type": "array", "items": item })),
    ])
}

pub(super) fn security_scheme() -> Json {
    let description = "The token of a sign-in, in the header Authorization, with or without `Bearer` in front.";
    json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description })
}

/// The parameters by their names in the document.
pub(super) fn parameters() -> Map<String, Json> {
    let text = |most: u32| json!({ "type": "string", "maxLength": most });
    let cursor = json!({ "type": "string", "maxLength": 6144, "pattern": "^[A-Za-z0-9_-]*$" });
    let query = [
        ("page", json!({ "type": "integer", "minimum": 1, "default": 1 }), "The page, from 1."),
        ("perPage", json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 30 }), "Items a page."),
        ("skipTotal", json!({ "type": "boolean", "default": false }), "Leaves the counts out; they are -1 then."),
        ("sort", text(2000), "Fields, separated by commas; `-` in front sorts downwards."),
        ("filter", text(3500), "A condition, such as `title ~ \"rock\" && stars >= 3`."),
        ("cursor", cursor, "Goes on behind the last record seen; empty for the first page, then `nextCursor`."),
        ("group", text(3500), "Fields and spans of time such as `month(created)`, separated by commas."),
        (
            "select",
            text(3500),
            "Functions such as `count(), sum(price) as total`; without any the records are counted.",
        ),
        ("having", text(3500), "A condition on the keys of the answer, such as `count() > 1`."),
        ("limit", json!({ "type": "integer", "minimum": 1, "maximum": 10000, "default": 1000 }), "More are refused."),
        ("dryRun", json!({ "type": "boolean", "default": false }), "Only counts the records."),
        ("state", json!({ "enum": ["waiting", "running", "dead"] }), "Only jobs in this state."),
        ("expand", text(2000), "Relations whose records come along, separated by commas; dots go deeper."),
        ("fields", text(2000), "The only keys to answer, separated by commas; all others are missing then."),
    ];
    let tags = || json!({ "type": "string", "examples": ["*"] });
    let key = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    let headers = [
        ("If-None-Match", tags(), "Tags of answers that the client has; one of them gives 304."),
        ("If-Match", tags(), "Tags of the record; 412 unless it is still at the revision of one of them."),
        ("Idempotency-Key", key, "A random text; a repeat under the same key is done once and answered again."),
    ];
    let located = query.into_iter().map(|entry| ("query", entry)).chain(headers.into_iter().map(|it| ("header", it)));
    let json = |(place, (name, schema, description)): (&str, (&str, Json, &str))| {
        (name.to_owned(), json!({ "name": name, "in": place, "description": description, "schema": schema }))
    };
    let mut parameters: Map<String, Json> = located.map(json).collect();
    // The same name with another meaning: there nothing may be chosen by accident.
    let mut filter = parameters["filter"].clone();
    filter["required"] = true.into();
    filter["schema"]["minLength"] = 1.into();
    parameters.insert("bulkFilter".into(), filter);
    parameters
}

pub(super) fn responses() -> Map<String, Json> {
    let content = json!({ "application/json": { "schema": reference("schemas", "Error") } });
    let json = |(status, description): &(u16, &str)| {
        (format!("Error{status}"), json!({ "description": description, "content": content }))
    };
    let second = object(&[("mfaId", json!({ "type": "string" }))]);
    let second = json!({
        "description": "The first of two methods is done; the second must bring this id.",
        "content": { "application/json": { "schema": second } },
    });
    ERRORS.iter().map(json).chain([("SecondFactor".to_owned(), second)]).collect()
}

pub(super) fn schemas(audience: Audience) -> Map<String, Json> {
    let mut schemas = Map::new();
    schemas.insert("Error".into(), error());
    schemas.insert("FieldError".into(), field_error());
    if audience.is_superuser() {
        let mut input = collection();
        input.as_object_mut().and_then(|schema| schema.shift_remove("required"));
        input["properties"]["name"] = json!({ "type": "string", "pattern": "^[A-Za-z0-9_]+$", "maxLength": 255 });
        let settings = serde_json::to_value(Values::default()).unwrap_or_default();
        schemas.insert("Field".into(), field());
        schemas.insert("Collection".into(), collection());
        schemas.insert("CollectionInput".into(), input);
        schemas.insert("Job".into(), job());
        schemas.insert("Settings".into(), shape_of(&settings));
    }
    schemas
}

fn error() -> Json {
    let data = json!({
        "type": "object",
        "description": "What is wrong, by field; nested where the body is nested.",
        "additionalProperties": { "type": "object" },
    });
    object(&[
        ("data", data),
        ("message", json!({ "type": "string" })),
        ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
    ])
}

fn field_error() -> Json {
    let mut schema = object(&[("code", json!({ "type": "string" })), ("message", json!({ "type": "string" }))]);
    schema["properties"]["params"] = json!({ "type": "object" });
    schema["description"] = "What stands under the name of a field in the data of an error.".into();
    schema
}

fn field() -> Json {
    let text = || json!({ "type": "string" });
    object(&[("id", text()), ("name", text()), ("type", text())])
}

fn job() -> Json {
    let (text, count) = (|| json!({ "type": "string" }), || json!({ "type": "integer" }));
    object(&[
        ("id", text()),
        ("name", text()),
        ("state", json!({ "enum": ["waiting", "running", "dead"] })),
        ("priority", json!({ "enum": ["low", "normal", "high"] })),
        ("attempt", count()),
        ("maxAttempts", count()),
        ("uniqueKey", text()),
        ("due", text()),
        ("error", text()),
        ("created", text()),
    ])
}

/// The model of a collection: all keys of the richest type, those of every type required.
fn collection() -> Json {
    let mut properties = Map::new();
    for type_name in ["base", "auth", "view"] {
        for (name, example) in empty_model(type_name) {
            let schema = match name.as_str() {
                "fields" => json!({ "type": "array", "items": reference("schemas", "Field") }),
                "type" => json!({ "enum": ["base", "auth", "view"] }),
                _ => shape_of(&example),
            };
            properties.entry(name).or_insert(schema);
        }
    }
    for rule in ["authRule", "manageRule"] {
        properties.insert(rule.to_owned(), shape_of(&Json::Null));
    }
    let required: Vec<String> = empty_model("base").into_iter().map(|(name, _)| name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The schema that a default value shows: a null is a rule, and an empty list one of texts.
fn shape_of(example: &Json) -> Json {
    match example {
        Json::Null => json!({ "type": ["string", "null"] }),
        Json::Bool(_) => json!({ "type": "boolean" }),
        Json::Number(_) => json!({ "type": "integer" }),
        Json::String(_) => json!({ "type": "string" }),
        Json::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or(json!({ "type": "string" }), shape_of) })
        }
        Json::Object(map) => {
            let properties: Map<String, Json> =
                map.iter().map(|(name, inner)| (name.clone(), shape_of(inner))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}
