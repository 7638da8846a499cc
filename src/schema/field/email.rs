//! E-mail addresses.

use serde::{Deserialize, Serialize};

use super::{Field, FieldType, domains};
use crate::error::{FieldError, FieldErrors};
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmailOptions {
    pub except_domains: Vec<String>,
    pub only_domains: Vec<String>,
}

/// A plain address: an unquoted local part with single dots inside, and a domain with a dot.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let allowed = |character: char| {
        character.is_alphanumeric()
            || "!#$%&'*+/=?^_`{|}~-.".contains(character)
            || !character.is_ascii() && !character.is_whitespace()
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    !local.is_empty() && !dots && local.chars().all(allowed) && domains::is_domain(domain)
}

impl FieldType for EmailOptions {
    fn validate(&self, value: &Value) -> Option<FieldError> {
        let text = value.as_str();
        if !is_email(text) {
            return Some(FieldError::new("validation_is_email", "Must be an e-mail address."));
        }
        let domain = text.rsplit('@').next().unwrap_or_default();
        (!domains::allowed(domain, &self.except_domains, &self.only_domains)).then(|| {
            FieldError::new("validation_email_domain_not_allowed", "Addresses of this domain are not allowed.")
        })
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        domains::validate_lists(errors, &self.except_domains, &self.only_domains);
    }
}
