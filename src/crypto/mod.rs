//! Password hashing, random ids and strings, constant-time compare (stub face).
mod password;
mod random;

pub use password::Hasher;
pub use random::{alphanumeric, lowercase_id, time_ordered_id};
