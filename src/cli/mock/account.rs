//! The accounts that are known beforehand: the first of each auth collection, and the one password of them all.

use std::collections::HashMap;

use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

use super::fill::failure;
use super::scene::Scene;
use super::value;
use crate::schema::{Collection, Field, SUPERUSERS_ID, Schema};

/// An account that is printed.
pub(super) struct Account {
    pub collection: String,
    pub identity: String,
    pub password: String,
}

pub(super) struct Accounts {
    /// By the id of the collection.
    passwords: HashMap<String, String>,
    /// Those made so far.
    pub known: Vec<Account>,
}

impl Accounts {
    pub(super) fn new(schema: &Schema, random: &mut StdRng) -> anyhow::Result<Self> {
        let mut passwords = HashMap::new();
        for collection in schema.collections().iter().filter(|collection| collection.auth().is_some()) {
            let Some((_, field)) = collection.field("password") else { continue };
            let drawn = value::password(field, &mut Scene::new(random, 0, 0));
            passwords.insert(collection.id.clone(), drawn.map_err(|reason| failure(collection, &field.name, &reason))?);
        }
        Ok(Self { passwords, known: Vec::new() })
    }

    pub(super) fn passwords(&self) -> Vec<String> {
        self.passwords.values().cloned().collect()
    }

    /// The password of an account of this collection; `None` where it has none.
    pub(super) fn password(&self, collection: &Collection) -> Option<&str> {
        self.passwords.get(&collection.id).map(String::as_str)
    }

    /// What is set for a field of an account; `None` leaves it to chance.
    pub(super) fn value(&self, collection: &Collection, field: &Field, scene: &mut Scene<'_>) -> Option<Json> {
        collection.auth()?;
        match field.name.as_str() {
            "password" => self.password(collection).map(Json::from),
            "verified" | "emailVisibility" if scene.index == 0 => Some(true.into()),
            "email" if scene.index == 0 => {
                let local = if collection.id == SUPERUSERS_ID { "admin" } else { "user" };
                Some(value::known_email(field, local, scene).into())
            }
            _ => None,
        }
    }

    /// Remembers the first account of a collection; `body` is what it was made of.
    pub(super) fn note(&mut self, collection: &Collection, body: &Map<String, Json>) {
        let (Some(options), Some(password)) = (collection.auth(), self.password(collection)) else { return };
        let email = options.identity_fields.iter().filter(|field| *field == "email");
        let identity = email.chain(&options.identity_fields).find_map(|field| body.get(field)?.as_str());
        let (collection, identity) = (collection.name.clone(), identity.unwrap_or_default().to_owned());
        self.known.push(Account { collection, identity, password: password.to_owned() });
    }
}
