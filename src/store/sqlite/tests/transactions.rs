//! The interactive lane.

use super::*;

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
