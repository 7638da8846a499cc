//! The collections of a fresh data directory, as models for the normal way of creating one (contract 4.3).

use serde_json::{Value as Json, json};

use super::defaults::{auth_fields, date_fields, id_field};
use super::field::{FileOptions, PasswordOptions, TextOptions};
use super::{AUTH_ORIGINS, EXTERNAL_AUTHS, Field, FieldKind, MFAS, OTPS, SUPERUSERS, SUPERUSERS_ID};

const OWNER: &str =
    "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = @request.auth.collectionId";

/// All of them, in the order in which they are made.
pub fn first_collections() -> Vec<Json> {
    let reference =
        |names: &[&str]| ["collectionRef", "recordRef"].iter().chain(names).map(|name| text(name)).collect();
    vec![
        owned(
            MFAS,
            "pbc_2279338944",
            reference(&["method"]),
            false,
            &["CREATE INDEX `idx_mfas_collectionRef_recordRef` ON `_mfas` (collectionRef,recordRef)"],
        ),
        owned(
            OTPS,
            "pbc_1638494021",
            otp_fields(reference(&[])),
            false,
            &["CREATE INDEX `idx_otps_collectionRef_recordRef` ON `_otps` (collectionRef, recordRef)"],
        ),
        owned(
            EXTERNAL_AUTHS,
            "pbc_2281828961",
            reference(&["provider", "providerId"]),
            true,
            &[
                "CREATE UNIQUE INDEX `idx_externalAuths_record_provider` ON `_externalAuths` (collectionRef, recordRef, provider)",
                "CREATE UNIQUE INDEX `idx_externalAuths_collection_provider` ON `_externalAuths` (collectionRef, provider, providerId)",
            ],
        ),
        owned(
            AUTH_ORIGINS,
            "pbc_4275539003",
            reference(&["fingerprint"]),
            true,
            &[
                "CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` ON `_authOrigins` (collectionRef, recordRef, fingerprint)",
            ],
        ),
        superusers(),
        users(),
    ]
}

fn text(name: &str) -> Field {
    Field { system: true, required: true, ..Field::new(name, FieldKind::Text(TextOptions::default())) }
}

fn otp_fields(mut fields: Vec<Field>) -> Vec<Field> {
    let password = FieldKind::Password(PasswordOptions { cost: 8, ..PasswordOptions::default() });
    fields.push(Field { system: true, required: true, hidden: true, ..Field::new("password", password) });
    fields.push(Field { required: false, hidden: true, ..text("sentTo") });
    fields
}

fn owned(name: &str, id: &str, fields: Vec<Field>, deletable: bool, indexes: &[&str]) -> Json {
    let fields: Vec<Field> = [id_field()].into_iter().chain(fields).chain(date_fields(true)).collect();
    json!({
        "id": id, "name": name, "type": "base", "system": true, "fields": fields, "indexes": indexes,
        "listRule": OWNER, "viewRule": OWNER, "deleteRule": deletable.then_some(OWNER),
    })
}

fn superusers() -> Json {
    let fields: Vec<Field> = [id_field()].into_iter().chain(auth_fields()).chain(date_fields(true)).collect();
    json!({
        "id": SUPERUSERS_ID, "name": SUPERUSERS, "type": "auth", "system": true, "fields": fields,
        "authToken": {"duration": 86_400},
    })
}

fn users() -> Json {
    let own = "id = @request.auth.id";
    let name = Field::new("name", FieldKind::Text(TextOptions { max: 255, ..TextOptions::default() }));
    let types = ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"];
    let avatar = FileOptions { max_select: 1, mime_types: types.map(String::from).to_vec(), ..FileOptions::default() };
    let avatar = Field::new("avatar", FieldKind::File(avatar));
    let fields: Vec<Field> =
        [id_field()].into_iter().chain(auth_fields()).chain([name, avatar]).chain(date_fields(false)).collect();
    json!({
        "id": "_pb_users_auth_", "name": "users", "type": "auth", "fields": fields,
        "listRule": own, "viewRule": own, "createRule": "", "updateRule": own, "deleteRule": own,
        "oauth2": {"mappedFields": {"name": "name", "avatarURL": "avatar"}},
    })
}
