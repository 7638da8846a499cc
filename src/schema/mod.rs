//! The model: collections and their fields, as one immutable snapshot.
//!
//! A [`Schema`] is what all requests see; [`Registry`] holds the present one and swaps it after a schema
//! change was committed. *Invariant:* nothing here does I/O; loading and saving is `collections/`.

mod auth_parts;
mod check;
mod check_auth;
mod collection;
mod defaults;
mod diff;
pub mod field;
mod index_statement;
mod record;
mod registry;
mod settle;
mod system;
mod view;
mod wire;

pub use auth_parts::{Mfa, Otp, Template};
pub use check::{check_relations, check_shape, missing_index_columns};
pub use collection::{AuthOptions, Collection, CollectionKind, Rules, TokenOptions};
pub use defaults::{auth_indexes, id_field, new_secret};
pub use diff::{change_sql, create_sql, drop_sql};
pub use field::{Field, FieldKind};
pub use index_statement::{IndexStatement, UniqueColumn, unique_on};
pub use record::Record;
pub use registry::{Referrer, Registry, Schema};
pub use system::first_collections;
pub use view::view_fields;
pub use wire::{Secrets, empty_model, keep_client_secrets, merge};

/// The id of the superusers' collection; the official SDKs know it (contract 1.3).
pub const SUPERUSERS_ID: &str = "pbc_3142635823";
pub const SUPERUSERS: &str = "_superusers";
/// What sign-ins leave behind, each a collection of records that name their auth record.
pub const EXTERNAL_AUTHS: &str = "_externalAuths";
pub const MFAS: &str = "_mfas";
pub const OTPS: &str = "_otps";
pub const AUTH_ORIGINS: &str = "_authOrigins";
