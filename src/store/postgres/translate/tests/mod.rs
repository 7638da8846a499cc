//! The same statement on SQLite and on PostgreSQL over the same rows.

mod inspect;
mod server;
mod views;
mod writes;

pub(crate) use server::{Case, Server, alike};
