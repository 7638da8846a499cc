//! Moving in: directories that the real PocketBase made, and some that nobody would make in good faith.
//!
//! The first need its binary, as the differential tests do; without one they say so and pass.
//! *Invariant:* the source is as it was after every import.

mod app;
mod asks;
mod generated;
mod hostile;
mod killed;
mod layouts;
mod many;
mod partial;
mod same;
mod ways;

use std::path::Path;

use serde_json::Value as Json;

use crate::cli::process::Place;

/// Imports and returns the report.
fn import(place: &Place, source: &Path, more: &[&str]) -> Json {
    let source = source.to_str().expect("a path in UTF-8");
    let printed = place.ok(&[&["import", "pocketbase", source, "--json"], more].concat());
    serde_json::from_str(&printed).expect("JSON")
}

/// The message of an import that must fail.
fn refusal(place: &Place, source: &Path, more: &[&str]) -> String {
    let source = source.to_str().expect("a path in UTF-8");
    let (code, message) = place.failure(&[&["import", "pocketbase", source], more].concat());
    assert_eq!(code, 1, "{message}");
    message
}
