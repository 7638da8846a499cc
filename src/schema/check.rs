//! What a collection must satisfy to be saved (the codes of contract 1.8), without I/O.
//!
//! [`check_shape`] looks at the collection alone and at the names of others, and must pass before any statement is
//! made of it; rules and relation targets are checked by `collections/` against the schema that results.

use super::{Collection, CollectionKind, Field, FieldKind, IndexStatement, SUPERUSERS_ID, Schema, unique_on};
use crate::error::{FieldError, FieldErrors};

/// Tables of the system that no collection may be named after.
const RESERVED_TABLES: [&str; 5] = ["_collections", "_params", "_feed", "_meta", "_migrations"];

/// Checks everything but rules and relation targets.
pub fn check_shape(new: &Collection, old: Option<&Collection>, schema: &Schema) -> FieldErrors {
    let mut errors = FieldErrors::default();
    check_name(new, schema, &mut errors);
    if !is_word(&new.id) || new.id.len() > 100 {
        errors.add(
            "id",
            FieldError::new("validation_match_invalid", "Only letters, digits and underscores are allowed."),
        );
    } else if old.is_none() && (schema.by_id(&new.id).is_some() || schema.by_name(&new.id).is_some()) {
        errors.add("id", FieldError::new("validation_invalid_or_existing_id", "The id is taken."));
    }
    if let Some(old) = old {
        check_unchanged(new, old, &mut errors);
    }
    check_fields(new, old, &mut errors);
    if new.is_view() {
        check_view(new, &mut errors);
    } else {
        check_indexes(new, schema, &mut errors);
    }
    check_auth(new, &mut errors);
    errors
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}

fn check_name(new: &Collection, schema: &Schema, errors: &mut FieldErrors) {
    let name = &new.name;
    let lower = name.to_ascii_lowercase();
    let other = |found: Option<&std::sync::Arc<Collection>>| found.is_some_and(|found| found.id != new.id);
    let error = if name.is_empty() {
        required()
    } else if name.len() > 255 {
        FieldError::new("validation_length_out_of_range", "The length must be between 1 and 255.")
            .param("min", 1)
            .param("max", 255)
    } else if !is_word(name) {
        FieldError::new("validation_match_invalid", "Only letters, digits and underscores are allowed.")
    } else if RESERVED_TABLES.contains(&lower.as_str()) || lower.starts_with("sqlite_") || lower.contains("_via_") {
        FieldError::new("validation_collection_name_invalid", "The name is reserved.")
    } else if other(schema.by_name(name)) {
        FieldError::new("validation_collection_name_exists", "Another collection has this name (in any letter case).")
    } else if other(schema.by_id(name)) {
        FieldError::new("validation_collection_name_id_duplicate", "The name is the id of another collection.")
    } else {
        return;
    };
    errors.add("name", error);
}

fn check_unchanged(new: &Collection, old: &Collection, errors: &mut FieldErrors) {
    if new.type_name() != old.type_name() {
        errors.add("type", FieldError::new("validation_collection_type_change", "The type can't be changed."));
    }
    if new.system != old.system {
        errors
            .add("system", FieldError::new("validation_collection_system_flag_change", "This flag can't be changed."));
    }
    if !old.system {
        return;
    }
    if new.name != old.name {
        let error = FieldError::new("validation_collection_system_name_change", "A system collection keeps its name.");
        errors.add("name", error);
    }
    let (a, b) = (&new.rules, &old.rules);
    let (auth_new, auth_old) = (new.auth(), old.auth());
    let rules = [
        ("listRule", a.list != b.list),
        ("viewRule", a.view != b.view),
        ("createRule", a.create != b.create),
        ("updateRule", a.update != b.update),
        ("deleteRule", a.delete != b.delete),
        ("authRule", auth_new.map(|auth| &auth.auth_rule) != auth_old.map(|auth| &auth.auth_rule)),
        ("manageRule", auth_new.map(|auth| &auth.manage_rule) != auth_old.map(|auth| &auth.manage_rule)),
    ];
    for (name, _) in rules.into_iter().filter(|(_, changed)| *changed) {
        let error = FieldError::new("validation_collection_system_rule_change", "A system collection keeps its rules.");
        errors.add(name, error);
    }
}

