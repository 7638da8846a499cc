//! The model: collections and their fields, as one immutable snapshot.
//!
//! A [`Schema`] is what all requests see; [`Registry`] holds the present one and swaps it after a schema
//! change was committed. *Invariant:* nothing here does I/O; loading and saving is `collections/`.

mod collection;
pub mod field;
mod index;
mod record;
mod registry;

pub use collection::{AuthOptions, Collection, CollectionKind, Rules, TokenOptions};
pub use field::{Field, FieldKind};
pub use index::{UniqueColumn, unique_on};
pub use record::Record;
pub use registry::{Referrer, Registry, Schema};

/// The id of the superusers' collection; the official SDKs know it (contract 1.3).
pub const SUPERUSERS_ID: &str = "pbc_3142635823";
pub const SUPERUSERS: &str = "_superusers";
