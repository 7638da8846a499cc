//! How often a client may ask (contract 1.7): which rule a request falls under, and under which key it is counted.
//!
//! Each request falls under one rule at most. What acts on the records of a collection is counted for that action of
//! that collection, everything else for the rule, and both for the client's address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use super::address;
use super::caller::{Call, text_header};
use super::error::ApiError;
use super::server::Server;
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::query::Caller;
use crate::quota::Limit;
use crate::records::{BatchAction, BatchEntry};
use crate::schema::Collection;
use crate::settings::Values;

/// What a load balancer asks is about this server, and asked from one address whoever the clients are.
const NEVER_LIMITED: &str = "/api/ready";

/// What a request does to a collection, by the names that rules call it.
type Actions = &'static [&'static str];

/// Whether this request may be handled; it is counted if so.
pub(super) async fn check(request: &ServiceRequest, server: &Server) -> Result<(), ApiError> {
    let app = &server.app;
    if !app.settings.limits_rates() {
        return Ok(());
    }
    // As routes are matched: what is escaped in the path means the same.
    let path = request.match_info().as_str();
    if path == NEVER_LIMITED {
        return Ok(());
    }
    let caller = app.auth.caller(text_header(request.headers(), AUTHORIZATION)).await?;
    let Some(asker) = Asker::of(app, &caller, request.headers(), request.peer_addr()) else { return Ok(()) };
    let schema = app.registry.load();
    let subject = match action(request.method(), path) {
        None => None,
        // Without its collection the answer is a 404.
        Some((collection, actions)) => match schema.find(collection) {
            None => return Ok(()),
            Some(collection) => Some((&**collection, actions)),
        },
    };
    Ok(asker.take(subject, request.method().as_str(), path).await?)
}

/// The same for one write of a batch.
pub(super) async fn check_entry(call: &Call, entry: &BatchEntry) -> Result<()> {
    let app = call.app();
    if !app.settings.limits_rates() {
        return Ok(());
    }
    let asker = Asker::of(app, &call.request.caller, call.headers(), call.peer());
    let (Some(asker), Ok(collection)) = (asker, call.collection(&entry.collection)) else { return Ok(()) };
    let records = format!("/api/collections/{}/records", entry.collection);
    let (method, path, actions): (_, _, Actions) = match &entry.action {
        BatchAction::Create => ("POST", records, &["create"]),
        BatchAction::Update(id) => ("PATCH", format!("{records}/{id}"), &["update"]),
        BatchAction::Delete(id) => ("DELETE", format!("{records}/{id}"), &["delete"]),
        BatchAction::Upsert => {
            let id = entry.body.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            let is_there = app.records.find(&app.store.reader(), &collection, id).await?.is_some();
            ("PUT", records, if is_there { &["update"] } else { &["create"] })
        }
    };
    asker.take(Some((&collection, actions)), method, &path).await
}

/// Whose requests are counted.
struct Asker<'a> {
    app: &'a App,
    settings: Arc<Values>,
    address: String,
    signed_in: bool,
}

impl<'a> Asker<'a> {
    /// `None` for those who may ask as often as they like.
    fn of(app: &'a App, caller: &Caller, headers: &HeaderMap, peer: Option<SocketAddr>) -> Option<Self> {
        let settings = app.settings.load();
        let address = address::client(headers, peer, &settings.trusted_proxy);
        let free = caller.is_superuser()
            || address.is_empty()
            || address::listed(&address, &settings.rate_limits.excluded_ips);
        (!free).then(|| Self { app, settings, address, signed_in: caller.record().is_some() })
    }

    async fn take(&self, subject: Option<(&Collection, Actions)>, method: &str, path: &str) -> Result<()> {
        let labels = labels(subject, method, path);
        let Some(rule) = self.settings.rate_limits.find(&labels, self.signed_in) else { return Ok(()) };
        let scope = subject.map(|(collection, actions)| format!("{} {}", collection.id, actions.join(" ")));
        // With its numbers, so that a rule that is changed begins anew.
        let key = format!(
            "{}{} {}/{} {} {}",
            rule.label,
            rule.audience,
            rule.max_requests,
            rule.duration,
            scope.unwrap_or_default(),
            self.address
        );
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        let limit = Limit { max: number(rule.max_requests), window: Duration::from_secs(number(rule.duration)) };
        self.app.quota.take(&key, limit).await.map_err(|used_up| {
            let cause = format!("the rate limit {}{} is used up", rule.label, rule.audience);
            Error::new(Kind::TooManyRequests, "").with_cause(cause).with_retry_after(used_up.0)
        })
    }
}

