//! What the options of an auth collection must satisfy (contract 4.2, the codes of 1.8).

use super::auth_parts::{AuthAlert, Mfa, OAuth2, Otp, Provider, Template, part};
use super::{AuthOptions, Collection, CollectionKind, TokenOptions, unique_on};
use crate::error::{FieldError, FieldErrors};

/// Seconds; about three years.
const MAX_TOKEN_SECONDS: i64 = 94_670_856;
const MAX_CODE_SECONDS: i64 = 86_400;
const MIN_SECONDS: i64 = 10;
const MIN_OTP_LENGTH: i64 = 4;

/// The OAuth2 providers that can be configured, in the order of contract 5.4.
const PROVIDERS: [&str; 32] = [
    "apple",
    "google",
    "microsoft",
    "yandex",
    "facebook",
    "instagram2",
    "github",
    "gitlab",
    "bitbucket",
    "gitee",
    "gitea",
    "discord",
    "twitter",
    "kakao",
    "vk",
    "linear",
    "notion",
    "monday",
    "lark",
    "box",
    "spotify",
    "trakt",
    "twitch",
    "patreon",
    "strava",
    "wakatime",
    "livechat",
    "mailcow",
    "planningcenter",
    "oidc",
    "oidc2",
    "oidc3",
];

pub(super) fn required() -> FieldError {
    FieldError::new("validation_required", "Cannot be blank.")
}

/// Checks all but the rules, which need the whole schema.
pub(super) fn check_auth(new: &Collection, errors: &mut FieldErrors) {
    let CollectionKind::Auth(auth) = &new.kind else { return };
    if auth.manage_rule.as_deref() == Some("") {
        let message = "Must be an expression, or null for nobody.";
        errors.add("manageRule", FieldError::new("validation_nil_or_not_empty_required", message));
    }
    check_tokens(auth, errors);
    if auth.password_enabled {
        check_identity_fields(new, &auth.identity_fields, errors);
    }
    let oauth2: OAuth2 = part(&auth.other, "oauth2");
    let (mfa, otp): (Mfa, Otp) = (part(&auth.other, "mfa"), part(&auth.other, "otp"));
    if oauth2.enabled {
        let mut found = FieldErrors::default();
        found.nest("providers", check_providers(&oauth2.providers));
        errors.nest("oauth2", found);
    }
    errors.nest("otp", check_otp(&otp));
    let ways = [auth.password_enabled, oauth2.enabled, otp.enabled].into_iter().filter(|way| *way).count();
    if mfa.enabled {
        let mut found = FieldErrors::default();
        if ways < 2 {
            let message = "Two ways to sign in must be enabled for this.";
            found.add("enabled", FieldError::new("validation_mfa_not_enough_auths", message));
        }
        check_range("duration", mfa.duration, MIN_SECONDS, MAX_CODE_SECONDS, &mut found);
        errors.nest("mfa", found);
    }
    check_templates(auth, errors);
}

fn check_tokens(auth: &AuthOptions, errors: &mut FieldErrors) {
    let tokens: [(&str, &TokenOptions); 5] = [
        ("authToken", &auth.auth_token),
        ("passwordResetToken", &auth.password_reset_token),
        ("emailChangeToken", &auth.email_change_token),
        ("verificationToken", &auth.verification_token),
        ("fileToken", &auth.file_token),
    ];
    for (name, token) in tokens {
        let mut found = FieldErrors::default();
        if token.secret.is_empty() {
            found.add("secret", required());
        } else if !(30..=255).contains(&token.secret.chars().count()) {
            let error = FieldError::new("validation_length_out_of_range", "The length must be between 30 and 255.");
            found.add("secret", error.param("min", 30).param("max", 255));
        }
        check_range("duration", token.duration_s, MIN_SECONDS, MAX_TOKEN_SECONDS, &mut found);
        errors.nest(name, found);
    }
}

fn check_range(name: &str, value: i64, min: i64, max: i64, errors: &mut FieldErrors) {
    if value == 0 {
        errors.add(name, required());
    } else if value < min {
        let error = FieldError::new("validation_min_greater_equal_than_required", format!("Must be {min} or more."));
        errors.add(name, error.param("threshold", min));
    } else if value > max {
        let error = FieldError::new("validation_max_less_equal_than_required", format!("Must be {max} or less."));
        errors.add(name, error.param("threshold", max));
    }
}

fn check_identity_fields(new: &Collection, names: &[String], errors: &mut FieldErrors) {
    let blank = names.is_empty() || names.iter().any(String::is_empty);
    let error = if blank { Some(required()) } else { names.iter().find_map(|name| identity_error(new, name)) };
    if let Some(error) = error {
        errors.nest("passwordAuth", FieldErrors::one("identityFields", error));
    }
}

fn identity_error(new: &Collection, name: &str) -> Option<FieldError> {
    let error = if new.field(name).is_none() {
        FieldError::new("validation_missing_field", format!("There is no field {name:?}."))
    } else if !new.indexes.iter().any(|index| unique_on(index, name).is_some()) {
        FieldError::new("validation_missing_unique_constraint", format!("The field {name:?} has no unique index."))
    } else {
        return None;
    };
    Some(error.param("fieldName", name))
}

fn check_providers(providers: &[Provider]) -> FieldErrors {
    let mut list = FieldErrors::default();
    for (index, provider) in providers.iter().enumerate() {
        let mut found = FieldErrors::default();
        let name = provider.name.as_str();
        if name.is_empty() {
            found.add("name", required());
        } else if !PROVIDERS.contains(&name) {
            let error = FieldError::new("validation_missing_provider", format!("There is no provider {name:?}."));
            found.add("name", error.param("name", name));
        } else if providers[..index].iter().any(|earlier| earlier.name == name) {
            let message = format!("The provider {name:?} is listed already.");
            found.add("name", FieldError::new("validation_duplicated_provider", message).param("name", name));
        }
        for (key, value) in [("clientId", &provider.client_id), ("clientSecret", &provider.client_secret)] {
            if value.is_empty() {
                found.add(key, required());
            }
        }
        let urls = [
            ("authURL", &provider.auth_url),
            ("tokenURL", &provider.token_url),
            ("userInfoURL", &provider.user_info_url),
        ];
        for (key, url) in urls {
            if !url.is_empty() && !super::field::is_url(url) {
                found.add(key, FieldError::new("validation_is_url", "Must be a URL."));
            }
        }
        list.nest(index.to_string(), found);
    }
    list
}

fn check_otp(otp: &Otp) -> FieldErrors {
    let mut found = FieldErrors::default();
    if otp.enabled {
        check_range("duration", otp.duration, MIN_SECONDS, MAX_CODE_SECONDS, &mut found);
        check_range("length", otp.length, MIN_OTP_LENGTH, i64::MAX, &mut found);
    }
    found.nest("emailTemplate", check_template(&otp.email_template));
    found
}

/// Templates are checked whether they are in use or not: they must work when somebody switches them on.
fn check_templates(auth: &AuthOptions, errors: &mut FieldErrors) {
    for name in ["verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate"] {
        errors.nest(name, check_template(&part(&auth.other, name)));
    }
    let alert: AuthAlert = part(&auth.other, "authAlert");
    let mut found = FieldErrors::default();
    found.nest("emailTemplate", check_template(&alert.email_template));
    errors.nest("authAlert", found);
}

fn check_template(template: &Template) -> FieldErrors {
    let mut found = FieldErrors::default();
    for (key, text) in [("subject", &template.subject), ("body", &template.body)] {
        if text.is_empty() {
            found.add(key, required());
        }
    }
    found
}