fn check_fields(new: &Collection, old: Option<&Collection>, errors: &mut FieldErrors) {
    let mut list = FieldErrors::default();
    for (index, field) in new.fields.iter().enumerate() {
        let mut found = if new.is_view() { FieldErrors::default() } else { field.validate_options() };
        if let Some(error) = Field::validate_name(&field.name, new.auth().is_some()) {
            found.add("name", error);
        }
        let earlier = &new.fields[..index];
        if earlier.iter().any(|other| other.id == field.id) {
            found.add("id", FieldError::new("validation_duplicated_field_id", "Another field has this id."));
        }
        if earlier.iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
            found.add("name", FieldError::new("validation_duplicated_field_name", "Another field has this name."));
        }
        if field.is_primary_key() && field.name != "id" {
            found.add("primaryKey", FieldError::new("validation_unsupported_composite_pk", "Only id is the key."));
        }
        if let Some(old_field) = old.and_then(|old| old.fields.iter().find(|other| other.id == field.id)) {
            check_same_field(field, old_field, new.is_view(), &mut found);
        }
        list.nest(index.to_string(), found);
    }
    let lost =
        |old: &&Field| old.system && !new.fields.iter().any(|field| field.id == old.id && field.name == old.name);
    if !new.is_view() && old.is_some_and(|old| old.fields.iter().any(|field| lost(&field))) {
        let error = FieldError::new("validation_system_field_change", "System fields can't be removed or renamed.");
        errors.add("fields", error);
    }
    errors.nest("fields", list);
}

fn check_same_field(new: &Field, old: &Field, is_view: bool, errors: &mut FieldErrors) {
    if new.kind.name() != old.kind.name() {
        let message = "The type can't be changed: remove the field and add another one.";
        errors.add("type", FieldError::new("validation_field_type_change", message));
    }
    if new.relation_target() != old.relation_target() && old.relation_target().is_some() && !is_view {
        errors.add("collectionId", FieldError::new("validation_field_relation_change", "The target can't be changed."));
    }
    if new.system != old.system {
        errors.add("system", FieldError::new("validation_system_field_change", "This flag can't be changed."));
    }
}

fn check_view(new: &Collection, errors: &mut FieldErrors) {
    let rules =
        [("createRule", &new.rules.create), ("updateRule", &new.rules.update), ("deleteRule", &new.rules.delete)];
    for (name, _) in rules.into_iter().filter(|(_, rule)| rule.is_some()) {
        errors.add(name, FieldError::new("validation_nil", "Must be blank: a view is read only."));
    }
    if !new.indexes.is_empty() {
        errors.add("indexes", FieldError::new("validation_indexes_not_supported", "A view has no indexes."));
    }
}

fn check_indexes(new: &Collection, schema: &Schema, errors: &mut FieldErrors) {
    let mut list = FieldErrors::default();
    let mut seen: Vec<IndexStatement> = Vec::new();
    for (index, statement) in new.indexes.iter().enumerate() {
        match check_index(new, statement, &seen, schema) {
            Ok(parsed) => seen.push(parsed),
            Err(error) => list.add(index.to_string(), error),
        }
    }
    errors.nest("indexes", list);
    for name in new.auth().map(|auth| auth.identity_fields.as_slice()).unwrap_or_default() {
        if new.field(name).is_some() && !new.indexes.iter().any(|index| unique_on(index, name).is_some()) {
            let error = FieldError::new("validation_missing_unique_constraint", format!("{name} has no unique index."));
            let nested = FieldErrors::one("identityFields", error);
            errors.nest("passwordAuth", nested);
        }
    }
}

