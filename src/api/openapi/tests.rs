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
