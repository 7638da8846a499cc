//! Password hashes: argon2id for new ones, bcrypt accepted (stub).
use crate::error::Result;

/// Hashes and verifies on a bounded pool of niced threads. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {}

impl Hasher {
    pub fn new() -> Self {
        todo!()
    }
    /// A PHC string (`$argon2id$…`).
    pub async fn hash(&self, _password: String) -> Result<String> {
        todo!()
    }
    /// Whether the password fits an argon2id or bcrypt hash. An empty or unknown hash takes the same
    /// time and never fits.
    pub async fn verify(&self, _password: String, _hash: String) -> Result<bool> {
        todo!()
    }
    /// True if the hash should be replaced at the next login (bcrypt, older parameters).
    pub fn outdated(&self, _hash: &str) -> bool {
        todo!()
    }
}
