//! Tokens that proved their record lately: as long as nothing changed, the proof stands and the record is at hand.
//!
//! *Invariant:* a proof is used only under the schema (with the collection's secret) and the generation of the auth
//! table that it was made under, and before the token expires: whatever could end the token ends the proof.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::token::Claims;
use crate::schema::{Record, Schema};
use crate::store::{Store, Value};

/// Proofs that are kept at most; past it they are gathered anew.
const MAX_PROOFS: usize = 1024;
/// Larger records are read each time, so that the proofs stay small together.
const MAX_RECORD_BYTES: usize = 4096;

#[derive(Default)]
pub(super) struct Known(RwLock<HashMap<String, Proof>>);

struct Proof {
    record: Arc<Record>,
    claims: Claims,
    schema_version: u64,
    generation: u64,
}

impl Known {
    pub fn find(&self, token: &str, schema: &Schema, store: &Store, now_s: i64) -> Option<(Arc<Record>, Claims)> {
        let proofs = self.0.read();
        let proof = proofs.get(token)?;
        let stands = proof.schema_version == schema.version
            && store.generation(&proof.record.collection.table) == Some(proof.generation)
            && proof.claims.exp > now_s;
        stands.then(|| (proof.record.clone(), proof.claims.clone()))
    }

    /// Keeps a token that was verified; `generation` was asked for before its record was read.
    pub fn keep(&self, token: &str, record: &Arc<Record>, claims: &Claims, schema: &Schema, generation: Option<u64>) {
        let Some(generation) = generation else { return };
        let bytes: usize = record.values.iter().filter_map(Value::text).map(str::len).sum();
        if bytes > MAX_RECORD_BYTES {
            return;
        }
        let proof =
            Proof { record: record.clone(), claims: claims.clone(), schema_version: schema.version, generation };
        let mut proofs = self.0.write();
        if proofs.len() >= MAX_PROOFS && !proofs.contains_key(token) {
            proofs.clear();
        }
        proofs.insert(token.to_owned(), proof);
    }
}
