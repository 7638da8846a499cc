//! Imports whose process is killed in the middle: nothing of them is served, and the next one is as if there had been none.

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::hostile::source;
use super::import;
use crate::cli::process::Place;

/// Rows that take a second or two.
const ROWS: usize = 150_000;
const FILES: usize = 1000;
const UNFINISHED: &str = "data/import.unfinished";
/// What is not made of the source: moments, and what each directory has of its own.
const OWN: [&str; 4] = ["_feed", "_meta", "_migrations", "sqlite_stat1"];

fn fill(place: &Place) -> std::path::PathBuf {
    let rows = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO notes SELECT 'n' || i, 'title ' || i, json_array(i) FROM n;"
    );
    let dir = source(place, &rows);
    for number in 0..FILES {
        let stored = dir.join(format!("storage/pbc_notes/n{number}"));
        std::fs::create_dir_all(&stored).expect("a directory");
        std::fs::write(stored.join("a.txt"), vec![b'a'; 2000]).expect("written");
    }
    dir
}

/// Starts an import and kills it as soon as `now` says so; whether it was still running.
fn killed(place: &Place, source: &Path, now: impl Fn() -> bool) -> bool {
    let source = source.to_str().expect("a path in UTF-8");
    let mut command: Command = place.command(&["import", "pocketbase", source]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    while !now() {
        if child.try_wait().expect("it can be asked").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().expect("it can be killed");
    !child.wait().expect("it ends").success()
}

/// The bytes of a database and its log.
fn size(directory: &Path) -> u64 {
    let size = |name| std::fs::metadata(directory.join(name)).map_or(0, |facts| facts.len());
    size("data.db") + size("data.db-wal")
}

/// Every row of every table that an import makes.
fn content(directory: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let database = Connection::open(directory.join("data.db")).expect("a database");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = database.prepare(names).expect("SQL");
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names");
    let rows = |name: &String| {
        // A directory makes up the secrets of the collections that the source does not have.
        let columns = if name == "_collections" { "number, id, name, type, fields, indexes, listRule" } else { "*" };
        let mut statement = database.prepare(&format!("SELECT {columns} FROM \"{name}\"")).expect("SQL");
        let count = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..count).map(|index| row.get(index)).collect();
        statement.query_map([], row).expect("rows").collect::<Result<Vec<Vec<Value>>, _>>().expect("values")
    };
    names.iter().filter(|name| !OWN.contains(&name.as_str())).map(|name| (name.clone(), rows(name))).collect()
}

#[test]
fn an_import_that_was_killed_starts_over_and_is_as_any_other() {
    let undisturbed = Place::new();
    let source = fill(&undisturbed);
    import(&undisturbed, &source, &[]);
    let whole = size(&undisturbed.path().join("data"));
    let place = Place::new();
    let unfinished = place.path().join(UNFINISHED);
    let is_there = |path: &Path| path.try_exists().expect("it can be asked");
    let refuses = || {
        let (_, message) = place.failure(&["serve", "--http", "127.0.0.1:0"]);
        assert!(message.contains("was not finished"), "{message}");
    };
    assert!(killed(&place, &source, || is_there(&unfinished)));
    refuses();
    for tenth in [2, 5, 8] {
        assert!(killed(&place, &source, || size(&unfinished) > whole * tenth / 10), "at {tenth} tenths");
        refuses();
    }
    // The files are the last and soon copied: a busy machine may look too late.
    match killed(&place, &source, || is_there(&unfinished.join("storage"))) {
        true => refuses(),
        false => std::fs::remove_dir_all(place.path().join("data")).expect("it is finished"),
    }
    let report = import(&place, &source, &[]);
    assert_eq!((&report["records"]["notes"], &report["files"]), (&(ROWS + 2).into(), &FILES.into()), "{report}");
    assert!(!is_there(&unfinished));
    let [ours, other] = [&place, &undisturbed].map(|place| content(&place.path().join("data")));
    for ((name, rows), (other_name, other_rows)) in ours.iter().zip(&other) {
        assert!(name == other_name && rows == other_rows, "{name} {other_name}");
    }
    assert_eq!(ours.len(), other.len());
    drop(place.serve());
}
