//! How often clients may ask (contract 1.7): the rules, what is wrong with them, and which of them a request falls under.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::validate::{blank, networks};
use crate::error::{FieldError, FieldErrors};

/// A tag, an action of a collection, a path, or a method and a path; a path that ends with `/` stands for all below it.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant that a test compiles")]
    Regex::new(
        r"^(?:[0-9A-Za-z_]+ /[0-9A-Za-z_/-]*|/[0-9A-Za-z_/-]*|(?:[0-9A-Za-z_]+|\*):[0-9A-Za-z_]+|[0-9A-Za-z_]+)$",
    )
    .expect("a valid pattern")
});

const GUESTS: &str = "@guest";
const SIGNED_IN: &str = "@auth";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RateLimits {
    pub rules: Vec<RateLimitRule>,
    #[serde(rename = "excludedIPs")]
    pub excluded_ips: Vec<String>,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct RateLimitRule {
    pub label: String,
    /// Who it is for: `@guest`, `@auth`, or everybody if empty.
    pub audience: String,
    /// In seconds.
    pub duration: i64,
    pub max_requests: i64,
}

impl Default for RateLimits {
    fn default() -> Self {
        let rule = |label: &str, max_requests, duration| RateLimitRule {
            label: label.into(),
            audience: String::new(),
            duration,
            max_requests,
        };
        let rules =
            vec![rule("*:auth", 2, 3), rule("*:create", 20, 5), rule("/api/batch", 3, 1), rule("/api/", 300, 10)];
        Self { rules, excluded_ips: Vec::new(), enabled: false }
    }
}

impl RateLimits {
    /// The one rule for a request of these labels, the most particular first: for each label the rule of that name, or
    /// else the first one that a path below it falls under.
    pub fn find(&self, labels: &[String], signed_in: bool) -> Option<&RateLimitRule> {
        let audience = if signed_in { SIGNED_IN } else { GUESTS };
        let rules = || self.rules.iter().filter(|rule| rule.audience.is_empty() || rule.audience == audience);
        labels.iter().find_map(|label| {
            let same = rules().find(|rule| rule.label == *label);
            same.or_else(|| rules().find(|rule| rule.is_above(label)))
        })
    }

    /// Follows collections to their new names; whether any rule named one.
    pub(super) fn rename(&mut self, names: &[(String, String)]) -> bool {
        let before = self.rules.clone();
        for rule in &mut self.rules {
            let Some((collection, action)) = rule.label.split_once(':') else { continue };
            if let Some((_, new)) = names.iter().find(|(old, _)| old == collection) {
                rule.label = format!("{new}:{action}");
            }
        }
        self.rules != before
    }

    pub(super) fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.enabled && self.rules.is_empty() {
            errors.add("rules", blank());
        }
        let mut rules = FieldErrors::default();
        for (index, rule) in self.rules.iter().enumerate() {
            rules.nest(index.to_string(), rule.check());
        }
        if rules.is_empty()
            && let Some(index) = self.conflict()
        {
            rules.nest(index.to_string(), FieldErrors::one("label", conflicting(&self.rules[index].label)));
        }
        errors.nest("rules", rules);
        errors.nest("excludedIPs", networks(&self.excluded_ips));
        errors
    }

    /// The first rule for somebody for whom there is one of the same label already.
    fn conflict(&self) -> Option<usize> {
        let overlap = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        let conflict = |rule: &RateLimitRule, before: &[RateLimitRule]| {
            before.iter().any(|other| other.label == rule.label && overlap(&other.audience, &rule.audience))
        };
        (0..self.rules.len()).find(|index| conflict(&self.rules[*index], &self.rules[..*index]))
    }
}

