//! A map of bounded size that keeps what is asked for again.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::quality::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

/// What an entry takes besides its key and its value: places in the map and the counts of the allocations.
const ENTRY_BYTES: usize = 128;
/// What the map has places for at its start: for each so many bytes of its size, one. It grows with what is kept.
const START_BYTES: u64 = 128 * 1024;
/// Parts with a lock each. Few, so that a large entry still fits into one.
const PARTS: usize = 8;
/// The last demands that are remembered. Each is a number, so they take 64 KiB.
const DEMANDS: usize = 8192;

/// Values by key, up to a number of bytes. The least used ones make room.
pub struct Shelf<V> {
    /// `None` where the size is 0.
    kept: Option<Map<V>>,
    demands: Box<[AtomicU64]>,
    hasher: RandomState,
}

type Map<V> = Cache<Box<[u8]>, Weighed<V>, ByWeight, RandomState>;

#[derive(Clone)]
struct Weighed<V> {
    value: V,
    bytes: usize,
}

#[derive(Clone)]
struct ByWeight;

impl<V> Weighter<Box<[u8]>, Weighed<V>> for ByWeight {
    fn weight(&self, key: &Box<[u8]>, weighed: &Weighed<V>) -> u64 {
        (key.len() + weighed.bytes + ENTRY_BYTES) as u64
    }
}

impl<V: Clone> Shelf<V> {
    pub fn new(bytes: u64) -> Self {
        let hasher = RandomState::default();
        let options = OptionsBuilder::new()
            .shards(PARTS)
            .weight_capacity(bytes)
            .estimated_items_capacity(usize::try_from(bytes / START_BYTES).unwrap_or(usize::MAX))
            .build();
        let kept = options.ok().filter(|_| bytes > 0);
        let kept =
            kept.map(|options| Cache::with_options(options, ByWeight, hasher.clone(), DefaultLifecycle::default()));
        Self { kept, demands: (0..DEMANDS).map(|_| AtomicU64::new(0)).collect(), hasher }
    }

    pub fn is_off(&self) -> bool {
        self.kept.is_none()
    }

    pub fn get(&self, key: &[u8]) -> Option<V> {
        self.kept.as_ref()?.get(key).map(|weighed| weighed.value)
    }

    /// A number for a key and a version, known to nobody outside of the process.
    pub fn stamp(&self, key: &[u8], version: u64) -> u64 {
        self.hasher.hash_one((key, version))
    }

    /// Whether this stamp was asked about before, not too long ago: only then a place is worth having. What changes more
    /// often than it is read never takes one.
    pub fn is_wanted(&self, stamp: u64) -> bool {
        let place = usize::try_from(stamp % DEMANDS as u64).unwrap_or_default();
        !self.is_off() && self.demands[place].swap(stamp, Ordering::Relaxed) == stamp
    }

    /// Keeps a value that takes so many bytes.
    pub fn put(&self, key: &[u8], value: V, bytes: usize) {
        if let Some(kept) = &self.kept {
            kept.insert(key.into(), Weighed { value, bytes });
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.kept.as_ref().map(|kept| kept.weight()).unwrap_or_default()
    }
}
