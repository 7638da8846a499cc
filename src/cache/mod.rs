//! Answers kept in memory: bodies under a key, each good for one version of what it was made from.
//!
//! A [`Cache`] knows nothing of what it keeps. The key says all that was asked; the version is a number that is another
//! one as soon as the answer could be. So nothing is ever taken out for being outdated: it is no longer found, and makes
//! room in time. What is asked for once is not kept (`shelf`), and who asks for what somebody else is making at the
//! moment waits for it (`flight`).
//!
//! *Invariant:* a body is given out only under the very key and version that it was kept under, with keys compared as a
//! whole; keys and bodies together stay within the size; nobody waits for a maker that failed or went away. Start
//! reading at [`Cache::get_or_make`].

mod flight;
mod shelf;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use shelf::Shelf;

use flight::{Boarding, Flights};

/// Larger bodies are not kept: they would push out many that are asked for more often.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How often one request waits for another that makes the same; then it goes on by itself.
const MAX_WAITS: usize = 2;

/// Bodies by key and version.
pub struct Cache {
    bodies: Shelf<Kept>,
    flights: Flights,
}

#[derive(Clone)]
struct Kept {
    version: u64,
    body: Bytes,
}

impl Cache {
    /// Keeps keys and bodies up to so many bytes; with 0 nothing is kept and nobody waits.
    pub fn new(bytes: u64) -> Self {
        Self { bodies: Shelf::new(bytes), flights: Flights::default() }
    }

    pub fn get(&self, key: &[u8], version: u64) -> Option<Bytes> {
        self.bodies.get(key).filter(|kept| kept.version == version).map(|kept| kept.body)
    }

    /// A number for this key and version: of two that differ, it is the same by a chance of 1 in 2^64, and nobody can
    /// look for such a pair, as each cache has numbers of its own.
    pub fn stamp(&self, key: &[u8], version: u64) -> u64 {
        self.bodies.stamp(key, version)
    }

    /// The body that is kept, or the one that another request is making, or else a new one. The version must have been
    /// asked for before, so that what `make` reads is not older.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn get_or_make<E>(
        &self,
        key: &[u8],
        version: u64,
        make: impl AsyncFnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        if self.bodies.is_off() {
            return make().await;
        }
        if let Some(body) = self.get(key, version) {
            return Ok(body);
        }
        for _ in 0..MAX_WAITS {
            match self.flights.board(key, version) {
                Boarding::Lead(lead) => {
                    let body = make().await?;
                    self.keep(key, version, &body);
                    lead.land(&body);
                    return Ok(body);
                }
                Boarding::Follow(flight) => {
                    if let Some(body) = flight.landed().await {
                        return Ok(body);
                    }
                }
                Boarding::Full => break,
            }
        }
        make().await
    }

    /// Keeps a body, if it is not the first time that this is wanted.
    pub fn keep(&self, key: &[u8], version: u64, body: &Bytes) {
        if body.len() <= MAX_BODY_BYTES && self.bodies.is_wanted(key, version) {
            // A copy, as the buffer that a body was written to may be much larger than the body.
            let kept = Kept { version, body: Bytes::copy_from_slice(body) };
            self.bodies.put(key, kept, body.len());
        }
    }
}
