//! Opening, closing, copying, and the log's length.

use super::super::{Aux, AuxValue};
use super::*;

#[tokio::test]
async fn a_second_server_is_refused() {
    let fixture = fixture().await;
    let Err(StoreError::Locked(message)) = Engine::open(Options::for_tests(fixture.dir.path())) else {
        panic!("a second engine opened the same directory");
    };
    assert!(message.contains(&std::process::id().to_string()), "{message}");
}

#[tokio::test]
async fn reopening_goes_on_where_it_stopped() {
    let fixture = fixture().await;
    fixture.write(fixture.insert("a", "one")).await.unwrap();
    fixture.write(fixture.insert("b", "two")).await.unwrap();
    let version = fixture.store.schema_version();
    fixture.store.close().await;
    assert!(!fixture.store.ready());
    assert!(matches!(fixture.write(fixture.insert("c", "three")).await, Err(StoreError::Closed)));
    let read = fixture.store.reader().rows(Statement::new("SELECT 1", vec![])).await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
    let reopened = Fixture { store: reopen(fixture.dir.path()), posts: fixture.posts.clone(), dir: fixture.dir };
    assert_eq!(reopened.store.schema_version(), version);
    assert_eq!(reopened.write(reopened.insert("c", "three")).await.unwrap(), [3]);
    assert_gapless(&reopened.store).await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes_too() {
    let fixture = fixture().await;
    fixture.write(fixture.insert("a", "one")).await.unwrap();
    let Fixture { store, dir, .. } = fixture;
    drop(store);
    assert_eq!(number(&reopen(dir.path()), "SELECT count(*) FROM posts").await, 1);
}

#[tokio::test]
async fn the_log_stays_bounded_under_endless_inserts() {
    let fixture = fixture().await;
    let filler = "x".repeat(4_000);
    for round in 0..60 {
        let mut ops = Vec::new();
        for index in 0..500 {
            ops.push(fixture.insert(&format!("r{round}-{index}"), &format!("{round}-{index}-{filler}")));
        }
        fixture.store.write(fixture.set(ops)).await.unwrap();
    }
    let length = |name: &str| std::fs::metadata(fixture.dir.path().join(name)).unwrap().len();
    let rows = 60 * 500 * 2 * 4_000;
    assert!(length("data.db-wal") < rows / 2, "the log has {} bytes", length("data.db-wal"));
    fixture.store.close().await;
    assert!(!fixture.dir.path().join("data.db-wal").try_exists().unwrap() || length("data.db-wal") == 0);
}

#[tokio::test]
async fn a_backup_opens_and_is_sound() {
    let fixture = fixture().await;
    fixture.write(fixture.insert("a", "one")).await.unwrap();
    let target = fixture.dir.path().join("copy.db");
    fixture.store.backup(target.clone()).await.unwrap();
    let copy = rusqlite::Connection::open(&target).unwrap();
    let count: i64 = copy.query_row("SELECT count(*) FROM posts", [], |row| row.get(0)).unwrap();
    let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!((count, sound.as_str()), (1, "ok"));
    assert!(matches!(fixture.store.backup(target.clone()).await, Err(StoreError::Disk(_))), "nothing is overwritten");
    assert!(target.try_exists().unwrap());
}

#[tokio::test]
async fn the_auxiliary_database_keeps_rows_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let aux = Aux::open(&dir.path().join("aux.db"), "CREATE TABLE IF NOT EXISTS logs (n, t)").unwrap();
    for number in 0..500 {
        aux.append(
            "INSERT INTO logs VALUES (?1, ?2)",
            &[AuxValue::Int(number), AuxValue::Text(&format!("text {number}"))],
        );
    }
    let count =
        aux.rows(Statement::new("SELECT count(*), max(n), max(t = 'text ' || n) FROM logs", vec![])).await.unwrap();
    assert_eq!(count[0].0, [Value::Int(500), Value::Int(499), Value::Int(1)]);
    assert_eq!(aux.execute(Statement::new("DELETE FROM logs WHERE n < 100", vec![])).await.unwrap(), 100);
    assert_eq!(aux.dropped(), 0);
    aux.close().await;
    aux.append("INSERT INTO logs VALUES (?1, ?2)", &[AuxValue::Int(500), AuxValue::Text("late")]);
    assert_eq!(aux.dropped(), 1);
    assert!(matches!(aux.rows(Statement::new("SELECT 1", vec![])).await, Err(StoreError::Closed)));
}
