//! Answers that are being made: one makes, the others wait.
//!
//! The maker holds a [`Lead`]. When it is dropped without a body, because making failed or its client went away, those
//! who wait are told so, and the first of them that asks again is the next maker.

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::quality::RandomState;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Answers that are made at a time; what is beyond is made without being shared.
const MAX_FLIGHTS: usize = 4096;

type Key = (Box<[u8]>, u64);
type Landing = watch::Receiver<Option<Bytes>>;

#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Landing, RandomState>>);

pub(super) enum Boarding<'a> {
    /// The caller makes the answer.
    Lead(Lead<'a>),
    /// Somebody else is making it.
    Follow(Flight),
    Full,
}

pub(super) struct Lead<'a> {
    flights: &'a Flights,
    key: Key,
    sender: watch::Sender<Option<Bytes>>,
}

pub(super) struct Flight(Landing);

impl Flights {
    pub fn board(&self, key: &[u8], version: u64) -> Boarding<'_> {
        let key: Key = (key.into(), version);
        let mut flights = self.0.lock();
        if let Some(landing) = flights.get(&key) {
            return Boarding::Follow(Flight(landing.clone()));
        }
        if flights.len() >= MAX_FLIGHTS {
            return Boarding::Full;
        }
        let (sender, landing) = watch::channel(None);
        flights.insert(key.clone(), landing);
        Boarding::Lead(Lead { flights: self, key, sender })
    }
}

impl Lead<'_> {
    pub fn land(self, body: &Bytes) {
        // Kept for those who have boarded and not waited yet, too.
        self.sender.send_replace(Some(body.clone()));
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().remove(&self.key);
    }
}

impl Flight {
    /// The body; `None` where its maker failed or went away.
    pub async fn landed(mut self) -> Option<Bytes> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}
