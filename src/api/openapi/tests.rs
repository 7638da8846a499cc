use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::schema::{Collection, empty_model, merge};

fn collection(model: Json) -> Arc<Collection> {
    let mut whole = empty_model(model["type"].as_str().unwrap_or("base"));
    merge(&mut whole, model.as_object().unwrap());
    let mut collection = Collection::from_json(&whole, 1).unwrap();
    if !collection.is_view() {
        collection.fields.insert(0, crate::schema::id_field());
    }
    Arc::new(collection)
}

/// Authors that guests may read and posts that they may also write; drafts are for superusers.
fn schema() -> Schema {
    let authors = collection(json!({
        "id": "c1", "name": "authors", "type": "base", "listRule": "", "viewRule": "",
        "fields": [{"name": "name", "type": "text", "required": true, "max": 80}, {"name": "note", "type": "text", "hidden": true}],
    }));
    let posts = collection(json!({
        "id": "c2", "name": "posts", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": [
            {"name": "stars", "type": "number", "onlyInt": true, "min": 0},
            {"name": "kinds", "type": "select", "values": ["idea", "task"], "maxSelect": 2},
            {"name": "author", "type": "relation", "collectionId": "c1", "maxSelect": 1},
            {"name": "made", "type": "autodate", "onCreate": true},
        ],
    }));
    let drafts = collection(
        json!({ "id": "c3", "name": "drafts", "type": "base", "fields": [{"name": "text", "type": "text"}] }),
    );
    Schema::new(1, vec![authors, posts, drafts])
}

#[test]
fn every_route_is_described_or_left_out_for_a_reason() {
    let routes: BTreeSet<&str> = crate::api::route_labels().into_iter().collect();
    let described: BTreeSet<&str> = TABLE.iter().map(|(label, _)| *label).collect();
    assert_eq!(described.len(), TABLE.len(), "a route is described once");
    assert_eq!(routes, described, "the table of openapi/table.rs is that of api/mod.rs");
}

#[test]
fn what_guests_can_do() {
    insta::assert_json_snapshot!(document(&schema(), Audience::Public));
}

#[test]
fn the_public_document_tells_no_more_than_rules_can_allow() {
    let (public, whole) = (document(&schema(), Audience::Public), document(&schema(), Audience::Superuser));
    let (text, whole_text) = (public.to_string(), whole.to_string());
    for secret in ["drafts", "\"note\"", "delete_posts", "create_authors", "/api/settings", "/api/collections/import"] {
        assert!(!text.contains(secret), "a guest is told of {secret}");
        assert!(whole_text.contains(secret), "a superuser is not told of {secret}");
    }
}

#[test]
fn references_lead_somewhere() {
    fn walk(value: &Json, visit: &mut dyn FnMut(&str)) {
        match value {
            Json::Object(map) => {
                map.get("$ref").and_then(Json::as_str).into_iter().for_each(&mut *visit);
                map.values().for_each(|inner| walk(inner, visit));
            }
            Json::Array(items) => items.iter().for_each(|inner| walk(inner, visit)),
            _ => {}
        }
    }
    for audience in [Audience::Public, Audience::Superuser] {
        let document = document(&schema(), audience);
        walk(&document, &mut |target| {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
        });
    }
}

#[test]
fn a_document_is_kept_until_the_schema_changes() {
    let documents = Documents::default();
    let first = documents.get(&schema(), Audience::Public);
    assert_eq!(documents.get(&Schema::new(1, Vec::new()), Audience::Public), first);
    assert_ne!(documents.get(&Schema::new(2, Vec::new()), Audience::Public), first);
    assert_ne!(documents.get(&schema(), Audience::Superuser), first);
}

#[test]
fn bodies_are_described_as_strictly_as_they_are_checked() {
    let input = |field: Json| {
        let model = json!({ "id": "c1", "name": "odd", "type": "base", "createRule": "", "fields": [field] });
        let schema = Schema::new(1, vec![collection(model)]);
        document(&schema, Audience::Public)["components"]["schemas"]["OddCreate"]["properties"]["x"].clone()
    };
    let check = |mut field: Json, optional: Json, required: Json| {
        field["name"] = "x".into();
        assert_eq!(input(field.clone()), optional, "{field}");
        field["required"] = true.into();
        assert_eq!(input(field.clone()), required, "{field}");
    };
    check(
        json!({ "type": "text", "pattern": "^[a-z]+$", "min": 2 }),
        json!({ "type": "string", "maxLength": 5000, "pattern": "^$|^[a-z]+$" }),
        json!({ "type": "string", "maxLength": 5000, "pattern": "^[a-z]+$", "minLength": 2 }),
    );
    check(
        json!({ "type": "number", "min": -1 }),
        json!({ "type": "number", "minimum": -1.0 }),
        json!({ "type": "number", "minimum": -1.0, "not": { "const": 0 } }),
    );
    check(json!({ "type": "bool" }), json!({ "type": "boolean" }), json!({ "type": "boolean", "const": true }));
    check(
        json!({ "type": "email", "onlyDomains": ["a.example", "b.example"] }),
        json!({ "type": "string" }),
        json!({ "type": "string", "format": "email", "pattern": "@(a\\.example|b\\.example)$" }),
    );
    check(
        json!({ "type": "select", "values": ["a", "b"] }),
        json!({ "type": "string", "enum": ["a", "b", ""] }),
        json!({ "type": "string", "enum": ["a", "b"] }),
    );
    check(
        json!({ "type": "select", "values": ["a"], "maxSelect": 2 }),
        json!({ "type": "array", "items": { "type": "string", "enum": ["a"] }, "maxItems": 2 }),
        json!({ "type": "array", "items": { "type": "string", "enum": ["a"] }, "maxItems": 2, "minItems": 1 }),
    );
    check(json!({ "type": "json" }), json!({}), json!({ "not": { "enum": [null, "", [], {}] } }));
    check(json!({ "type": "editor" }), json!({ "type": "string" }), json!({ "type": "string", "minLength": 1 }));
}
