//! The interactive lane.

use super::*;

#[tokio::test]
async fn it_reads_its_own_writes_and_commits() {
    let fixture = fixture().await;
    let set = fixture.set(vec![fixture.insert("a", "one")]);
    let seen: Result<usize> = fixture
        .store
        .transaction(async move |tx| {
            assert_eq!(tx.apply(&set).await?.revs, [1]);
            Ok(tx.reader().rows(Statement::new("SELECT id FROM posts", vec![])).await?.len())
        })
        .await;
    assert_eq!(seen.unwrap(), 1);
    assert_eq!(fixture.count().await, 1);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn an_error_leaves_nothing() {
    let fixture = fixture().await;
    let set = fixture.set(vec![fixture.insert("a", "one")]);
    let result: Result<()> = fixture
        .store
        .transaction(async move |tx| {
            tx.execute(&Statement::new("CREATE TABLE gone (x)", vec![])).await?;
            tx.apply(&set).await?;
            tx.change_schema().await?;
            Err(StoreError::Check { tag: 1 })
        })
        .await;
    assert!(matches!(result, Err(StoreError::Check { tag: 1 })));
    assert_eq!(fixture.count().await, 0);
    assert_eq!(number(&fixture.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'gone'").await, 0);
    assert_eq!(fixture.write(fixture.insert("a", "one")).await.unwrap(), [1]);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_failing_set_leaves_no_trace_and_the_rest_goes_on() {
    let fixture = fixture().await;
    let good = fixture.set(vec![fixture.insert("a", "one")]);
    let bad = fixture.set(vec![fixture.insert("b", "two"), fixture.insert("c", "one")]);
    let last = fixture.set(vec![fixture.insert("d", "four")]);
    let result: Result<()> = fixture
        .store
        .transaction(async move |tx| {
            tx.apply(&good).await?;
            assert!(matches!(tx.apply(&bad).await, Err(StoreError::Unique { .. })));
            assert_eq!(tx.apply(&last).await?.revs, [2]);
            Ok(())
        })
        .await;
    result.unwrap();
    assert_eq!(rows(&fixture.store, "SELECT id FROM posts ORDER BY id").await, [["a".into()], ["d".into()]]);
    assert_eq!(number(&fixture.store, "SELECT count(DISTINCT txn) FROM _feed").await, 1);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_closure_that_waits_is_rolled_back() {
    let fixture = fixture().await;
    let set = fixture.set(vec![fixture.insert("a", "one")]);
    let result: Result<()> = fixture
        .store
        .transaction(async move |tx| {
            tx.apply(&set).await?;
            std::future::pending::<()>().await;
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(StoreError::Other(_))));
    assert_eq!(fixture.count().await, 0);
    fixture.write(fixture.insert("a", "one")).await.unwrap();
}

#[tokio::test]
async fn a_handle_that_was_kept_is_closed() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<super::super::super::Tx>> = const { std::cell::RefCell::new(None) };
    }
    let fixture = fixture().await;
    let kept: Result<()> = fixture
        .store
        .transaction(async |tx| {
            KEPT.set(Some(tx));
            Ok(())
        })
        .await;
    kept.unwrap();
    let later: Result<u64> = fixture
        .store
        .transaction(async |_| {
            let old = KEPT.take().expect("kept on the same thread");
            old.execute(&Statement::new("DELETE FROM posts", vec![])).await
        })
        .await;
    assert!(matches!(later, Err(StoreError::Closed)));
}