/// What the request can be called in a rule, the most particular first.
fn labels(subject: Option<(&Collection, Actions)>, method: &str, path: &str) -> Vec<String> {
    let mut labels = Vec::with_capacity(6);
    if let Some((collection, actions)) = subject {
        labels.extend(actions.iter().map(|action| format!("{}:{action}", collection.name)));
        labels.extend(actions.iter().map(|action| format!("*:{action}")));
    }
    labels.push(format!("{method} {path}"));
    labels.push(path.to_owned());
    labels
}

/// The collection that a path names, and what is done to it; `None` where rules know no name for that.
fn action<'a>(method: &Method, path: &'a str) -> Option<(&'a str, Actions)> {
    let (collection, rest) = path.strip_prefix("/api/collections/")?.split_once('/')?;
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let (first, id) = rest.split_once('/').map_or((rest, None), |(first, id)| (first, Some(id)));
    if id.is_some_and(|id| id.is_empty() || id.contains('/')) {
        return None;
    }
    let actions: Actions = match (method, first, id) {
        ("GET", "records" | "aggregate", None) => &["list"],
        ("GET", "records", Some(_)) => &["view"],
        ("POST", "records", None) => &["create"],
        ("PATCH", "records", _) => &["update"],
        ("DELETE", "records", _) => &["delete"],
        ("GET", "auth-methods", None) => &["listAuthMethods"],
        ("POST", "auth-refresh", None) => &["authRefresh"],
        ("POST", "auth-with-password", None) => &["authWithPassword", "auth"],
        ("POST", "auth-with-otp", None) => &["authWithOTP", "auth"],
        _ => return None,
    };
    Some((collection, actions))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn every_route_of_a_collection_is_an_action_or_meant_not_to_be_one() {
        let mut found = String::new();
        for label in crate::api::route_labels().iter().filter(|label| label.contains("{collection}/")) {
            let (method, path) = label.split_once(' ').expect("a method and a path");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let actions = action(&method, path).map(|(_, actions)| actions.join(" ")).unwrap_or("-".into());
            found.push_str(&format!("{label}: {actions}\n"));
        }
        expect![[r#"
            GET /api/collections/{collection}/records/{id}: view
            PATCH /api/collections/{collection}/records/{id}: update
            DELETE /api/collections/{collection}/records/{id}: delete
            GET /api/collections/{collection}/records: list
            POST /api/collections/{collection}/records: create
            PATCH /api/collections/{collection}/records: update
            DELETE /api/collections/{collection}/records: delete
            GET /api/collections/{collection}/aggregate: list
            GET /api/collections/{collection}/auth-methods: listAuthMethods
            POST /api/collections/{collection}/auth-with-password: authWithPassword auth
            POST /api/collections/{collection}/auth-with-otp: authWithOTP auth
            POST /api/collections/{collection}/auth-refresh: authRefresh
            POST /api/collections/{collection}/impersonate/{id}: -
            DELETE /api/collections/{collection}/truncate: -
        "#]]
        .assert_eq(&found);
    }

    #[test]
    fn only_whole_paths_are_actions() {
        for path in [
            "/api/collections/posts/records/",
            "/api/collections/posts/records/a/b",
            "/api/collections/posts",
            "/api/collections/",
            "/api/collections/posts/recordsx",
            "/api/x/posts/records",
        ] {
            assert!(action(&Method::GET, path).is_none(), "{path}");
        }
        let (collection, actions) = action(&Method::HEAD, "/api/collections/posts/records").expect("as GET");
        assert_eq!((collection, actions), ("posts", &["list"][..]));
    }
}
