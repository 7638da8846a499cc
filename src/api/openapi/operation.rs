//! One operation: what is particular about it; what follows from its route is filled in here.

use serde_json::{Value as Json, json};

use super::shared;

/// An operation of the document.
#[derive(Default)]
pub(super) struct Operation {
    pub id: String,
    pub summary: String,
    pub tag: String,
    /// Names of shared parameters, in the query or the header.
    pub parameters: &'static [&'static str],
    /// The schema of a JSON body.
    pub body: Option<Json>,
    /// The schema of a 200 answer; `None` means 204 without a body.
    pub answer: Option<Json>,
    /// Whether the answer is one record, with its tag.
    pub has_tag: bool,
    /// Whether a sign-in may ask for a second method.
    pub second_factor: bool,
    /// Statuses beyond those that follow from the route.
    pub errors: &'static [u16],
    pub superuser_only: bool,
}

/// Statuses that every route may answer: a broken query, an address that superusers may not come from, a client that asks
/// too often, a busy server.
const COMMON_ERRORS: [u16; 4] = [400, 403, 429, 503];

impl Operation {
    /// `label` is that of the route, `path` the one that the document shows, where a collection's name may stand in.
    pub(super) fn to_json(&self, label: &str, path: &str) -> Json {
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag],
            "parameters": self.parameters_json(path),
        });
        if let Some(schema) = &self.body {
            let required = schema.get("required").is_some();
            operation["requestBody"] =
                json!({ "required": required, "content": { "application/json": { "schema": schema } } });
        }
        operation["responses"] = self.responses(label);
        if self.superuser_only {
            operation["security"] = json!([{ "token": [] }]);
        }
        operation
    }

    fn parameters_json(&self, path: &str) -> Vec<Json> {
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = in_path.map(|name| {
            // An empty one would be another path.
            let schema = json!({ "type": "string", "minLength": 1 });
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        });
        in_path.chain(self.parameters.iter().map(|name| shared::reference("parameters", name))).collect()
    }

    fn responses(&self, label: &str) -> Json {
        let mut responses = match &self.answer {
            Some(schema) => json!({
                "200": { "description": "Done.", "content": { "application/json": { "schema": schema } } },
            }),
            None => json!({ "204": { "description": "Done." } }),
        };
        if self.has_tag {
            let tag = json!({ "description": "The version of the answer.", "schema": { "type": "string" } });
            responses["200"]["headers"] = json!({ "ETag": tag });
        }
        if self.parameters.contains(&"If-None-Match") {
            responses["304"] = json!({ "description": "The client has this answer already." });
        }
        if self.second_factor {
            responses["401"] = shared::reference("responses", "SecondFactor");
        }
        for status in self.statuses(label) {
            responses[status.to_string()] = shared::reference("responses", &format!("Error{status}"));
        }
        responses
    }

    fn statuses(&self, label: &str) -> Vec<u16> {
        let mut statuses = COMMON_ERRORS.to_vec();
        statuses.extend(self.errors);
        statuses.extend(self.superuser_only.then_some(401));
        statuses.extend(label.contains('{').then_some(404));
        // A write may lose to another one that changed the same data.
        statuses.extend((!label.starts_with("GET ")).then_some(409));
        statuses.extend(self.body.is_some().then_some(413));
        statuses.extend(self.parameters.contains(&"If-Match").then_some(412));
        statuses.extend(self.parameters.contains(&"Idempotency-Key").then_some(422));
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}
