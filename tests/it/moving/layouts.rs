//! Directories of older versions of PocketBase, as their own binaries make them.
//!
//! The newest one that is installed, started on a copy, says what the answers are: it converts what it finds.

use std::path::Path;
use std::process::Command;

use super::same::Same;
use super::{app, asks, generated, import, refusal};
use crate::app::PASSWORD;
use crate::cli::process::Place;
use crate::differential::pocketbase::{self, PocketBase};

const VERSIONS: &str = include_str!("../../compat/pocketbase-older-versions");
/// The last layout that is not known.
const UNKNOWN: &str = "0.22.27";
const EMAIL: &str = "old@example.com";
const SEED: usize = 30;
const CASES: usize = 300;
/// Of the reads of `same.rs` so many are passed over for each that is made.
const EVERY: usize = 4;

/// The binaries of a version and of the newest one.
fn binaries(version: &str) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
    assert!(VERSIONS.lines().any(|line| line == version), "{version} is not installed by .ci/tools");
    let found = pocketbase::of_version(version).zip(pocketbase::binary());
    if found.is_none() {
        eprintln!("skipped: PocketBase {version} or the newest one is not installed");
    }
    found
}

async fn check(version: &str) {
    let Some((older, newest)) = binaries(version) else { return };
    let mut pocketbase = PocketBase::start(&older).await;
    let callers = app::fill(&pocketbase.superuser).await;
    pocketbase.kill();
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(&pocketbase.dir().join("data"), &dir.path().join("data"));
    let converted = PocketBase::start_in(&newest, dir).await;
    let mut same = Same::new(&pocketbase.dir().join("data"), &converted.superuser, callers);
    assert_eq!(same.notes(), ["settings"], "{}", same.report);
    let mut asks = asks::by_all(&asks::reads().into_iter().step_by(EVERY).collect::<Vec<_>>(), 5);
    let generated = generated::asks(SEED, CASES);
    asks.extend(generated.reads);
    same.read(&asks).await;
    same.write(&generated.writes).await;
    same.read(&asks).await;
    same.finish(SEED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_known_layout_is_moved() {
    check("0.23.1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_0_30_is_moved() {
    check("0.30.4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_0_36_is_moved() {
    check("0.36.9").await;
}

#[test]
fn an_unknown_layout_is_refused_and_moved_once_it_is_converted() {
    let Some((older, newest)) = binaries(UNKNOWN) else { return };
    let (place, dir) = (Place::new(), tempfile::tempdir().expect("a temporary directory"));
    let run = |binary: &Path, arguments: &[&str]| {
        let done = Command::new(binary).args(arguments).args(["--dir", "pb_data"]).current_dir(dir.path()).output();
        let done = done.expect("PocketBase runs");
        assert!(done.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&done.stderr));
    };
    run(&older, &["migrate", "up"]);
    run(&older, &["admin", "create", EMAIL, PASSWORD]);
    let source = dir.path().join("pb_data");
    let message = refusal(&place, &source, &[]);
    assert!(message.contains("before 0.23") && message.contains("import the copy"), "{message}");
    // What the message says.
    run(&newest, &["superuser", "upsert", "new@example.com", PASSWORD]);
    import(&place, &source, &[]);
    assert!(place.ok(&["superuser", "list"]).contains(EMAIL));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(std::fs::copy(&path, &target).expect("a copy")),
        }
    }
}
