//! Basalt: a self-hostable Backend-as-a-Service in one binary.
//!
//! The modules below stand in reading order, from the ground up; an arrow may only point up this list
//! (`tests/tidy.rs` holds the table). `docs/ARCHITECTURE.md` is the map.

pub mod clock;
pub mod config;
pub mod crypto;
pub mod error;
pub mod telemetry;

pub mod cache;
pub mod redis;
pub mod store;

pub mod query;
pub mod schema;
pub mod settings;

pub mod jobs;
pub mod logs;
pub mod quota;

pub mod collections;
pub mod records;

pub mod auth;

pub mod api;
pub mod app;

pub mod cli;

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
