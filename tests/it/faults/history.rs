//! What clients saw and when, and whether one record that changes step by step could have shown it to them.
//!
//! A version is a revision, so it tells the order of the writes. [`History::check`] holds reads and writes against real
//! time: who begins after somebody ended sees at least what that one saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// One finished operation on one record. Values are unique among writes.
#[derive(Debug, Clone)]
pub struct Event {
    pub record: String,
    /// Ticks of the history's clock.
    pub begin: u64,
    pub end: u64,
    pub seen: Seen,
}

#[derive(Debug, Clone)]
pub enum Seen {
    /// The version is `None` where the answer does not tell it.
    Read { version: Option<u64>, value: String },
    /// `on`: the version that the write demanded.
    Written { version: u64, value: String, on: Option<u64> },
    /// The record was said not to be at this version.
    Refused { on: u64 },
}

#[derive(Default)]
pub struct History {
    clock: AtomicU64,
    events: Mutex<Vec<Event>>,
}

impl History {
    /// Before a request is sent.
    pub fn begin(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// After its answer is there.
    pub fn saw(&self, record: &str, begin: u64, seen: Seen) {
        let event = Event { record: record.to_owned(), begin, end: self.begin(), seen };
        self.events.lock().push(event);
    }

    /// The number of operations, or what could not have happened.
    pub fn check(&self) -> Result<usize, String> {
        let events = self.events.lock().clone();
        let mut records: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in &events {
            records.entry(&event.record).or_default().push(event);
        }
        for events in records.into_values() {
            check_record(events)?;
        }
        Ok(events.len())
    }
}

fn check_record(mut events: Vec<&Event>) -> Result<(), String> {
    events.sort_by_key(|event| event.begin);
    let mut writes: BTreeMap<u64, (&str, &Event)> = BTreeMap::new();
    for event in &events {
        if let Seen::Written { version, value, .. } = &event.seen
            && let Some((_, other)) = writes.insert(*version, (value, event))
        {
            return Err(format!("one version for two writes: {other:?} {event:?}"));
        }
    }
    let versions: BTreeMap<&str, u64> = writes.iter().map(|(version, (value, _))| (*value, *version)).collect();
    let mut placed = Vec::new();
    for event in events {
        match &event.seen {
            Seen::Read { version, value } => {
                let known = *versions.get(value.as_str()).ok_or_else(|| format!("nobody wrote it: {event:?}"))?;
                if version.is_some_and(|version| version != known) {
                    return Err(format!("the value of another version ({known}): {event:?}"));
                }
                if event.end < writes[&known].1.begin {
                    return Err(format!("read before it was written: {event:?}"));
                }
                placed.push((event, known));
            }
            Seen::Written { version, on, .. } => {
                let before = writes.range(..version).next_back().map(|(version, _)| *version);
                if on.is_some() && *on != before {
                    return Err(format!("written over another version ({before:?}): {event:?}"));
                }
                placed.push((event, *version));
            }
            Seen::Refused { on } => {
                let could_differ = writes.range(on + 1..).any(|(_, (_, write))| write.begin < event.end);
                if !could_differ {
                    return Err(format!("refused without cause: {event:?}"));
                }
            }
        }
    }
    in_real_time(&placed)
}

/// Expects the events in the order of their begin.
fn in_real_time(placed: &[(&Event, u64)]) -> Result<(), String> {
    let mut running: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut ended = 0;
    for (event, version) in placed {
        while let Some((end, version)) = running.first().copied().filter(|(end, _)| *end < event.begin) {
            running.remove(&(end, version));
            ended = ended.max(version);
        }
        let is_write = matches!(event.seen, Seen::Written { .. });
        if *version < ended || (is_write && *version == ended) {
            return Err(format!("version {ended} was there before it began: {event:?}"));
        }
        running.insert((event.end, *version));
    }
    Ok(())
}

/// Runs rounds with seeds of their own until the time is up. `CRASH_SECONDS` is another time, and
/// `CRASH_SEED` the one round to run again.
pub async fn rounds(default_seconds: u64, mut round: impl AsyncFnMut(u64)) {
    let number = |variable| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("CRASH_SEED") {
        return round(seed).await;
    }
    let time = Duration::from_secs(number("CRASH_SECONDS").unwrap_or(default_seconds));
    let start = Instant::now();
    loop {
        let seed = rand::random();
        // Shown when the test fails.
        println!("CRASH_SEED={seed}");
        round(seed).await;
        if start.elapsed() >= time {
            return;
        }
    }
}

#[test]
fn impossible_histories_are_found() {
    let write = |version, begin, end, on| Event {
        record: "a".into(),
        begin,
        end,
        seen: Seen::Written { version, value: format!("v{version}"), on },
    };
    let read = |version: u64, begin, end| Event {
        record: "a".into(),
        begin,
        end,
        seen: Seen::Read { version: None, value: format!("v{version}") },
    };
    let refused = |on, begin, end| Event { record: "a".into(), begin, end, seen: Seen::Refused { on } };
    let check = |events: Vec<Event>| History { clock: AtomicU64::new(0), events: Mutex::new(events) }.check();
    assert_eq!(check(vec![write(1, 0, 1, None), write(2, 2, 5, Some(1)), read(1, 3, 4), read(2, 3, 6)]), Ok(4));
    assert_eq!(check(vec![write(1, 0, 1, None), write(2, 2, 5, None), refused(1, 3, 4)]), Ok(3));
    for (impossible, why) in [
        (vec![write(1, 0, 1, None), write(2, 2, 3, None), read(1, 4, 5)], "a stale read"),
        (vec![write(1, 0, 1, None), read(1, 2, 3), write(1, 4, 5, None)], "a version given twice"),
        (vec![write(2, 0, 1, None), write(1, 2, 3, None)], "a version that falls"),
        (vec![write(1, 0, 1, None), read(2, 2, 3), write(2, 4, 5, None)], "a read of the future"),
        (vec![write(1, 0, 1, None), write(2, 2, 9, None), write(3, 3, 8, Some(1))], "a lost update"),
        (vec![write(1, 0, 1, None), refused(1, 2, 3)], "a refusal without cause"),
        (vec![read(1, 0, 1)], "a value from nowhere"),
        (vec![write(1, 0, 1, None), write(2, 2, 9, None), read(2, 3, 4), read(1, 5, 6)], "a value that goes away"),
    ] {
        assert!(check(impossible).is_err(), "{why}");
    }
}
