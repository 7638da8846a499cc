//! Time as a value that tests can set, and the one wire form of dates (contract 1.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Tells the time: the system's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::set_ms`] moves it.
    pub fn fixed(unix_ms: i64) -> Self {
        Self { fixed_ms: Some(Arc::new(AtomicI64::new(unix_ms))) }
    }

    /// Moves a fixed clock; does nothing to the system's.
    pub fn set_ms(&self, unix_ms: i64) {
        if let Some(fixed) = &self.fixed_ms {
            fixed.store(unix_ms, Ordering::Relaxed);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.fixed_ms {
            Some(fixed) => DateTime::from_timestamp_millis(fixed.load(Ordering::Relaxed)).unwrap_or_default(),
            None => Utc::now(),
        }
    }

    pub fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }

    /// Now in the wire form of dates.
    pub fn now_text(&self) -> String {
        wire_text(self.now())
    }
}

/// `YYYY-MM-DD HH:MM:SS.mmmZ`, always UTC, always three decimals (contract 1.4).
pub fn wire_text(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string()
}
