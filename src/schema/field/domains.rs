//! Domain lists of e-mail and URL fields, and what counts as a domain.

use crate::error::{FieldError, FieldErrors};

/// Whether the domain passes both lists; they compare exactly, as stored.
pub(super) fn allowed(domain: &str, except: &[String], only: &[String]) -> bool {
    (only.is_empty() || only.iter().any(|known| known == domain)) && !except.iter().any(|known| known == domain)
}

/// The lists exclude each other, and hold domains.
pub(super) fn validate_lists(errors: &mut FieldErrors, except: &[String], only: &[String]) {
    if !except.is_empty() && !only.is_empty() {
        for option in ["exceptDomains", "onlyDomains"] {
            errors.add(option, FieldError::new("validation_empty", "Only one of the two domain lists can be used."));
        }
        return;
    }
    for (option, list) in [("exceptDomains", except), ("onlyDomains", only)] {
        let mut items = FieldErrors::default();
        for (index, domain) in list.iter().enumerate() {
            if !domain.is_empty() && !is_domain(domain) {
                items.add(index.to_string(), FieldError::new("validation_is_domain", "Must be a domain."));
            }
        }
        errors.nest(option, items);
    }
}

/// At least two labels of letters, digits, hyphens and underscores; the last one not a number. A final
/// dot is allowed. Letters may be of any script.
pub(super) fn is_domain(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let mut labels = domain.split('.').rev();
    let top = labels.next().unwrap_or_default();
    let mut more = labels.peekable();
    domain.len() <= 253
        && is_label(top)
        && top.chars().any(char::is_alphabetic)
        && more.peek().is_some()
        && more.all(is_label)
}

pub(super) fn is_label(label: &str) -> bool {
    let inner = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(inner)
}