impl RateLimitRule {
    fn is_above(&self, label: &str) -> bool {
        let Some(folder) = self.label.strip_suffix('/') else { return false };
        label.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.label.is_empty() {
            errors.add("label", blank());
        } else if !LABEL.is_match(&self.label) {
            let message = "Must be a path such as /api/, POST /api/batch, or an action such as posts:create or *:auth.";
            errors.add("label", FieldError::new("validation_match_invalid", message));
        }
        for (name, number) in [("maxRequests", self.max_requests), ("duration", self.duration)] {
            match number {
                0 => errors.add(name, blank()),
                ..0 => errors.add(name, too_small()),
                1.. => {}
            }
        }
        if !["", GUESTS, SIGNED_IN].contains(&self.audience.as_str()) {
            errors.add("audience", FieldError::new("validation_in_invalid", "Must be @guest, @auth or empty."));
        }
        errors
    }
}

fn too_small() -> FieldError {
    FieldError::new("validation_min_greater_equal_than_required", "Must not be less than 1.").param("threshold", 1)
}

fn conflicting(label: &str) -> FieldError {
    let message = format!("There is a rule for {label} and the same callers already.");
    FieldError::new("validation_conflicting_rate_limit_rule", message).param("label", label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rules: &[(&str, &str)]) -> RateLimits {
        let rule = |(label, audience): &(&str, &str)| RateLimitRule {
            label: (*label).into(),
            audience: (*audience).into(),
            duration: 1,
            max_requests: 1,
        };
        RateLimits { rules: rules.iter().map(rule).collect(), enabled: true, ..RateLimits::default() }
    }

    #[test]
    fn the_most_particular_rule_is_found() {
        let check = |rules: &[(&str, &str)], labels: &[&str], signed_in: bool, expected: Option<usize>| {
            let limits = limits(rules);
            let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
            let found = limits.find(&labels, signed_in).map(|rule| limits.rules.iter().position(|it| it == rule));
            assert_eq!(found.flatten(), expected, "{rules:?} {labels:?}");
        };
        let create = ["posts:create", "*:create", "POST /api/x", "/api/x"];
        check(&[("/api/x", ""), ("*:create", ""), ("posts:create", "")], &create, false, Some(2));
        check(&[("/api/x", ""), ("*:create", "")], &create, false, Some(1));
        check(&[("/api/x", ""), ("POST /api/x", "")], &create, false, Some(1));
        check(&[("/api/", ""), ("/api/x", "")], &create, false, Some(1));
        check(&[("/", ""), ("/api/", "")], &create, false, Some(0));
        check(&[("/api/x/", "")], &create, false, Some(0));
        check(&[("POST /", ""), ("/api/x", "")], &create, false, Some(0));
        check(&[("/ap/", ""), ("/api", ""), ("GET /api/x", ""), ("users:create", "")], &create, false, None);
        check(&[("/api/x", "@auth"), ("/api/", "@guest")], &create, false, Some(1));
        check(&[("/api/x", "@auth"), ("/api/", "@guest")], &create, true, Some(0));
        check(&[("/", "")], &["GET /", "/"], false, Some(0));
    }

    #[test]
    fn labels_have_a_form() {
        for good in ["/", "/api", "POST /api/", "get /a-b", "users:create", "*:create", "tag", "/_/"] {
            assert!(LABEL.is_match(good), "{good}");
        }
        for bad in ["*", "users:", "/a.b", "/é", "GET  /a", "a-b", "/a b", "x:y:z", "/a?b", "*:a-b", "/%20", "", "a\n"]
        {
            assert!(!LABEL.is_match(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_collection_takes_its_rules_along() {
        let mut limits = limits(&[("posts:create", ""), ("*:create", ""), ("/posts", ""), ("posts2:list", "")]);
        assert!(limits.rename(&[("posts".into(), "notes".into())]));
        let labels: Vec<&str> = limits.rules.iter().map(|rule| rule.label.as_str()).collect();
        assert_eq!(labels, ["notes:create", "*:create", "/posts", "posts2:list"]);
        assert!(!limits.rename(&[("posts".into(), "notes".into())]));
    }
}
