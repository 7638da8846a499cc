//! Neighbours in a batch: what fails, fails alone.

use futures_util::future::join_all;

use super::*;

/// Runs good writes beside a bad one, many at once, so that they share batches.
async fn beside(fixture: &Fixture, bad: WriteSet) -> Vec<Result<()>> {
    let mut sets = Vec::new();
    let mut faults = Vec::new();
    for index in 0..60 {
        sets.push(fixture.set(vec![fixture.insert(&format!("good{index}"), &format!("title{index}"))]));
        if index % 20 == 10 {
            faults.push(sets.len());
            sets.push(bad.clone());
        }
    }
    let results = join_all(sets.into_iter().map(|set| fixture.store.write(set))).await;
    let mut outcome = Vec::new();
    for (index, result) in results.into_iter().enumerate() {
        if faults.contains(&index) {
            outcome.push(result.map(|_| ()));
        } else {
            result.expect("a neighbour of a fault is written");
        }
    }
    assert_eq!(number(&fixture.store, "SELECT count(*) FROM posts WHERE id LIKE 'good%'").await, 60);
    assert_gapless(&fixture.store).await;
    outcome
}

#[tokio::test]
async fn a_failing_check() {
    let fixture = fixture().await;
    let mut bad = fixture.set(vec![fixture.insert("bad", "bad")]);
    bad.after = vec![check("SELECT 1 WHERE 0", Expect::Row, 9)];
    let results = beside(&fixture, bad).await;
    assert!(results.iter().all(|result| matches!(result, Err(StoreError::Check { tag: 9 }))), "{results:?}");
}

#[tokio::test]
async fn a_row_that_is_not_unique() {
    let fixture = fixture().await;
    fixture.write(fixture.insert("first", "taken")).await.unwrap();
    let results = beside(&fixture, fixture.set(vec![fixture.insert("bad", "taken")])).await;
    assert!(results.iter().all(|result| matches!(result, Err(StoreError::Unique { .. }))), "{results:?}");
}

#[tokio::test]
async fn a_trigger_that_rolls_everything_back() {
    let fixture = fixture().await;
    execute(
        &fixture.store,
        "CREATE TRIGGER death BEFORE INSERT ON posts WHEN new.title = 'death' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    )
    .await;
    let single = fixture.set(vec![fixture.insert("bad", "death")]);
    let results = beside(&fixture, single).await;
    assert!(results.iter().all(Result::is_err), "{results:?}");
    let several = fixture.set(vec![fixture.insert("bad1", "fine"), fixture.insert("bad2", "death")]);
    assert!(fixture.store.write(several).await.is_err());
    assert_eq!(number(&fixture.store, "SELECT count(*) FROM posts WHERE id LIKE 'bad%'").await, 0);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_write_that_takes_too_long() {
    let fixture = fixture().await;
    execute(
        &fixture.store,
        "CREATE TRIGGER slow AFTER INSERT ON posts WHEN new.title = 'slow' BEGIN
           UPDATE posts SET n = (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000)
                                 SELECT sum(x) FROM c) WHERE id = new.id; END",
    )
    .await;
    let results = beside(&fixture, fixture.set(vec![fixture.insert("bad", "slow")])).await;
    assert!(results.iter().all(|result| matches!(result, Err(StoreError::Timeout))), "{results:?}");
    let mut check_too_long = fixture.set(vec![fixture.insert("bad", "quick")]);
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 1 FROM c WHERE x < 0";
    check_too_long.after = vec![check(endless, Expect::Row, 1)];
    assert!(matches!(fixture.store.write(check_too_long).await, Err(StoreError::Timeout)));
    assert_eq!(number(&fixture.store, "SELECT count(*) FROM posts WHERE id = 'bad'").await, 0);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_transaction_that_panics() {
    let fixture = fixture().await;
    let set = fixture.set(vec![fixture.insert("bad", "bad")]);
    let panicking = fixture.store.transaction(async move |tx| {
        tx.apply(&set).await?;
        if set.actor == "ada" {
            std::panic::panic_any("on purpose");
        }
        Ok::<(), StoreError>(())
    });
    let good = fixture.store.write(fixture.set(vec![fixture.insert("good", "good")]));
    let (bad, good) = tokio::join!(panicking, good);
    assert!(matches!(bad, Err(StoreError::Other(_))));
    good.unwrap();
    assert_eq!(rows(&fixture.store, "SELECT id FROM posts").await, [["good".into()]]);
    assert_gapless(&fixture.store).await;
}

#[tokio::test]
async fn a_transaction_whose_engine_side_is_lost_never_commits() {
    let fixture = fixture().await;
    execute(
        &fixture.store,
        "CREATE TRIGGER death BEFORE INSERT ON posts WHEN new.title = 'death' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    )
    .await;
    let first = fixture.set(vec![fixture.insert("a", "one")]);
    let death = fixture.set(vec![fixture.insert("b", "death")]);
    let last = fixture.set(vec![fixture.insert("c", "three")]);
    let result: Result<()> = fixture
        .store
        .transaction(async move |tx| {
            tx.apply(&first).await?;
            assert!(tx.apply(&death).await.is_err());
            assert!(tx.apply(&last).await.is_err());
            Ok(())
        })
        .await;
    assert!(result.is_err());
    assert_eq!(fixture.count().await, 0);
    assert_gapless(&fixture.store).await;
}
