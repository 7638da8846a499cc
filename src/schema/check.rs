//! What a collection must satisfy to be saved (the codes of contract 1.8), without I/O.
//!
//! [`check_shape`] looks at the collection alone and at the names of others, and must pass before any statement is
//! made of it; rules and relation targets are checked by `collections/` against the schema that results.

use super::check_auth::{check_auth, required};
use super::{Collection, Field, FieldKind, IndexStatement, Schema};
use crate::error::{FieldError, FieldErrors};

/// Tables of the system that no collection may be named after.
const RESERVED_TABLES: [&str; 7] =
    ["_collections", "_params", "_feed", "_meta", "_migrations", "_idempotency", "_counters"];

/// Checks everything but rules and relation targets.
pub fn check_shape(new: &Collection, old: Option<&Collection>, schema: &Schema) -> FieldErrors {
    let mut errors = FieldErrors::default();
    check_name(new, schema, &mut errors);
    if new.id.len() > 100 {
        let error = FieldError::new("validation_length_out_of_range", "The length must be between 1 and 100.");
        errors.add("id", error.param("min", 1).param("max", 100));
    } else if !is_word(&new.id) {
        let error = FieldError::new("validation_match_invalid", "Only letters, digits and underscores are allowed.");
        errors.add("id", error);
    } else if old.is_none() && (schema.by_id(&new.id).is_some() || schema.by_name(&new.id).is_some()) {
        errors.add("id", FieldError::new("validation_invalid_or_existing_id", "The id is taken."));
    }
    check_auth(new, &mut errors);
    if let Some(old) = old {
        check_unchanged(new, old, &mut errors);
    }
    check_fields(new, old, &mut errors);
    if new.is_view() {
        check_view(new, &mut errors);
    } else {
        check_indexes(new, schema, &mut errors);
    }
    errors
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
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
    } else if lower.contains("_via_") {
        FieldError::new("validation_found_via", "The name can't contain \"_via_\".")
    } else if RESERVED_TABLES.contains(&lower.as_str()) || lower.starts_with("sqlite_") {
        FieldError::new("validation_collection_name_invalid", "The name is reserved.")
    } else if other(schema.by_name(name)) {
        FieldError::new("validation_collection_name_exists", "Another collection has this name (in any letter case).")
    } else if schema.by_id(name).is_some() {
        FieldError::new("validation_collection_name_id_duplicate", "The name is the id of a collection.")
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
    if let Some(error) = old.filter(|_| !new.is_view()).and_then(|old| lost_field(new, old)) {
        errors.add("fields", error);
        return;
    }
    let keys = new.fields.iter().filter(|field| field.is_primary_key()).count();
    let mut list = FieldErrors::default();
    for (index, field) in new.fields.iter().enumerate() {
        let old_field = old.and_then(|old| old.fields.iter().find(|other| other.id == field.id));
        if old_field.is_some_and(|old| old.kind.name() != field.kind.name()) {
            let message = "The type can't be changed: remove the field and add another one.";
            list.add(index.to_string(), FieldError::new("validation_field_type_change", message));
            continue;
        }
        let mut found = FieldErrors::default();
        if let Some(old_field) = old_field.filter(|_| !new.is_view()) {
            let in_system = old.is_some_and(|old| old.system);
            check_same_field(field, old_field, in_system, &mut found);
        }
        if let Some(error) = Field::validate_name(&field.name, new.auth().is_some()) {
            found.add("name", error);
        }
        let earlier = &new.fields[..index];
        if earlier.iter().any(|other| other.id == field.id) {
            found.add("id", FieldError::new("validation_duplicated_field_id", "Another field has this id."));
        }
        if earlier.iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
            let error = FieldError::new("validation_duplicated_field_name", "Another field has this name.");
            found.add("name", error.param("fieldName", field.name.as_str()));
        }
        if field.is_primary_key() && keys > 1 {
            found.add("primaryKey", FieldError::new("validation_unsupported_composite_pk", "Only id is the key."));
        }
        if !new.is_view() {
            found.absorb(field.validate_options());
        }
        list.nest(index.to_string(), found);
    }
    errors.nest("fields", list);
}

