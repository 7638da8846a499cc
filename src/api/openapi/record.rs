//! The three schemas of a collection: a record as it is answered, and the bodies that create and change one.

use serde_json::{Map, Value as Json, json};

use super::shared::reference;
use super::{Audience, field};
use crate::schema::{Collection, Field, FieldKind, Schema};

/// A collection as the reader of the document may know it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub schema: &'a Schema,
    pub collection: &'a Collection,
    pub audience: Audience,
}

impl<'a> Subject<'a> {
    pub(super) fn name(&self) -> &'a str {
        &self.collection.name
    }

    pub(super) fn record(&self) -> Json {
        reference("schemas", &self.schema_name("Record"))
    }

    pub(super) fn create(&self) -> Json {
        reference("schemas", &self.schema_name("Create"))
    }

    pub(super) fn update(&self) -> Json {
        reference("schemas", &self.schema_name("Update"))
    }

    /// Whether any operation shows or takes a record of this collection.
    pub(super) fn is_visible(&self) -> bool {
        let rules = &self.collection.rules;
        let any = [&rules.list, &rules.view, &rules.create, &rules.update, &rules.delete];
        self.collection.auth().is_some() || any.into_iter().any(|rule| self.audience.may(rule))
    }

    pub(super) fn can_create(&self) -> bool {
        !self.collection.is_view() && self.audience.may(&self.collection.rules.create)
    }

    pub(super) fn can_update(&self) -> bool {
        !self.collection.is_view() && self.audience.may(&self.collection.rules.update)
    }

    pub(super) fn schemas(&self) -> Vec<(String, Json)> {
        let mut schemas = vec![(self.schema_name("Record"), self.record_schema())];
        if self.can_create() {
            schemas.push((self.schema_name("Create"), self.create_schema()));
        }
        if self.can_update() {
            schemas.push((self.schema_name("Update"), self.update_schema()));
        }
        schemas
    }

    /// Names of collections differ in more than case, so a capital at the front keeps them apart.
    fn schema_name(&self, role: &str) -> String {
        let (first, rest) = self.name().split_at_checked(1).unwrap_or((self.name(), ""));
        format!("{}{rest}{role}", first.to_ascii_uppercase())
    }

    fn record_schema(&self) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in self.collection.fields.iter().filter(|field| self.is_answered(field)) {
            properties.insert(field.name.clone(), described(field, field::answer(field)));
            // The address of an auth record stays away where its owner does not show it.
            let may_be_missing = self.collection.auth().is_some() && field.name == "email";
            if self.audience.is_superuser() || !may_be_missing {
                required.push(field.name.clone());
            }
        }
        properties.insert("collectionId".into(), json!({ "type": "string", "const": self.collection.id }));
        properties.insert("collectionName".into(), json!({ "type": "string", "const": self.name() }));
        required.extend(["collectionId".to_owned(), "collectionName".to_owned()]);
        properties.insert("expand".into(), self.expand_schema());
        json!({ "type": "object", "properties": properties, "required": required })
    }

    /// Related records, where their own view rule can ever show them.
    fn expand_schema(&self) -> Json {
        let mut properties = Map::new();
        for field in self.collection.fields.iter().filter(|field| self.is_answered(field)) {
            let Some(target) = field.relation_target().and_then(|id| self.schema.by_id(id)) else { continue };
            if self.audience.may(&target.rules.view) {
                let record = Subject { collection: target, ..*self }.record();
                let many = json!({ "type": "array", "items": record });
                properties.insert(field.name.clone(), if field.is_multi() { many } else { record });
            }
        }
        json!({ "type": "object", "properties": properties, "description": "What the parameter expand asked for." })
    }

    fn create_schema(&self) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in self.collection.fields.iter().filter(|field| self.is_taken(field)) {
            properties.insert(field.name.clone(), described(field, field::input(field)));
            if field.required && !is_generated(field) {
                required.push(field.name.clone());
            }
        }
        if self.collection.auth().is_some() {
            properties.insert("passwordConfirm".into(), json!({ "type": "string", "minLength": 1 }));
            required.push("passwordConfirm".into());
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }

    /// Every key may be left out; `field+`, `+field` and `field-` change what is there.
    fn update_schema(&self) -> Json {
        let mut properties = Map::new();
        let is_auth = self.collection.auth().is_some();
        let writable = |field: &&Field| self.is_taken(field) && !field.is_primary_key();
        for field in self.collection.fields.iter().filter(writable) {
            if is_auth && field.name == "email" && !self.manages() {
                continue;
            }
            properties.insert(field.name.clone(), described(field, field::input(field)));
            for (key, schema) in field::modifiers(field) {
                properties.insert(key, schema);
            }
        }
        if is_auth {
            properties.insert("passwordConfirm".into(), json!({ "type": "string" }));
            properties.insert("oldPassword".into(), json!({ "type": "string" }));
        }
        json!({ "type": "object", "properties": properties })
    }

    fn is_answered(&self, field: &Field) -> bool {
        let secret = self.collection.auth().is_some() && matches!(field.name.as_str(), "password" | "tokenKey");
        !secret && (!field.hidden || self.audience.is_superuser())
    }

    fn is_taken(&self, field: &Field) -> bool {
        let is_auth = self.collection.auth().is_some();
        let open = match field.name.as_str() {
            "password" if is_auth => true,
            "verified" if is_auth => self.manages(),
            _ => !field.hidden || self.audience.is_superuser(),
        };
        open && !matches!(field.kind, FieldKind::Autodate(_))
    }

    /// Whether the reader may ever set what only managers of an account may.
    fn manages(&self) -> bool {
        self.collection.auth().is_some_and(|options| self.audience.may(&options.manage_rule))
    }
}

fn is_generated(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Text(text) if !text.autogenerate_pattern.is_empty())
}

fn described(field: &Field, mut schema: Json) -> Json {
    if !field.help.is_empty() {
        schema["description"] = field.help.as_str().into();
    }
    schema
}
