//! Completing a submitted model: ids of the collection and its fields, system fields, required indexes, table names.

use serde_json::json;

use super::defaults::{auth_fields, auth_indexes, id_field};
use super::{Collection, CollectionKind, Field, FieldKind, IndexStatement, SUPERUSERS_ID, Schema};

impl Collection {
    /// Fills in what may be left out. `old` is what is replaced, if anything.
    pub fn settle(&mut self, old: Option<&Collection>, schema: &Schema) {
        if self.id.is_empty() {
            self.id = free_id(self.type_name(), &self.name, schema);
        }
        if !self.is_view() {
            let sent = std::mem::take(&mut self.fields);
            self.fields = settle_fields(sent, old, self.auth().is_some());
        }
        self.settle_indexes();
        self.settle_superusers();
        self.forget_missing_mapped_fields();
        self.settle_table(old.map_or(0, |old| old.table.number));
    }

    fn settle_indexes(&mut self) {
        let name = self.name.clone();
        for index in &mut self.indexes {
            *index = IndexStatement::on_table(index, &name);
        }
        if self.auth().is_none() {
            return;
        }
        for (field, statement) in auth_indexes(&self.id, &self.name) {
            if !self.indexes.iter().any(|index| super::unique_on(index, field).is_some()) {
                self.indexes.push(statement);
            }
        }
    }

    /// Superusers can always sign in with a password and never with OAuth2; a code alone is not enough for them.
    fn settle_superusers(&mut self) {
        let CollectionKind::Auth(auth) = &mut self.kind else { return };
        if self.id != SUPERUSERS_ID {
            return;
        }
        auth.password_enabled = true;
        if let Some(oauth2) =
            auth.other.get_mut("oauth2").filter(|oauth2| oauth2["enabled"] == true || oauth2["providers"] != json!([]))
        {
            oauth2["enabled"] = false.into();
            oauth2["providers"] = json!([]);
        }
        if auth.other.get("otp").is_some_and(|otp| otp["enabled"] == true)
            && let Some(mfa) = auth.other.get_mut("mfa")
        {
            mfa["enabled"] = true.into();
        }
    }

    /// A mapping of OAuth2 values to fields that do not exist is blanked (contract 4.2).
    fn forget_missing_mapped_fields(&mut self) {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        let CollectionKind::Auth(options) = &mut self.kind else { return };
        let mapped = options.other.get_mut("oauth2").and_then(|oauth2| oauth2.get_mut("mappedFields"));
        for value in mapped.and_then(serde_json::Value::as_object_mut).into_iter().flat_map(|map| map.values_mut()) {
            if !value.as_str().is_some_and(|name| names.contains(&name)) {
                *value = "".into();
            }
        }
    }
}

/// `pbc_` and the decimal CRC-32 of type and name, with a number behind where it is taken (contract 1.3).
fn free_id(type_name: &str, name: &str, schema: &Schema) -> String {
    let id = format!("pbc_{}", crc32fast::hash(format!("{type_name}{name}").as_bytes()));
    let taken = |id: &str| schema.by_id(id).is_some();
    if !taken(&id) {
        return id;
    }
    (2..).map(|number| format!("{id}{number}")).find(|id| !taken(id)).unwrap_or(id)
}

fn settle_fields(sent: Vec<Field>, old: Option<&Collection>, is_auth: bool) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::with_capacity(sent.len() + 6);
    for mut field in sent {
        if field.id.is_empty() {
            let known =
                |list: &[Field]| list.iter().find(|known| known.name == field.name).map(|known| known.id.clone());
            let id = known(&fields).or_else(|| old.and_then(|old| known(&old.fields)));
            field.id = id.unwrap_or_else(|| free_field_id(&field, &fields, old));
        }
        match fields.iter_mut().find(|earlier| earlier.id == field.id) {
            Some(earlier) => *earlier = field,
            None => fields.push(field),
        }
    }
    complete_id(&mut fields, old);
    let own: Vec<Field> = if is_auth { auth_fields().into() } else { Vec::new() };
    for standard in own {
        match fields.iter_mut().find(|field| field.name == standard.name) {
            Some(field) => restore_system(field, standard),
            None => {
                let kept = old.and_then(|old| old.field(&standard.name)).map(|(_, field)| field.clone());
                fields.push(kept.unwrap_or(standard));
            }
        }
    }
    fields
}

/// The key comes first where it was not sent; its length and its generator are the owner's.
fn complete_id(fields: &mut Vec<Field>, old: Option<&Collection>) {
    let standard = id_field();
    for field in fields.iter_mut().filter(|field| field.name == standard.name) {
        if let (FieldKind::Text(text), FieldKind::Text(standard)) = (&mut field.kind, &standard.kind) {
            (text.primary_key, field.system, field.required, field.hidden) = (true, true, true, false);
            if text.pattern.is_empty() {
                text.pattern.clone_from(&standard.pattern);
            }
            return;
        }
    }
    let kept = old.and_then(|old| old.field(&standard.name)).map(|(_, field)| field.clone());
    fields.insert(0, kept.unwrap_or(standard));
}

fn free_field_id(field: &Field, fields: &[Field], old: Option<&Collection>) -> String {
    let id = Field::id_for(field.kind.name(), &field.name);
    let old_fields = old.map(|old| old.fields.as_slice()).unwrap_or_default();
    let taken = |id: &str| fields.iter().chain(old_fields).any(|other| other.id == id);
    if !taken(&id) {
        return id;
    }
    (2..).map(|number| format!("{id}{number}")).find(|id| !taken(id)).unwrap_or(id)
}

/// What nobody may change about a system field; the rest of its options is the owner's.
fn restore_system(field: &mut Field, standard: Field) {
    field.system = true;
    match field.name.as_str() {
        "password" | "tokenKey" => field.hidden = true,
        "email" => field.hidden = false,
        _ => {}
    }
    field.required |= matches!(field.name.as_str(), "password" | "tokenKey");
    if field.kind.name() != standard.kind.name() {
        field.required |= standard.required;
        field.kind = standard.kind;
    }
}