/// The key and the system fields stay, under their ids and names.
fn lost_field(new: &Collection, old: &Collection) -> Option<FieldError> {
    let find = |id: &str| new.fields.iter().filter(move |field| field.id == id).collect::<Vec<_>>();
    let mut system = old.fields.iter().filter(|field| field.system);
    if system.clone().any(|key| {
        key.is_primary_key() && find(&key.id).iter().any(|field| !field.is_primary_key() || field.name != key.name)
    }) {
        return Some(FieldError::new("validation_missing_primary_key", "The field id must stay as it is."));
    }
    let lost = system.any(|field| {
        let found = find(&field.id);
        found.is_empty() || found.iter().any(|other| other.name != field.name)
    });
    lost.then(|| FieldError::new("validation_system_field_change", "System fields can't be removed or renamed."))
}

fn check_same_field(new: &Field, old: &Field, in_system: bool, errors: &mut FieldErrors) {
    if new.relation_target() != old.relation_target() && old.relation_target().is_some() {
        errors.add("collectionId", FieldError::new("validation_field_relation_change", "The target can't be changed."));
    }
    // Elsewhere the flag is the owner's way to guard a field, and to stop doing so.
    if in_system && new.system != old.system {
        errors.add("system", FieldError::new("validation_system_field_change", "This flag can't be changed."));
    }
    if let (true, FieldKind::Autodate(new), FieldKind::Autodate(old)) = (old.system, &new.kind, &old.kind) {
        let options = [("onCreate", new.on_create != old.on_create), ("onUpdate", new.on_update != old.on_update)];
        for (name, _) in options.into_iter().filter(|(_, changed)| *changed) {
            errors.add(name, FieldError::new("validation_values_mismatch", "A system date is set as it always was."));
        }
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
        let Some(parsed) = IndexStatement::parse(statement) else {
            let message = "This is no CREATE INDEX statement.";
            list.add(index.to_string(), FieldError::new("validation_invalid_index_expression", message));
            continue;
        };
        if let Some(error) = index_error(new, &parsed, &seen, schema) {
            list.add(index.to_string(), error);
        }
        seen.push(parsed);
    }
    errors.nest("indexes", list);
}

/// What is wrong with a statement among the others.
fn index_error(
    new: &Collection,
    parsed: &IndexStatement,
    seen: &[IndexStatement],
    schema: &Schema,
) -> Option<FieldError> {
    if seen.iter().any(|other| other.name.eq_ignore_ascii_case(&parsed.name)) {
        return Some(FieldError::new("validation_duplicated_index_name", "Another index has this name."));
    }
    if seen.iter().any(|other| IndexStatement { name: parsed.name.clone(), ..other.clone() } == *parsed) {
        return Some(FieldError::new("validation_duplicated_index_definition", "Another index is the same."));
    }
    let owner = schema.collections().iter().filter(|other| other.id != new.id).find(|other| {
        let name = |index: &String| IndexStatement::parse(index).map(|index| index.name);
        other.indexes.iter().filter_map(name).any(|name| name.eq_ignore_ascii_case(&parsed.name))
    });
    if let Some(owner) = owner {
        let message = format!("The collection {} has an index of this name.", owner.name);
        let error = FieldError::new("validation_existing_index_name", message);
        return Some(error.param("usedTableName", owner.name.as_str()));
    }
    None
}

/// Indexes over columns that do not exist. Asked last, as PocketBase does; SQLite would take an unknown name in double
/// quotes for a text.
pub fn missing_index_columns(new: &Collection) -> FieldErrors {
    let mut list = FieldErrors::default();
    for (index, statement) in new.indexes.iter().enumerate() {
        let columns = IndexStatement::parse(statement).map(|parsed| parsed.columns).unwrap_or_default();
        let known = |name: &str| new.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
        let missing =
            columns.iter().map(|column| IndexStatement::column_name(column)).find(|name| is_word(name) && !known(name));
        if let Some(name) = missing {
            let message = format!("There is no field {name:?}.");
            list.add(index.to_string(), FieldError::new("validation_invalid_index_expression", message));
        }
    }
    let mut errors = FieldErrors::default();
    errors.nest("indexes", list);
    errors
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
