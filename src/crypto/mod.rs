//! Password hashes, random ids and secrets, and sealed values.
//!
//! [`Hasher`] is a bounded pool of niced threads, so that a burst of sign-ins neither starves requests nor
//! takes unbounded memory. [`random`](self) strings come from the operating system's generator. [`Sealer`] makes
//! texts that a client keeps without being able to read or change them.
//!
//! *Invariant:* nothing here knows a collection or a record; no secret is ever logged or formatted.

mod digest;
mod password;
mod random;
mod seal;

pub use digest::digest;
pub use password::Hasher;
pub use random::{alphanumeric, digits, lowercase_id, time_ordered_id, time_prefix};
pub use seal::{SEAL_KEY_BYTES, Sealer, open_gcm};
