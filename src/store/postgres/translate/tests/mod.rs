//! The same statement on SQLite and on PostgreSQL over the same rows.

mod server;
mod views;

pub(crate) use server::{Case, Server, alike};
