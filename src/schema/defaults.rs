//! What a new collection of each type starts with: system fields, auth options, required indexes.

use serde_json::{Map, Value as Json, json};

use super::field::{AutodateOptions, BoolOptions, EmailOptions, PasswordOptions, TextOptions};
use super::{Field, FieldKind};
use crate::crypto::alphanumeric;

/// The options of an auth collection that hold a secret to sign tokens with, and their default life in seconds.
pub(super) const TOKENS: [(&str, i64); 5] = [
    ("authToken", 432_000),
    ("passwordResetToken", 1_800),
    ("emailChangeToken", 1_800),
    ("verificationToken", 86_400),
    ("fileToken", 180),
];

const SECRET_LENGTH: usize = 50;

/// A random secret for tokens.
pub fn new_secret() -> String {
    alphanumeric(SECRET_LENGTH)
}

/// The `id` field of every collection.
pub fn id_field() -> Field {
    let options = TextOptions {
        min: 15,
        max: 15,
        pattern: "^[a-z0-9]+$".into(),
        autogenerate_pattern: "[a-z0-9]{15}".into(),
        primary_key: true,
    };
    Field { system: true, required: true, ..Field::new("id", FieldKind::Text(options)) }
}

/// The fields that every auth collection has beside `id`.
pub fn auth_fields() -> [Field; 5] {
    let password = PasswordOptions { min: 8, ..PasswordOptions::default() };
    let token_key =
        TextOptions { min: 30, max: 60, autogenerate_pattern: "[a-zA-Z0-9]{50}".into(), ..TextOptions::default() };
    let system = |name: &str, kind| Field { system: true, ..Field::new(name, kind) };
    [
        Field { hidden: true, required: true, ..system("password", FieldKind::Password(password)) },
        Field { hidden: true, required: true, ..system("tokenKey", FieldKind::Text(token_key)) },
        Field { required: true, ..system("email", FieldKind::Email(EmailOptions::default())) },
        system("emailVisibility", FieldKind::Bool(BoolOptions::default())),
        system("verified", FieldKind::Bool(BoolOptions::default())),
    ]
}

/// `created` and `updated` as the collections that we make ourselves have them.
pub(super) fn date_fields(system: bool) -> [Field; 2] {
    let field = |name: &str, on_update| {
        let options = AutodateOptions { on_create: true, on_update };
        Field { system, ..Field::new(name, FieldKind::Autodate(options)) }
    };
    [field("created", false), field("updated", true)]
}

/// The unique indexes that an auth collection needs; `suffix` keeps their names apart.
pub fn auth_indexes(suffix: &str, table: &str) -> [(&'static str, String); 2] {
    [
        ("tokenKey", format!("CREATE UNIQUE INDEX `idx_tokenKey_{suffix}` ON `{table}` (`tokenKey`)")),
        ("email", format!("CREATE UNIQUE INDEX `idx_email_{suffix}` ON `{table}` (`email`) WHERE `email` != ''")),
    ]
}

/// The type-specific keys of a model with their defaults and fresh secrets.
pub(super) fn options(kind: &str) -> Map<String, Json> {
    let options = match kind {
        "auth" => auth_options(),
        "view" => json!({"viewQuery": ""}),
        _ => json!({}),
    };
    match options {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn auth_options() -> Json {
    let mut options = json!({
        "authRule": "",
        "manageRule": null,
        "authAlert": {"enabled": true, "emailTemplate": template(
            "New sign-in to your {APP_NAME} account",
            "<p>Your {APP_NAME} account was used from a place we have not seen before:</p>\n<p><em>{ALERT_INFO}</em></p>\n\
             <p>Was it you? Then there is nothing to do. If not, change your password now: that ends all other sessions.</p>",
        )},
        "oauth2": {
            "providers": [],
            "mappedFields": {"id": "", "name": "", "username": "", "avatarURL": ""},
            "enabled": false,
        },
        "passwordAuth": {"enabled": true, "identityFields": ["email"]},
        "mfa": {"enabled": false, "duration": 600, "rule": ""},
        "otp": {"enabled": false, "duration": 180, "length": 8, "emailTemplate": template(
            "Your {APP_NAME} code",
            "<p>Sign in to {APP_NAME} with this code:</p>\n<p><strong>{OTP}</strong></p>\n\
             <p>If you did not ask for it, nobody can use it without this mail.</p>",
        )},
    });
    for (name, duration_s) in TOKENS {
        options[name] = json!({"secret": new_secret(), "duration": duration_s});
    }
    options["verificationTemplate"] = link_template(
        "Confirm your e-mail address for {APP_NAME}",
        "Please confirm that this address belongs to you:",
        "confirm-verification",
        "Confirm the address",
    );
    options["resetPasswordTemplate"] = link_template(
        "Set a new {APP_NAME} password",
        "Somebody, hopefully you, asked for a new password:",
        "confirm-password-reset",
        "Set a new password",
    );
    options["confirmEmailChangeTemplate"] = link_template(
        "Confirm your new e-mail address for {APP_NAME}",
        "Please confirm that you want to use this address from now on:",
        "confirm-email-change",
        "Use this address",
    );
    options
}

fn template(subject: &str, body: &str) -> Json {
    json!({"subject": subject, "body": body})
}

/// The paths are those that mails of PocketBase point to (contract 4.2).
fn link_template(subject: &str, text: &str, page: &str, label: &str) -> Json {
    let link = format!("<a class=\"btn\" href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\">{label}</a>");
    template(subject, &format!("<p>{text}</p>\n<p>{link}</p>\n<p>If it was not you, ignore this mail.</p>"))
}
