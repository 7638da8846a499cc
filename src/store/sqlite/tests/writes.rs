//! Sets: revisions, the feed, checks, classified refusals.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn each_change_gets_a_revision_and_a_feed_row() {
    let fixture = fixture().await;
    assert_eq!(fixture.write(fixture.insert("a", "one")).await.unwrap(), [1]);
    assert_eq!(fixture.write(fixture.update("a", "two", Some(1))).await.unwrap(), [2]);
    assert_eq!(rows(&fixture.store, "SELECT title, \"@rev\" FROM posts").await, [["two".into(), Value::Int(2)]]);
    assert_eq!(fixture.write(fixture.delete("a", Some(2))).await.unwrap(), [3]);
    assert_eq!(fixture.count().await, 0);
    let feed = rows(&fixture.store, "SELECT rev, txn, coll, rec, op, actor, CAST(after AS TEXT) FROM _feed").await;
    let row = |rev: i64, op: i64, after: Value| {
        vec![Value::Int(rev), Value::Int(rev), Value::Int(7), "a".into(), Value::Int(op), "ada".into(), after]
    };
    assert_eq!(feed, [row(1, 1, "{\"id\":\"a\"}".into()), row(2, 2, "{\"new\":1}".into()), row(3, 3, Value::Null)]);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_set_is_all_or_nothing_and_one_transaction_in_the_feed() {
    let fixture = fixture().await;
    let both = fixture.set(vec![fixture.insert("a", "one"), fixture.insert("b", "two")]);
    assert_eq!(fixture.store.write(both).await.unwrap().revs, [1, 2]);
    assert_eq!(number(&fixture.store, "SELECT count(DISTINCT txn) FROM _feed").await, 1);
    let clash = fixture.set(vec![fixture.insert("c", "three"), fixture.insert("d", "one")]);
    let refused = fixture.store.write(clash).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unique { .. }), "{refused:?}");
    assert_eq!(fixture.count().await, 2);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_set_of_another_schema_is_refused() {
    let fixture = fixture().await;
    let set = fixture.set(vec![fixture.insert("a", "one")]);
    let changed: Result<()> = fixture
        .store
        .transaction(async |tx| {
            tx.change_schema().await?;
            Ok(())
        })
        .await;
    changed.unwrap();
    assert_eq!(fixture.store.schema_version(), set.schema_version + 1);
    assert!(matches!(fixture.store.write(set).await, Err(StoreError::SchemaChanged)));
    fixture.write(fixture.insert("a", "one")).await.unwrap();
    assert_eq!(
        rows(&fixture.store, "SELECT coll, op FROM _feed WHERE rev = 1").await,
        [[Value::Int(0), Value::Int(5)]]
    );
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn text_that_is_not_utf8_reads_up_to_the_fault() {
    let fixture = fixture().await;
    assert_eq!(rows(&fixture.store, "SELECT CAST(x'61ff62' AS TEXT)").await, [["a".into()]]);
}

#[tokio::test]
async fn a_table_has_no_generation_while_its_rows_are_committed() {
    let fixture = fixture().await;
    let (store, posts) = (fixture.store.clone(), fixture.posts.clone());
    let (seen, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (saw, end) = (seen.clone(), done.clone());
    let watcher = std::thread::spawn(move || {
        while !end.load(Ordering::SeqCst) && !saw.load(Ordering::SeqCst) {
            saw.fetch_or(store.generation(&posts).is_none(), Ordering::SeqCst);
        }
    });
    let mut writes = 0;
    while !seen.load(Ordering::SeqCst) && writes < 10_000 {
        writes += 1;
        let title = writes.to_string();
        fixture.write(fixture.insert(&title, &title)).await.unwrap();
        assert!(fixture.store.generation(&fixture.posts).is_some(), "there is one again before the answer");
    }
    done.store(true, Ordering::SeqCst);
    watcher.join().unwrap();
    assert!(seen.load(Ordering::SeqCst), "after {writes} writes");
}

#[tokio::test]
async fn system_statements_depend_on_no_schema_and_change_no_record() {
    let fixture = fixture().await;
    let generation = fixture.store.generation(&fixture.posts);
    let statement = Statement::new("UPDATE _meta SET v = 7 WHERE k = 'feed_floor' RETURNING v", vec![]);
    let set = WriteSet { schema_version: 99, ..WriteSet::system([statement], Priority::Background) };
    let committed = fixture.store.write(set).await.unwrap();
    assert_eq!((committed.revs.len(), committed.rows), (0, vec![vec![Row(vec![Value::Int(7)])]]));
    assert_eq!(fixture.store.generation(&fixture.posts), generation);
    assert_gapless(&fixture.store).await;
}
