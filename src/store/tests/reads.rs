//! Statements that are refused or take too long.

use super::*;

#[tokio::test]
async fn bad_statements_are_refused_not_internal() {
    each_engine(async |fixture| {
        for sql in
            ["SELEC 1", "SELECT nope FROM posts", "SELECT 1 FROM nope", "SELECT 1; SELECT 2", "SELECT abs('x', 1)"]
        {
            let result = fixture.store.reader().rows(Statement::new(sql, vec![])).await;
            assert!(matches!(result, Err(StoreError::Statement(_))), "{sql}: {result:?}");
        }
        let write = fixture.store.reader().rows(Statement::new("DELETE FROM posts", vec![])).await;
        assert!(write.is_err(), "readers can not write");
    })
    .await;
}

#[tokio::test]
async fn an_endless_read_times_out_and_the_pool_goes_on() {
    each_engine(async |fixture| {
        let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 1 FROM c WHERE x < 0";
        let reader = fixture.store.reader();
        assert!(matches!(reader.rows(Statement::new(endless, vec![])).await, Err(StoreError::Timeout)));
        assert_eq!(reader.rows(Statement::new("SELECT 1", vec![]).dear()).await.unwrap().len(), 1);
    })
    .await;
}
