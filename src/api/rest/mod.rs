//! The REST handlers, one file a resource. Each reads its input, calls one service and shapes the answer;
//! what may be done, and to what, is decided by the services.

pub(super) mod aggregate;
pub(super) mod auth;
pub(super) mod batch;
pub(super) mod bulk;
pub(super) mod collections;
pub(super) mod crons;
pub(super) mod errors;
mod form;
pub(super) mod health;
pub(super) mod jobs;
pub(super) mod openapi;
pub(super) mod ready;
pub(super) mod records;
pub(super) mod settings;
