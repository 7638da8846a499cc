//! Sources that are damaged, old, or made to harm: a clear refusal, and a directory as it was.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::{import, refusal};
use crate::cli::process::Place;

const TABLES: &str = "
    CREATE TABLE _collections (id TEXT PRIMARY KEY, system BOOLEAN, type TEXT, name TEXT, fields JSON, indexes JSON,
        listRule TEXT, viewRule TEXT, createRule TEXT, updateRule TEXT, deleteRule TEXT, options JSON, created TEXT, updated TEXT);
    CREATE TABLE _params (id TEXT PRIMARY KEY, value JSON, created TEXT, updated TEXT);
    CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT, data JSON);";

const MANY: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO notes SELECT 'n' || i, hex(randomblob(200)), NULL FROM n;";

/// A small directory of the right layout.
pub(super) fn source(place: &Place, more: &str) -> PathBuf {
    let dir = place.path().join("pb_data");
    std::fs::create_dir(&dir).expect("a directory");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    database.execute_batch(TABLES).expect("tables");
    collection(&database, "base", "notes", &json!({}), &[], None);
    database.execute_batch("INSERT INTO notes VALUES ('first', 'one', '[1]'), ('second', 'two', NULL)").expect("rows");
    database.execute_batch(more).expect("more");
    dir
}

pub(super) fn collection(
    database: &Connection,
    kind: &str,
    name: &str,
    options: &Json,
    indexes: &[&str],
    rule: Option<&str>,
) {
    let fields = match kind {
        "view" => json!([]),
        _ => json!([
            { "id": "text3208210256", "name": "id", "type": "text", "primaryKey": true, "required": true, "system": true, "pattern": "^[a-z0-9]+$", "min": 1, "max": 30 },
            { "id": "text1", "name": "title", "type": "text" }, { "id": "json1", "name": "data", "type": "json" },
        ]),
    };
    let row = rusqlite::params![
        format!("pbc_{name}"),
        kind,
        name,
        fields.to_string(),
        json!(indexes).to_string(),
        rule,
        options.to_string(),
        "2024-01-01 00:00:00.000Z"
    ];
    let sql = "INSERT INTO _collections VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL, NULL, ?7, ?8, ?8)";
    database.execute(sql, row).expect("a row");
}

/// Every file with its bytes.
fn bytes(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("one").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
}

