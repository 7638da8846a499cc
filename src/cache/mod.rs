//! Answers kept in memory: bodies under a key, each good for one version of what it was made from.
//!
//! A [`Cache`] knows nothing of what it keeps. The key says all that was asked; the version is a number that is another
//! one as soon as the answer could be. So nothing is ever taken out for being outdated: it is no longer found, and makes
//! room in time. What is asked for once is not kept (`shelf`), and who asks for what somebody else is making at the
//! moment waits for it (`flight`).
//!
//! *Invariant:* a body is given out only under the very key and version that it was kept under, with keys compared as a
//! whole; keys and bodies together stay within the size; nobody waits for a maker that failed or went away. Start
//! reading at [`Cache::make`].

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

/// Bodies by their places.
pub struct Cache {
    bodies: Shelf<Kept>,
    flights: Flights,
}

#[derive(Clone)]
struct Kept {
    version: u64,
    body: Bytes,
}

/// Where an answer is kept: what was asked, at which version of what it is made from.
pub struct Place {
    pub key: Vec<u8>,
    pub version: u64,
    stamp: u64,
}

impl Place {
    /// A number for key and version: of two places that differ, it is the same by a chance of 1 in 2^64, and nobody can look
    /// for such a pair, as each cache has numbers of its own.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }
}

impl Cache {
    /// Keeps keys and bodies up to so many bytes; with 0 nothing is kept and nobody waits.
    pub fn new(bytes: u64) -> Self {
        Self { bodies: Shelf::new(bytes), flights: Flights::default() }
    }

    /// The version must have been asked for before the body is made, so that the body is not older.
    pub fn place(&self, key: Vec<u8>, version: u64) -> Place {
        Place { stamp: self.bodies.stamp(&key, version), key, version }
    }

    pub fn get(&self, place: &Place) -> Option<Bytes> {
        self.bodies.get(&place.key).filter(|kept| kept.version == place.version).map(|kept| kept.body)
    }

    /// A new body, or the one that another request is making: for what [`Self::get`] does not find.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn make<E>(&self, place: &Place, make: impl AsyncFnOnce() -> Result<Bytes, E>) -> Result<Bytes, E> {
        if self.bodies.is_off() {
            return make().await;
        }
        for _ in 0..MAX_WAITS {
            match self.flights.board(place) {
                Boarding::Lead(lead) => {
                    let body = make().await?;
                    self.keep(place, &body);
                    lead.land(&body);
                    return Ok(body);
                }
                Boarding::Follow(follow) => {
                    if let Some(body) = follow.landed().await {
                        return Ok(body);
                    }
                }
                Boarding::Alone => break,
            }
        }
        make().await
    }

    /// Keeps a body, if it is not the first time that this is wanted.
    pub fn keep(&self, place: &Place, body: &Bytes) {
        if body.len() <= MAX_BODY_BYTES && self.bodies.is_wanted(place.stamp) {
            // A copy, as the buffer that a body was written to may be much larger than the body.
            let kept = Kept { version: place.version, body: Bytes::copy_from_slice(body) };
            self.bodies.put(&place.key, kept, body.len());
        }
    }
}
