//! The wire: the only code that knows HTTP and status codes.
//!
//! [`serve`] listens; [`routes`] is the whole table of what can be asked; `middleware` is what happens to
//! every request on its way to a handler and back. A handler reads its input through the extractors of
//! `caller` and `body`, calls one service of [`App`](crate::app::App) and shapes the answer; every failure
//! becomes the wire's body in `error` and nowhere else.
//!
//! *Invariant:* no decision about data is made here. A handler that only superusers may reach says so in its
//! parameters (`Superuser`). A known path with another method is a 404, never a 405 (contract 1.1).
//!
//! Start reading at [`routes`], then `rest/records.rs`.

mod address;
mod answer;
mod body;
mod caller;
mod conditions;
mod dashboard;
mod error;
mod freshness;
mod limit;
mod middleware;
mod openapi;
mod params;
mod rest;
mod route;
mod server;
mod static_files;
mod unknown;

#[cfg(any(fuzzing, test))]
pub(crate) use body::fuzzing;
pub use openapi::{Audience, document as openapi_document};
pub use server::{Options, Running, Signals, serve};

use route::{Route, route};

/// Every route. The first whose path and method fit answers, so fixed names stand before `{…}`; what is
/// called most stands first of all.
fn routes() -> Vec<Route> {
    use rest::auth::{impersonate, methods, otp, password, refresh};
    use rest::{aggregate, batch, bulk, collections, crons, errors, health, jobs, openapi, ready, records, settings};
    vec![
        route("GET /api/health", health::check),
        route("GET /api/collections/{collection}/records/{id}", records::view),
        route("PATCH /api/collections/{collection}/records/{id}", records::update),
        route("DELETE /api/collections/{collection}/records/{id}", records::delete),
        route("GET /api/collections/{collection}/records", records::list),
        route("POST /api/collections/{collection}/records", records::create),
        route("PATCH /api/collections/{collection}/records", bulk::update),
        route("DELETE /api/collections/{collection}/records", bulk::delete),
        route("GET /api/collections/{collection}/aggregate", aggregate::list),
        route("POST /api/batch", batch::run),
        route("GET /api/collections/{collection}/auth-methods", methods::list),
        route("POST /api/collections/{collection}/auth-with-password", password::sign_in),
        route("POST /api/collections/{collection}/auth-with-otp", otp::sign_in),
        route("POST /api/collections/{collection}/auth-refresh", refresh::refresh),
        route("POST /api/collections/{collection}/impersonate/{id}", impersonate::impersonate),
        route("PUT /api/collections/import", collections::import),
        route("GET /api/collections/meta/scaffolds", collections::scaffolds),
        route("POST /api/collections/meta/dry-run-view", collections::dry_run_view),
        route("GET /api/collections", collections::list),
        route("POST /api/collections", collections::create),
        route("GET /api/collections/{collection}", collections::view),
        route("PATCH /api/collections/{collection}", collections::update),
        route("DELETE /api/collections/{collection}", collections::delete),
        route("DELETE /api/collections/{collection}/truncate", collections::truncate),
        route("GET /api/settings", settings::view),
        route("PATCH /api/settings", settings::update),
        route("GET /api/crons", crons::list),
        route("POST /api/crons/{id}", crons::run),
        route("GET /api/jobs", jobs::list),
        route("POST /api/jobs/{id}/retry", jobs::retry),
        route("GET /api/errors", errors::list),
        route("GET /api/openapi.json", openapi::document),
        route("GET /api/ready", ready::check),
        route("GET /_/", dashboard::page),
        route("GET /_", dashboard::home),
    ]
}

/// `METHOD /path` of every route, in the order of the table: who may call each is a golden list of the tests.
pub fn route_labels() -> Vec<&'static str> {
    routes().iter().map(|route| route.label).collect()
}
