//! A collection as JSON: the model of the wire (contract 4.2) and, with secrets, what is stored.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::auth_parts;
use super::defaults::{self, TOKENS};
use super::{AuthOptions, Collection, CollectionKind, Field, Rules, TokenOptions};
use crate::store::Table;

/// What becomes of token secrets and client secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Left out, as in every answer.
    Omit,
    /// Written, for the row of the collection.
    Keep,
}

const RULES: [&str; 7] = ["listRule", "viewRule", "createRule", "updateRule", "deleteRule", "authRule", "manageRule"];

/// The order of the options of an auth collection on the wire.
const AUTH_KEYS: [&str; 15] = [
    "authRule",
    "manageRule",
    "authAlert",
    "oauth2",
    "passwordAuth",
    "mfa",
    "otp",
    "authToken",
    "passwordResetToken",
    "emailChangeToken",
    "verificationToken",
    "fileToken",
    "verificationTemplate",
    "resetPasswordTemplate",
    "confirmEmailChangeTemplate",
];

impl Collection {
    /// The name of the type on the wire.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            CollectionKind::Base => "base",
            CollectionKind::Auth(_) => "auth",
            CollectionKind::View { .. } => "view",
        }
    }

    /// The whole model.
    pub fn to_json(&self, secrets: Secrets) -> Map<String, Json> {
        let model = json!({
            "id": self.id, "listRule": self.rules.list, "viewRule": self.rules.view, "createRule": self.rules.create,
            "updateRule": self.rules.update, "deleteRule": self.rules.delete, "name": self.name,
            "type": self.type_name(), "fields": self.fields, "indexes": self.indexes, "created": self.created,
            "updated": self.updated, "system": self.system,
        });
        let mut model = into_map(model);
        model.extend(self.options_json(secrets));
        model
    }

    /// The keys that only collections of this type have.
    pub fn options_json(&self, secrets: Secrets) -> Map<String, Json> {
        match &self.kind {
            CollectionKind::Base => Map::new(),
            CollectionKind::View { query, .. } => into_map(json!({ "viewQuery": query })),
            CollectionKind::Auth(options) => options.to_json(secrets),
        }
    }

    /// Reads a model in which every default is filled in ([`empty_model`] merged with what was sent).
    ///
    /// # Errors
    /// Says which key has which wrong shape.
    pub fn from_json(model: &Map<String, Json>, number: i64) -> Result<Self, String> {
        let type_name: String = read(model, "type")?;
        let kind = match type_name.as_str() {
            "auth" => CollectionKind::Auth(Box::new(AuthOptions::from_json(model)?)),
            "view" => CollectionKind::View { query: read(model, "viewQuery")?, sources: None },
            _ => CollectionKind::Base,
        };
        let mut collection = Self {
            id: read(model, "id")?,
            name: read(model, "name")?,
            system: read(model, "system")?,
            kind,
            fields: read(model, "fields")?,
            indexes: read(model, "indexes")?,
            rules: Rules {
                list: read(model, "listRule")?,
                view: read(model, "viewRule")?,
                create: read(model, "createRule")?,
                update: read(model, "updateRule")?,
                delete: read(model, "deleteRule")?,
            },
            created: read(model, "created")?,
            updated: read(model, "updated")?,
            table: Arc::new(Table { number, name: String::new(), columns: Vec::new(), id_column: 0 }),
        };
        collection.settle_table(number);
        Ok(collection)
    }

    /// Makes the table description follow from the name and the fields.
    pub fn settle_table(&mut self, number: i64) {
        let columns: Vec<String> = self.fields.iter().map(|field| field.name.clone()).collect();
        let id_column = self.fields.iter().position(Field::is_primary_key).unwrap_or(0);
        self.table = Arc::new(Table { number, name: self.name.clone(), columns, id_column });
    }
}

/// A model of a type with all defaults and nothing else.
pub fn empty_model(type_name: &str) -> Map<String, Json> {
    let fields: Vec<Field> = match type_name {
        "view" => Vec::new(),
        "auth" => [defaults::id_field()].into_iter().chain(defaults::auth_fields()).collect(),
        _ => vec![defaults::id_field()],
    };
    let mut model = into_map(json!({
        "id": "", "listRule": null, "viewRule": null, "createRule": null, "updateRule": null, "deleteRule": null,
        "name": "", "type": type_name, "fields": fields, "indexes": [], "created": "", "updated": "", "system": false,
    }));
    model.extend(defaults::options(type_name));
    model
}

