//! Time as a value that tests can set, and the one wire form of dates (contract 1.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

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

/// `YYYY-MM-DD HH:MM:SS.mmmZ`, always UTC, always three decimals (contract 1.4). Written digit by digit: a general
/// formatter takes several times as long, and every create and every log entry asks for one.
pub fn wire_text(time: DateTime<Utc>) -> String {
    if !(0..=9999).contains(&time.year()) {
        return time.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string();
    }
    let mut text = String::with_capacity(24);
    let mut part = |number: u32, digits: u32, end: char| {
        for digit in (0..digits).rev() {
            text.push(char::from(b'0' + (number / 10u32.pow(digit) % 10) as u8));
        }
        text.push(end);
    };
    part(time.year().unsigned_abs(), 4, '-');
    part(time.month(), 2, '-');
    part(time.day(), 2, ' ');
    part(time.hour(), 2, ':');
    part(time.minute(), 2, ':');
    part(time.second(), 2, '.');
    part(time.nanosecond() / 1_000_000, 3, 'Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_text_is_what_the_general_formatter_writes() {
        let check = |unix_ms: i64, expected: &str| {
            let time = DateTime::from_timestamp_millis(unix_ms).expect("a time within the calendar");
            assert_eq!(wire_text(time), expected);
            assert_eq!(time.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string(), expected);
        };
        check(0, "1970-01-01 00:00:00.000Z");
        check(-1, "1969-12-31 23:59:59.999Z");
        check(1_700_000_000_123, "2023-11-14 22:13:20.123Z");
        check(253_402_300_799_999, "9999-12-31 23:59:59.999Z");
        check(253_402_300_800_000, "+10000-01-01 00:00:00.000Z");
        check(-62_167_219_200_000, "0000-01-01 00:00:00.000Z");
        check(-62_167_219_200_001, "-0001-12-31 23:59:59.999Z");
    }
}
