//! The catalogue of codes that stand in the `data` of an error (contract 1.8), each once. `tests/tidy.rs` holds it
//! against the code: a code that is used is here, and one that is here is used.

/// A code for programs, with what a person needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    pub code: &'static str,
    /// What is wrong.
    pub meaning: &'static str,
    /// What a caller can do about it.
    pub advice: &'static str,
}

const fn code(code: &'static str, meaning: &'static str, advice: &'static str) -> Code {
    Code { code, meaning, advice }
}

/// Every code: of records, accounts, lists, batches, collections and settings.
pub const CODES: &[Code] = &[
    code("validation_required", "The value is missing or empty.", "Send a value; for a bool it must be true."),
    code(
        "validation_not_unique",
        "Another record has this value already.",
        "Choose another value; all columns of the unique index are named.",
    ),
    code(
        "validation_invalid_value",
        "The value is not one that can be taken.",
        "Send one of the allowed values or a shorter one; see the parameters.",
    ),
    code("validation_min_text_constraint", "The text is too short.", "Send at least `min` characters."),
    code("validation_max_text_constraint", "The text is too long.", "Send at most `max` characters."),
    code(
        "validation_invalid_format",
        "The text does not match the pattern of the field.",
        "Send a text of the form that the field asks for.",
    ),
    code("validation_pk_change", "The id of a record can't be changed.", "Leave the id out of the update."),
    code(
        "validation_pk_invalid",
        "The id differs from an existing one in nothing but case.",
        "Choose another id, or leave it out and get one.",
    ),
    code(
        "validation_forbidden_pk_character",
        "The id has a character that ids can't have.",
        "Leave the character `ch` out.",
    ),
    code("validation_reserved_pk", "The id is the name of a device on some systems.", "Choose another id."),
    code("validation_null_character", "The text holds the character U+0000.", "Send the text without it."),
    code("validation_not_a_number", "The value is not a finite number.", "Send a finite number."),
    code("validation_only_int_constraint", "The number is not whole.", "Send a whole number."),
    code("validation_min_number_constraint", "The number is too small.", "Send a number of at least `min`."),
    code("validation_max_number_constraint", "The number is too large.", "Send a number of at most `max`."),
    code(
        "validation_min_greater_equal_than_required",
        "The value lies below its bound.",
        "Send a value of at least `threshold`.",
    ),
    code(
        "validation_max_less_equal_than_required",
        "The value lies above its bound.",
        "Send a value of at most `threshold`.",
    ),
    code("validation_is_email", "The text is no e-mail address.", "Send an address such as ada@example.com."),
    code(
        "validation_email_domain_not_allowed",
        "Addresses of this domain are not taken.",
        "Use an address of another domain.",
    ),
    code("validation_invalid_url", "The text is no URL.", "Send a URL such as https://example.com."),
    code("validation_url_domain_not_allowed", "URLs of this domain are not taken.", "Use a URL of another domain."),
    code(
        "validation_too_many_values",
        "There are more values than the field holds.",
        "Send at most `maxSelect` values.",
    ),
    code(
        "validation_not_enough_values",
        "There are fewer values than the field asks for.",
        "Send at least `minSelect` values.",
    ),
    code(
        "validation_missing_rel_records",
        "A related record does not exist.",
        "Send ids of existing records of the related collection.",
    ),
    code("validation_invalid_file", "A file can't be taken.", "Send names of files that the record has."),
    code("validation_too_many_files", "There are more files than the field holds.", "Send at most `maxSelect` files."),
    code("validation_json_size_limit", "The JSON is too large.", "Send at most `maxSize` bytes."),
    code("validation_invalid_json", "The value is no JSON.", "Send valid JSON."),
    code("validation_content_size_limit", "The content is too large.", "Send at most `maxSize` bytes."),
    code("validation_invalid_longitude", "The longitude is out of range.", "Send degrees from -180 to 180."),
    code("validation_invalid_latitude", "The latitude is out of range.", "Send degrees from -90 to 90."),
    code(
        "validation_values_mismatch",
        "Two values that must be equal differ, or a value may be changed by managers only.",
        "Send the password twice alike, and leave out what only managers may set.",
    ),
    code("validation_invalid_old_password", "The old password is wrong.", "Ask for the present password again."),
    code(
        "validation_invalid_auth_id",
        "An account of another collection has this id.",
        "Choose another id, or leave it out and get one.",
    ),
    code(
        "validation_nil_or_not_empty_required",
        "The value is there but empty.",
        "Leave the key out, or send a value.",
    ),
    code("validation_nil", "The value must not be there.", "Leave the key out."),
    code(
        "validation_invalid_cursor",
        "The cursor is damaged, or belongs to another question or caller.",
        "Start the list again with an empty cursor.",
    ),
    code("validation_page_with_cursor", "A page number and a cursor were given together.", "Leave `page` out."),
    code(
        "validation_unstable_sort",
        "The order changes with every request, so no cursor can go on in it.",
        "Sort by fields instead of @random.",
    ),
    code("validation_sort_too_long", "The values to sort by are too long for a cursor.", "Sort by a shorter field."),
    code(
        "batch_request_failed",
        "One request of a batch failed, so none of them was done.",
        "Look at its `response`, mend it and send the batch again.",
    ),
    code(
        "bulk_record_failed",
        "One record of a change by filter failed, so none of them was changed.",
        "Look at its `response`; narrow the filter, or mend the change.",
    ),
    code(
        "validation_too_many_matches",
        "The filter finds more records than the limit.",
        "Narrow the filter, raise `limit`, or change the records in several steps.",
    ),
    code(
        "validation_invalid_expression",
        "The expression of an aggregate can't be understood.",
        "Mend it; the message says what is wrong.",
    ),
    code(
        "validation_unknown_field",
        "There is no such field or key, or the caller may not use it.",
        "Check the name; conditions and orders of groups use the keys of the answer.",
    ),
    code(
        "validation_invalid_operand",
        "The function of an aggregate takes no such field.",
        "Use a field of the type that the message names.",
    ),
    code("validation_collection_name_exists", "Another collection has this name.", "Choose another name."),
    code(
        "validation_collection_name_invalid",
        "The name can't be that of a collection.",
        "Use letters, digits and underscores.",
    ),
    code(
        "validation_collection_name_id_duplicate",
        "The name is the id of another collection.",
        "Choose another name.",
    ),
    code("validation_collection_type_change", "The type of a collection can't be changed.", "Make a new collection."),
    code(
        "validation_collection_system_name_change",
        "A system collection can't be renamed.",
        "Leave the name as it is.",
    ),
    code(
        "validation_collection_system_flag_change",
        "Whether a collection is a system one can't be changed.",
        "Leave `system` out.",
    ),
    code(
        "validation_collection_system_rule_change",
        "The rules of a system collection can't be changed.",
        "Leave the rules as they are.",
    ),
    code(
        "validation_collections_import_failure",
        "The collections could not be imported.",
        "Read the message, mend the file and import it again.",
    ),
    code(
        "validation_invalid_or_existing_id",
        "The id is malformed or taken.",
        "Choose another id, or leave it out and get one.",
    ),
    code(
        "validation_duplicated_field_id",
        "Two fields have the same id.",
        "Give each field its own id, or leave the ids out.",
    ),
    code(
        "validation_duplicated_field_name",
        "Two fields have the same name, whatever its case.",
        "Rename one of them.",
    ),
    code("validation_found_via", "A name contains `_via_`, which means a back relation.", "Choose another name."),
    code("validation_reserved_field_name", "The forms of auth collections use this name.", "Choose another name."),
    code("validation_missing_field", "A field that is named does not exist.", "Name a field of the collection."),
    code(
        "validation_missing_primary_key",
        "The collection has no field for the id.",
        "Keep the text field `id` as the primary key.",
    ),
    code(
        "validation_unsupported_composite_pk",
        "More than one field is a primary key.",
        "Keep one, the text field `id`.",
    ),
    code(
        "validation_system_field_change",
        "A field of the system can't be changed in this way.",
        "Leave the field as it is.",
    ),
    code(
        "validation_field_type_change",
        "The type of a field can't be changed.",
        "Delete the field and add another one.",
    ),
    code(
        "validation_field_relation_change",
        "The target of a relation can't be changed.",
        "Delete the field and add another one.",
    ),
    code(
        "validation_field_relation_missing_collection",
        "The related collection does not exist.",
        "Create the related collection first.",
    ),
    code(
        "validation_relation_field_non_view_base_collection",
        "Only views can point to a view.",
        "Point to a collection that is no view.",
    ),
    code(
        "validation_invalid_regex",
        "The pattern is no regular expression.",
        "Mend the pattern; look-around and back references are not known.",
    ),
    code(
        "validation_invalid_autogenerate_pattern",
        "No text can be made from this pattern.",
        "Use a plain pattern such as [a-z0-9]{15}.",
    ),
    code(
        "validation_invalid_autogenerate_pattern_value",
        "What the pattern makes does not fit the field.",
        "Make pattern, length and autogenerate pattern agree.",
    ),
    code("validation_is_domain", "The text is no domain.", "Send a domain such as example.com."),
    code("validation_empty", "Two options exclude each other.", "Leave one of them empty."),
    code(
        "validation_match_invalid",
        "The text does not have the form that is asked for.",
        "Read the message for the form.",
    ),
    code("validation_in_invalid", "The value is none of the known ones.", "Read the message for the values."),
    code(
        "validation_not_in_invalid",
        "The value is reserved or the one that is there already.",
        "Choose another value.",
    ),
    code(
        "validation_length_out_of_range",
        "The length is out of range.",
        "Use from `min` to `max` characters or items.",
    ),
    code("validation_length_too_long", "There are too many items.", "Send at most `max` items."),
    code("validation_length_invalid", "The length is not the one that is asked for.", "Use exactly `max` characters."),
    code(
        "validation_invalid_index_expression",
        "The text is no statement that creates an index.",
        "Write CREATE [UNIQUE] INDEX name ON collection (columns).",
    ),
    code("validation_duplicated_index_name", "Two indexes have the same name.", "Rename one of them."),
    code("validation_duplicated_index_definition", "Two indexes do the same.", "Leave one of them out."),
    code("validation_existing_index_name", "Another collection has an index of this name.", "Choose another name."),
    code(
        "validation_indexes_not_supported",
        "A view can't have indexes.",
        "Put the index on a collection that the view reads.",
    ),
    code(
        "validation_missing_unique_constraint",
        "A field to sign in with has no unique index of its own.",
        "Add a unique index on this field alone.",
    ),
    code(
        "validation_mfa_not_enough_auths",
        "Two methods of sign-in are asked for, but fewer are on.",
        "Turn on another method first.",
    ),
    code("validation_missing_provider", "There is no such provider.", "Name a known provider."),
    code("validation_duplicated_provider", "A provider is listed twice.", "Leave one of the two out."),
    code(
        "validation_invalid_rule",
        "The rule is malformed or names what is not there.",
        "Mend the rule; the message says where it is wrong.",
    ),
    code(
        "validation_invalid_view_query",
        "The query can't be that of a view.",
        "Write one SELECT with a unique `id` column.",
    ),
    code("validation_is_url", "The text is no URL.", "Send a URL such as https://example.com."),
    code("validation_is_hex_color", "The text is no colour.", "Send a colour such as #1055c9."),
    code(
        "validation_conflicting_rate_limit_rule",
        "There is a rule of this label for the same callers already.",
        "Keep one of them, or give each another audience.",
    ),
    code(
        "validation_invlaid_ip_or_subnet",
        "The text is neither an address nor a network; the code is misspelt on the wire of PocketBase, too.",
        "Send an address such as 10.0.0.1 or a network such as 10.0.0.0/8.",
    ),
];
