//! Tests of what stands below `/api`.

mod access;
mod auth;
mod batch;
mod bodies;
mod collections;
mod crons;
mod errors;
mod garbage;
mod headers;
mod health;
mod jobs;
mod mock;
mod openapi;
mod rate_limits;
mod records;
mod routing;
mod settings;
mod shutdown;