fn check_index(
    new: &Collection,
    statement: &str,
    seen: &[IndexStatement],
    schema: &Schema,
) -> Result<IndexStatement, FieldError> {
    let invalid = |message: String| FieldError::new("validation_invalid_index_expression", message);
    let parsed =
        IndexStatement::parse(statement).ok_or_else(|| invalid("This is no CREATE INDEX statement.".into()))?;
    if seen.iter().any(|other| other.name.eq_ignore_ascii_case(&parsed.name)) {
        return Err(FieldError::new("validation_duplicated_index_name", "Another index has this name."));
    }
    if seen.iter().any(|other| IndexStatement { name: parsed.name.clone(), ..other.clone() } == parsed) {
        return Err(FieldError::new("validation_duplicated_index_definition", "Another index is the same."));
    }
    let owner = schema.collections().iter().filter(|other| other.id != new.id).find(|other| {
        let name = |index: &String| IndexStatement::parse(index).map(|index| index.name);
        other.indexes.iter().filter_map(name).any(|name| name.eq_ignore_ascii_case(&parsed.name))
    });
    if let Some(owner) = owner {
        let message = format!("The collection {} has an index of this name.", owner.name);
        return Err(
            FieldError::new("validation_existing_index_name", message).param("usedTableName", owner.name.as_str())
        );
    }
    for column in &parsed.columns {
        let name = IndexStatement::column_name(column);
        if !name.contains('(') && is_word(name) && !new.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
        {
            return Err(invalid(format!("There is no field {name:?}.")));
        }
    }
    Ok(parsed)
}

fn check_auth(new: &Collection, errors: &mut FieldErrors) {
    let CollectionKind::Auth(auth) = &new.kind else { return };
    let tokens = [
        ("authToken", &auth.auth_token),
        ("passwordResetToken", &auth.password_reset_token),
        ("emailChangeToken", &auth.email_change_token),
        ("verificationToken", &auth.verification_token),
        ("fileToken", &auth.file_token),
    ];
    for (name, token) in tokens {
        let mut found = FieldErrors::default();
        if !(30..=255).contains(&token.secret.chars().count()) {
            let error = FieldError::new("validation_length_out_of_range", "The length must be between 30 and 255.");
            found.add("secret", error.param("min", 30).param("max", 255));
        }
        if token.duration_s == 0 {
            found.add("duration", required());
        } else if token.duration_s < 10 {
            let error = FieldError::new("validation_min_greater_equal_than_required", "Must be 10 or more.");
            found.add("duration", error.param("threshold", 10));
        } else if token.duration_s > 94_670_856 {
            let error = FieldError::new("validation_max_less_equal_than_required", "Must be 94670856 or less.");
            found.add("duration", error.param("threshold", 94_670_856));
        }
        errors.nest(name, found);
    }
    if auth.password_enabled && auth.identity_fields.is_empty() {
        errors.nest("passwordAuth", FieldErrors::one("identityFields", required()));
    }
    let missing = auth.identity_fields.iter().find(|name| new.field(name).is_none());
    if let Some(name) = missing {
        let error = FieldError::new("validation_missing_field", format!("There is no field {name:?}."));
        errors.nest("passwordAuth", FieldErrors::one("identityFields", error));
    }
    let enabled = |name: &str| auth.other.get(name).is_some_and(|part| part["enabled"] == true);
    let ways = [auth.password_enabled, enabled("oauth2"), enabled("otp")].into_iter().filter(|way| *way).count();
    if enabled("mfa") && ways < 2 {
        let error = FieldError::new("validation_mfa_not_enough_auths", "Two ways to sign in must be enabled for this.");
        errors.nest("mfa", FieldErrors::one("enabled", error));
    }
    if new.id == SUPERUSERS_ID && !auth.password_enabled {
        errors.nest("passwordAuth", FieldErrors::one("enabled", required()));
    }
    if new.id == SUPERUSERS_ID && enabled("oauth2") {
        let error = FieldError::new("validation_empty", "Superusers can't sign in with OAuth2.");
        errors.nest("oauth2", FieldErrors::one("enabled", error));
    }
}

/// Checks the targets of relations against the schema that results.
pub fn check_relations(new: &Collection, schema: &Schema, errors: &mut FieldErrors) {
    let mut list = FieldErrors::default();
    for (index, field) in new.fields.iter().enumerate() {
        let FieldKind::Relation(relation) = &field.kind else { continue };
        let error = match schema.by_id(&relation.collection_id) {
            _ if relation.collection_id.is_empty() => continue,
            None => {
                let message = "There is no collection of this id.";
                FieldError::new("validation_field_relation_missing_collection", message)
            }
            Some(target) if target.is_view() && !new.is_view() => {
                let message = "A view can't be the target of a relation.";
                FieldError::new("validation_relation_field_non_view_base_collection", message)
            }
            Some(_) => continue,
        };
        list.nest(index.to_string(), FieldErrors::one("collectionId", error));
    }
    errors.nest("fields", list);
}
