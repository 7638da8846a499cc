//! The hostile view of the whole: one file a threat of `docs/security.md`.

mod aggregates;
mod database;
mod expand;
mod files;
mod injection;
mod privacy;
mod rules;
mod tokens;