#[test]
fn nothing_that_is_written_in_a_source_runs() {
    let place = Place::new();
    let dir = source(
        &place,
        "
        CREATE TABLE hurt (what TEXT);
        CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO hurt VALUES ('x'); END;
        CREATE VIEW spy AS SELECT id, title, data FROM notes;",
    );
    let database = Connection::open(dir.join("data.db")).expect("a database");
    collection(&database, "base", "spy", &json!({}), &[], None);
    collection(
        &database,
        "view",
        "reader",
        &json!({ "viewQuery": "SELECT id, fields AS title FROM _collections" }),
        &[],
        None,
    );
    collection(&database, "view", "titles", &json!({ "viewQuery": "SELECT id, title FROM notes" }), &[], Some(""));
    drop(database);
    let before = bytes(&dir);
    let report = import(&place, &dir, &[]);
    assert_eq!(bytes(&dir), before);
    assert_eq!(report["records"], json!({ "notes": 2 }));
    let notes = report["notCarried"].as_array().expect("a list");
    let items: Vec<String> = notes
        .iter()
        .map(|note| {
            format!("{} {}", note["kind"].as_str().unwrap_or_default(), note["item"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(items, ["view reader", "collection spy"], "{report}");
}

#[test]
fn what_does_not_fit_is_converted_or_left_out_and_told() {
    let place = Place::new();
    let dir = source(
        &place,
        "
        INSERT INTO notes VALUES ('third', x'41ff', '{broken\"'), ('a/../b', 'path', NULL), (NULL, 'none', NULL);",
    );
    let database = Connection::open(dir.join("data.db")).expect("a database");
    let rule = Some("missing_field = 1");
    collection(
        &database,
        "base",
        "ruled",
        &json!({}),
        &["CREATE INDEX i ON ruled (nonsense)", "CREATE INDEX good ON ruled (title)"],
        rule,
    );
    database.execute_batch("CREATE TABLE ruled (id TEXT PRIMARY KEY, title TEXT, data JSON)").expect("a table");
    drop(database);
    let report = import(&place, &dir, &[]);
    let kinds: Vec<&str> =
        report["notCarried"].as_array().expect("a list").iter().filter_map(|note| note["kind"].as_str()).collect();
    assert_eq!(kinds, ["index", "rule", "value", "record", "record"], "{report}");
    assert_eq!(report["records"]["notes"], 3, "{report}");
    let exported: Json = serde_json::from_str(&place.ok(&["collections", "export"])).expect("JSON");
    let ruled =
        exported.as_array().expect("a list").iter().find(|model| model["name"] == "ruled").expect("it is there");
    assert_eq!((&ruled["listRule"], ruled["indexes"].as_array().map(Vec::len)), (&Json::Null, Some(1)), "{ruled}");
}

#[test]
fn a_source_that_is_written_is_taken_at_one_moment() {
    let place = Place::new();
    let dir = source(&place, "PRAGMA journal_mode = WAL;");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    let stop = &AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        // Two rows a transaction: half of one must not be seen.
        scope.spawn(move || {
            let sql = "BEGIN; INSERT INTO notes VALUES (hex(randomblob(9)), 'a', NULL);
                INSERT INTO notes VALUES (hex(randomblob(9)), 'b', NULL); COMMIT;";
            for _ in (0..20_000).take_while(|_| !stop.load(Ordering::Relaxed)) {
                database.execute_batch(sql).expect("rows");
            }
        });
        let report = import(&place, &dir, &[]);
        stop.store(true, Ordering::Relaxed);
        report
    });
    let records = report["records"]["notes"].as_u64().expect("a number");
    assert!(records.is_multiple_of(2), "{report}");
    assert_eq!(report["notCarried"], json!([]));
}

#[cfg(unix)]
#[test]
fn links_among_the_files_are_not_followed() {
    let place = Place::new();
    let dir = source(&place, "");
    let stored = dir.join("storage/pbc_notes/first");
    std::fs::create_dir_all(&stored).expect("a directory");
    std::fs::write(stored.join("a.txt"), "bytes").expect("written");
    std::os::unix::fs::symlink(dir.join("data.db"), stored.join("link.txt")).expect("a link");
    std::os::unix::fs::symlink(&dir, dir.join("storage/loop")).expect("a link");
    let report = import(&place, &dir, &[]);
    let kinds: Vec<&str> =
        report["notCarried"].as_array().expect("a list").iter().filter_map(|note| note["kind"].as_str()).collect();
    assert_eq!((&report["files"], kinds), (&1.into(), vec!["file", "file"]), "{report}");
}

#[test]
fn what_belongs_to_nobody_is_left_out() {
    let place = Place::new();
    let dir = source(&place, "");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    collection(&database, "base", "_externalAuths", &json!({}), &[], None);
    let sql = "
        UPDATE _collections SET system = 1 WHERE name = '_externalAuths';
        CREATE TABLE _externalAuths (id, title, data JSON, collectionRef, recordRef, provider, providerId, created, updated);
        INSERT INTO _externalAuths VALUES ('e1', '', NULL, '_pb_users_auth_', 'gone', 'google', '1', '', ''),
            ('e2', '', NULL, 'pbc_notes', 'first', 'google', '2', '', '');";
    database.execute_batch(sql).expect("it runs");
    drop(database);
    let report = import(&place, &dir, &[]);
    let notes = report["notCarried"].as_array().expect("a list");
    let items: Vec<&str> = notes.iter().filter_map(|note| note["item"].as_str()).collect();
    assert_eq!(items, ["_externalAuths/e1", "_externalAuths/e2"], "{report}");
}

#[test]
fn damaged_old_and_foreign_databases_are_refused() {
    let check = |prepare: &dyn Fn(&Path), words: &str| {
        let place = Place::new();
        let dir = source(&place, MANY);
        prepare(&dir.join("data.db"));
        let message = refusal(&place, &dir, &[]);
        assert!(message.contains(words), "{message}");
        // It can be started over, and nothing of it is served.
        assert!(!place.path().join("data/import.unfinished").try_exists().expect("it can be asked"));
        assert!(!place.path().join("data/data.db").try_exists().expect("it can be asked"));
    };
    check(
        &|path| std::fs::write(path, "no database at all, but some text that is long enough").expect("written"),
        "not a database",
    );
    check(
        &|path| {
            let mut bytes = std::fs::read(path).expect("a file");
            let end = bytes.len();
            bytes[8192..end].fill(0x5a);
            std::fs::write(path, bytes).expect("written");
        },
        "is damaged",
    );
    let run = |path: &Path, sql: &str| Connection::open(path).expect("a database").execute_batch(sql).expect("it runs");
    check(&|path| run(path, "ALTER TABLE _collections RENAME COLUMN fields TO schema"), "before 0.23");
    check(&|path| run(path, "DROP TABLE _collections"), "no table of collections");
    check(&|path| run(path, "CREATE TABLE _feed (rev INTEGER)"), "data directory of Basalt");
    check(&|path| run(path, "UPDATE _collections SET fields = '[{'"), "can't be read");
    check(&|path| run(path, "INSERT INTO _params VALUES ('settings', '\"AAAA\"', '', '')"), "--encryption-key-env");
}

#[test]
fn zips_that_lead_out_or_blow_up_are_refused() {
    let place = Place::new();
    let dir = source(&place, "");
    let database = std::fs::read(dir.join("data.db")).expect("a file");
    let file = |name: &str, entries: &[(&str, &[u8])]| {
        let path = place.path().join(name);
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            std::io::Write::write_all(&mut zip, bytes).expect("written");
        }
        zip.finish().expect("a zip");
        path
    };
    let out = file("out.zip", &[("data.db", &database), ("storage/../../../evil", b"x")]);
    assert!(refusal(&place, &out, &[]).contains("leads out"));
    let absolute = file("absolute.zip", &[("data.db", &database), ("/tmp/evil", b"x")]);
    assert!(refusal(&place, &absolute, &[]).contains("leads out"));
    let bomb = file("bomb.zip", &[("data.db", &vec![0; 300 << 20])]);
    assert!(refusal(&place, &bomb, &[]).contains("100 times"));
    assert!(refusal(&place, &file("empty.zip", &[]), &[]).contains("no data.db"));
    let broken = place.path().join("broken.zip");
    std::fs::write(&broken, "PK nothing").expect("written");
    assert!(refusal(&place, &broken, &[]).contains("as a zip"));
    let stored: &[u8] = b"bytes";
    let good = file("good.zip", &[("data.db", &database), ("storage/pbc_notes/first/a.txt", stored)]);
    let report = import(&place, &good, &[]);
    assert_eq!((&report["files"], &report["records"]["notes"]), (&1.into(), &2.into()), "{report}");
    assert_eq!(std::fs::read(place.path().join("data/storage/pbc_notes/first/a.txt")).expect("a file"), stored);
}

#[test]
fn an_import_is_whole_or_not_there() {
    let place = Place::new();
    let dir = source(&place, "");
    let dry = import(&place, &dir, &["--dry-run"]);
    assert_eq!((&dry["dryRun"], &dry["records"]["notes"]), (&true.into(), &2.into()));
    assert!(!place.path().join("data").try_exists().expect("it can be asked"), "nothing is kept of a dry run");
    // What a process that died in the middle leaves.
    std::fs::create_dir_all(place.path().join("data/import.unfinished")).expect("a directory");
    std::fs::write(place.path().join("data/import.unfinished/data.db"), "half").expect("written");
    let (_, message) = place.failure(&["serve", "--http", "127.0.0.1:0"]);
    assert!(message.contains("was not finished"), "{message}");
    import(&place, &dir, &[]);
    assert!(!place.path().join("data/import.unfinished").try_exists().expect("it can be asked"));
    // What one leaves that died while its work was put in place.
    let (data, finished) = (place.path().join("data"), place.path().join("data/import.finished"));
    std::fs::create_dir(&finished).expect("a directory");
    std::fs::rename(data.join("data.db"), finished.join("data.db")).expect("moved");
    let exported: Json = serde_json::from_str(&place.ok(&["collections", "export"])).expect("JSON");
    assert!(exported.as_array().expect("a list").iter().any(|model| model["name"] == "notes"));
    assert!(!finished.try_exists().expect("it can be asked"));
}

#[test]
fn a_used_directory_takes_what_it_does_not_have() {
    let place = Place::new();
    place.ok(&["superuser", "create", crate::cli::process::EMAIL, crate::cli::process::PASSWORD]);
    let dir = source(&place, "");
    assert!(refusal(&place, &dir, &[]).contains("--merge"));
    let report = import(&place, &dir, &["--merge"]);
    assert_eq!(report["records"]["notes"], 2, "{report}");
    assert_eq!(place.ok(&["superuser", "list"]), format!("{}\n", crate::cli::process::EMAIL));
    let message = refusal(&place, &dir, &["--merge"]);
    assert!(message.contains("nothing was imported"), "{message}");
    let server = place.serve();
    let message = refusal(&place, &dir, &["--merge"]);
    assert!(message.contains("another Basalt server"), "{message}");
    drop(server);
}
