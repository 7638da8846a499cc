//! The interactive lane.

use super::*;

#[tokio::test]
async fn a_failing_set_leaves_no_trace_and_the_rest_goes_on() {
    each_engine(async |fixture| {
        let good = fixture.set(vec![fixture.insert("a", "one")]);
        let bad = fixture.set(vec![fixture.insert("b", "two"), fixture.insert("c", "one")]);
        let last = fixture.set(vec![fixture.insert("d", "four")]);
        let result: Result<()> = fixture
            .store
            .transaction(async move |tx| {
                tx.apply(&good).await?;
                assert!(matches!(tx.apply(&bad).await, Err(StoreError::Unique { .. })));
                assert_eq!(tx.apply(&last).await?.revs.len(), 1);
                Ok(())
            })
            .await;
        result.unwrap();
        assert_eq!(rows(&fixture.store, "SELECT id FROM posts ORDER BY id").await, [["a".into()], ["d".into()]]);
    })
    .await;
}

#[tokio::test]
async fn it_reads_its_own_writes_and_commits() {
    each_engine(async |fixture| {
        let set = fixture.set(vec![fixture.insert("a", "one")]);
        let seen: Result<usize> = fixture
            .store
            .transaction(async move |tx| {
                assert_eq!(tx.apply(&set).await?.revs.len(), 1);
                Ok(tx.reader().rows(Statement::new("SELECT id FROM posts", vec![])).await?.len())
            })
            .await;
        assert_eq!(seen.unwrap(), 1);
        assert_eq!(fixture.count().await, 1);
    })
    .await;
}
