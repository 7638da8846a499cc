//! A foreign database that is read where it lies.

use rusqlite::Connection;

use crate::store::sqlite::Foreign;

#[test]
fn whoever_writes_a_database_while_it_is_read_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("data.db");
    let writer = Connection::open(&path).expect("a database");
    writer.execute_batch("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x');").expect("rows");
    let foreign = Foreign::open(&path, dir.path()).expect("it opens");
    assert_eq!(foreign.count("t").expect("a table"), 1);
    assert!(foreign.is_unchanged());
    writer.execute_batch("INSERT INTO t VALUES (hex(zeroblob(9000)));").expect("rows");
    assert!(!foreign.is_unchanged());
    // A server that only began has a log at least.
    let foreign = Foreign::open(&path, dir.path()).expect("it opens");
    writer.execute_batch("PRAGMA journal_mode = WAL; INSERT INTO t VALUES ('y');").expect("rows");
    assert!(!foreign.is_unchanged());
}
