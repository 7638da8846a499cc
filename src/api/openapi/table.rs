//! How each route is described, in the order of the document.

use super::operation::Operation;
use super::record::Subject;
use super::{fixed, per_collection};

/// Where a route stands in the document.
pub(super) enum Place {
    /// Once, as it is.
    Once(fn() -> Operation),
    /// Once for each collection that the reader can use it on.
    PerCollection(fn(&Subject<'_>) -> Option<Operation>),
    /// Nowhere; the reason stands beside the line.
    LeftOut,
}

pub(super) const TABLE: &[(&str, Place)] = &[
    ("GET /api/health", Place::Once(fixed::health)),
    ("GET /api/ready", Place::Once(fixed::ready)),
    ("GET /api/openapi.json", Place::Once(fixed::openapi)),
    ("GET /api/errors", Place::Once(fixed::errors)),
    ("POST /api/batch", Place::Once(fixed::batch)),
    ("GET /api/collections", Place::Once(fixed::list_collections)),
    ("POST /api/collections", Place::Once(fixed::create_collection)),
    ("PUT /api/collections/import", Place::Once(fixed::import_collections)),
    ("GET /api/collections/meta/scaffolds", Place::Once(fixed::scaffolds)),
    ("POST /api/collections/meta/dry-run-view", Place::Once(fixed::dry_run_view)),
    ("GET /api/collections/{collection}", Place::Once(fixed::view_collection)),
    ("PATCH /api/collections/{collection}", Place::Once(fixed::update_collection)),
    ("DELETE /api/collections/{collection}", Place::Once(fixed::delete_collection)),
    ("DELETE /api/collections/{collection}/truncate", Place::Once(fixed::truncate)),
    ("GET /api/settings", Place::Once(fixed::view_settings)),
    ("PATCH /api/settings", Place::Once(fixed::update_settings)),
    ("GET /api/crons", Place::Once(fixed::list_crons)),
    ("POST /api/crons/{id}", Place::Once(fixed::run_cron)),
    ("GET /api/jobs", Place::Once(fixed::list_jobs)),
    ("POST /api/jobs/{id}/retry", Place::Once(fixed::retry_job)),
    ("GET /api/collections/{collection}/records", Place::PerCollection(per_collection::list)),
    ("POST /api/collections/{collection}/records", Place::PerCollection(per_collection::create)),
    ("PATCH /api/collections/{collection}/records", Place::PerCollection(per_collection::bulk_update)),
    ("DELETE /api/collections/{collection}/records", Place::PerCollection(per_collection::bulk_delete)),
    ("GET /api/collections/{collection}/aggregate", Place::PerCollection(per_collection::aggregate)),
    ("GET /api/collections/{collection}/records/{id}", Place::PerCollection(per_collection::view)),
    ("PATCH /api/collections/{collection}/records/{id}", Place::PerCollection(per_collection::update)),
    ("DELETE /api/collections/{collection}/records/{id}", Place::PerCollection(per_collection::delete)),
    ("GET /api/collections/{collection}/auth-methods", Place::PerCollection(per_collection::auth_methods)),
    ("POST /api/collections/{collection}/auth-with-password", Place::PerCollection(per_collection::auth_with_password)),
    ("POST /api/collections/{collection}/auth-with-otp", Place::PerCollection(per_collection::auth_with_otp)),
    ("POST /api/collections/{collection}/auth-refresh", Place::PerCollection(per_collection::auth_refresh)),
    ("POST /api/collections/{collection}/impersonate/{id}", Place::PerCollection(per_collection::impersonate)),
    // Pages for people, not for programs.
    ("GET /_/", Place::LeftOut),
    ("GET /_", Place::LeftOut),
];
