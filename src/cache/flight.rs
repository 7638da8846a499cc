//! Answers that are being made: one makes, the others wait.
//!
//! The maker holds a [`Lead`]. When it is dropped without a body, because making failed or its client went away, those
//! who wait are told so, and the first of them that asks again is the next maker.

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::Place;

/// Answers that are made at a time; what is beyond is made without being shared.
const MAX_FLIGHTS: usize = 4096;

/// By the stamp of their places.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<u64, Flight, RandomState>>);

struct Flight {
    key: Box<[u8]>,
    version: u64,
    /// Made for the first that waits: mostly nobody does.
    landing: Option<watch::Sender<Option<Bytes>>>,
}

pub(super) enum Boarding<'a> {
    /// The caller makes the answer.
    Lead(Lead<'a>),
    /// Somebody else is making it.
    Follow(Follow),
    /// There is no room.
    Alone,
}

pub(super) struct Lead<'a> {
    flights: &'a Flights,
    /// `None` once it has landed: another one may be under way at this place then.
    stamp: Option<u64>,
}

pub(super) struct Follow(watch::Receiver<Option<Bytes>>);

impl Flights {
    pub fn board(&self, place: &Place) -> Boarding<'_> {
        let mut flights = self.0.lock();
        if let Some(flight) = flights.get_mut(&place.stamp) {
            if *flight.key != *place.key || flight.version != place.version {
                return Boarding::Alone;
            }
            let landing = flight.landing.get_or_insert_with(|| watch::channel(None).0);
            return Boarding::Follow(Follow(landing.subscribe()));
        }
        if flights.len() >= MAX_FLIGHTS {
            return Boarding::Alone;
        }
        let flight = Flight { key: place.key.as_slice().into(), version: place.version, landing: None };
        flights.insert(place.stamp, flight);
        Boarding::Lead(Lead { flights: self, stamp: Some(place.stamp) })
    }
}

impl Lead<'_> {
    pub fn land(mut self, body: &Bytes) {
        if let Some(landing) = self.end() {
            landing.send_replace(Some(body.clone()));
        }
    }

    /// Where those wait who followed; they learn that nothing comes when it is dropped.
    fn end(&mut self) -> Option<watch::Sender<Option<Bytes>>> {
        let stamp = self.stamp.take()?;
        self.flights.0.lock().remove(&stamp)?.landing
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Follow {
    /// The body; `None` where its maker failed or went away.
    pub async fn landed(mut self) -> Option<Bytes> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}