/// Lays what was sent over a model: objects merge deeply, lists and the rest replace. A null of a rule is a value, of a
/// list or an option it is the zero value, and of anything else it changes nothing.
pub fn merge(model: &mut Map<String, Json>, sent: &Map<String, Json>) {
    for (name, value) in sent {
        match (model.get_mut(name), value) {
            (Some(Json::Object(inner)), Json::Object(sent)) => merge_options(inner, sent),
            (Some(Json::Object(inner)), Json::Null) => inner.clear(),
            (Some(Json::Array(list)), Json::Null) => list.clear(),
            (_, Json::Null) if !RULES.contains(&name.as_str()) => {}
            (Some(current), value) => *current = value.clone(),
            (None, _) => {}
        }
    }
}

fn merge_options(options: &mut Map<String, Json>, sent: &Map<String, Json>) {
    for (name, value) in sent {
        match (options.get_mut(name), value) {
            (Some(Json::Object(inner)), Json::Object(sent)) => merge_options(inner, sent),
            (Some(_), Json::Null) => drop(options.shift_remove(name)),
            (Some(current), value) => *current = value.clone(),
            (None, _) => {}
        }
    }
}

/// Gives providers that were sent without a client secret the one that the same provider had.
pub fn keep_client_secrets(model: &mut Map<String, Json>, old: &Map<String, Json>) {
    let list = |model: &Map<String, Json>| model.get("oauth2")?.get("providers")?.as_array().cloned();
    let Some(known) = list(old) else { return };
    let Some(providers) = model.get_mut("oauth2").and_then(|oauth2| oauth2.get_mut("providers")) else { return };
    for provider in providers.as_array_mut().into_iter().flatten().filter_map(Json::as_object_mut) {
        let given = provider.get("clientSecret").and_then(Json::as_str).is_some_and(|secret| !secret.is_empty());
        let earlier = known.iter().find(|earlier| earlier.get("name") == provider.get("name"));
        if let (false, Some(secret)) = (given, earlier.and_then(|earlier| earlier.get("clientSecret"))) {
            provider.insert("clientSecret".into(), secret.clone());
        }
    }
}

impl AuthOptions {
    fn to_json(&self, secrets: Secrets) -> Map<String, Json> {
        let token = |token: &TokenOptions| match secrets {
            Secrets::Keep => json!({"secret": token.secret, "duration": token.duration_s}),
            Secrets::Omit => json!({"duration": token.duration_s}),
        };
        let value = |name: &str| match name {
            "authRule" => json!(self.auth_rule),
            "manageRule" => json!(self.manage_rule),
            "passwordAuth" => json!({"enabled": self.password_enabled, "identityFields": self.identity_fields}),
            "authToken" => token(&self.auth_token),
            "passwordResetToken" => token(&self.password_reset_token),
            "emailChangeToken" => token(&self.email_change_token),
            "verificationToken" => token(&self.verification_token),
            "fileToken" => token(&self.file_token),
            other => self.other.get(other).cloned().unwrap_or_default(),
        };
        let mut map: Map<String, Json> = AUTH_KEYS.iter().map(|name| ((*name).to_owned(), value(name))).collect();
        if secrets == Secrets::Omit {
            let providers = map.get_mut("oauth2").and_then(|oauth2| oauth2.get_mut("providers"));
            for provider in providers.and_then(Json::as_array_mut).into_iter().flatten() {
                if let Some(provider) = provider.as_object_mut() {
                    provider.shift_remove("clientSecret");
                }
            }
        }
        map
    }

    fn from_json(model: &Map<String, Json>) -> Result<Self, String> {
        let password: Map<String, Json> = read(model, "passwordAuth")?;
        let token = |name: &str| -> Result<TokenOptions, String> {
            let token: Map<String, Json> = read(model, name)?;
            let secret: String = read(&token, "secret")?;
            Ok(TokenOptions { secret, duration_s: read(&token, "duration")? })
        };
        let mut other = Map::new();
        for name in AUTH_KEYS {
            let typed =
                RULES.contains(&name) || name == "passwordAuth" || TOKENS.iter().any(|(token, _)| *token == name);
            if !typed {
                other.insert(name.to_owned(), auth_parts::whole(name, model.get(name).cloned().unwrap_or_default())?);
            }
        }
        Ok(Self {
            auth_rule: read(model, "authRule")?,
            manage_rule: read(model, "manageRule")?,
            password_enabled: read(&password, "enabled")?,
            identity_fields: read(&password, "identityFields")?,
            auth_token: token("authToken")?,
            password_reset_token: token("passwordResetToken")?,
            email_change_token: token("emailChangeToken")?,
            verification_token: token("verificationToken")?,
            file_token: token("fileToken")?,
            other,
        })
    }
}

fn read<T: DeserializeOwned + Default>(map: &Map<String, Json>, name: &str) -> Result<T, String> {
    match map.get(name) {
        None => Ok(T::default()),
        Some(value) => T::deserialize(value).map_err(|error| format!("{name}: {error}")),
    }
}

fn into_map(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
