//! The fuzzer's targets without a fuzzer.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

/// The seeds of a target, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(dir).expect("seeds").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

/// A place, what is cut out there, and what is put in.
type Edit = (Index, usize, Vec<u8>);

fn check(target: &str, run: fn(&[u8])) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| run(seed));
    let edit = (any::<Index>(), 0..6_usize, prop::collection::vec(any::<u8>(), 0..6));
    let case = (any::<Index>(), prop::collection::vec(edit, 1..5));
    proptest!(|((seed, edits) in case)| {
        let mut bytes = seed.get(&seeds).clone();
        edits.into_iter().for_each(|edit| apply(&mut bytes, edit));
        run(&bytes);
    });
}

fn apply(bytes: &mut Vec<u8>, (place, cut, insert): Edit) {
    let start = place.index(bytes.len() + 1);
    let end = (start + cut).min(bytes.len());
    bytes.splice(start..end, insert);
}

#[test]
fn filters() {
    check("filter", super::filter);
}

#[test]
fn json_bodies() {
    check("json", super::json);
}

#[test]
fn multipart_bodies() {
    check("multipart", super::multipart);
}

#[test]
fn cursors() {
    check("cursor", super::cursor);
}
