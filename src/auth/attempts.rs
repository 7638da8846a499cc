//! How often somebody tried: a code of a few digits holds only as long as guesses are few (contract 1.7).

use std::collections::HashMap;

use parking_lot::Mutex;

/// Tries of one record in a window, right or wrong.
const MAX_TRIES: u32 = 5;
const WINDOW_MS: i64 = 180_000;

/// More records than can be tried in one window, as each try costs a hash; beyond, nobody new may try.
const MAX_KEYS: usize = 65_536;

/// The tries of the present windows, by what is tried. In memory: a restart begins anew.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<String, Window>>);

struct Window {
    start_ms: i64,
    tries: u32,
}

impl Attempts {
    /// Counts a try; false if it is one too many.
    pub fn count(&self, key: &str, now_ms: i64) -> bool {
        let mut windows = self.0.lock();
        if windows.len() >= MAX_KEYS {
            windows.retain(|_, window| window.is_open(now_ms));
        }
        if windows.len() >= MAX_KEYS && !windows.contains_key(key) {
            return false;
        }
        let window = windows.entry(key.to_owned()).or_insert(Window { start_ms: now_ms, tries: 0 });
        if !window.is_open(now_ms) {
            *window = Window { start_ms: now_ms, tries: 0 };
        }
        window.tries = window.tries.saturating_add(1);
        window.tries <= MAX_TRIES
    }
}

impl Window {
    fn is_open(&self, now_ms: i64) -> bool {
        now_ms - self.start_ms < WINDOW_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_so_many_tries() {
        let attempts = Attempts::default();
        let tries: Vec<bool> = (0..7).map(|try_number| attempts.count("a", try_number)).collect();
        assert_eq!(tries, [true, true, true, true, true, false, false]);
        assert!(attempts.count("b", 6));
        assert!(!attempts.count("a", WINDOW_MS - 1));
        assert!(attempts.count("a", WINDOW_MS));
    }

    #[test]
    fn a_full_table_takes_nobody_new_until_windows_end() {
        let attempts = Attempts::default();
        for number in 0..MAX_KEYS {
            assert!(attempts.count(&number.to_string(), 0));
        }
        assert!(!attempts.count("new", 1));
        assert!(attempts.count("7", 1));
        assert!(attempts.count("new", WINDOW_MS));
        assert_eq!(attempts.0.lock().len(), 1, "what has ended is gone");
    }
}
