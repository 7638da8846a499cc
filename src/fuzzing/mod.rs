//! Doors for the fuzzer and for the tests, in no other build.
//!
//! Each function takes any bytes and panics when something does not hold. `fuzz/targets/` calls them under the fuzzer,
//! `tests.rs` with the seeds and small changes of them, so that whatever the fuzzer once found stays found.
//!
//! *Invariant:* nothing here decides anything; it only calls what the server calls.

#[cfg(test)]
mod tests;

pub use crate::api::fuzzing::{json, multipart};
pub use crate::records::fuzz_cursor as cursor;

use crate::query::{Filter, Sort};

/// A filter, and a sort, of a client: refused or not, but never more work than their limits allow.
pub fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Whether it is one does not matter here.
    let _ = Filter::parse_client(&text);
    let _ = Filter::parse(&text);
    let _ = Sort::parse(&text);
}
