//! Looking at view queries that people wrote.

use super::*;

#[tokio::test]
async fn it_tells_whether_rows_alone_decide() {
    let fixture = fixture().await;
    execute(&fixture.store, "CREATE VIEW daily AS SELECT id, date(title) AS day FROM posts").await;
    let check = |sql: &'static str| {
        let store = fixture.store.clone();
        async move {
            let view = store.inspect_view(sql, vec![], 0).await.unwrap();
            (view.stable, view.tables_read.join(" "))
        }
    };
    let stable = |tables: &str| (true, tables.to_owned());
    assert_eq!(check("SELECT id, upper(title) || count(*) AS t FROM posts GROUP BY 1").await, stable("posts"));
    assert_eq!(check("SELECT p.id FROM posts p, json_each(p.title) j WHERE j.value LIKE 'x'").await, stable("posts"));
    assert_eq!(check("SELECT count(*) AS id FROM posts").await, stable("posts"), "no column of it is named");
    assert_eq!(check("SELECT 1 AS id").await, stable(""));
    for sql in [
        "SELECT random() AS id FROM posts",
        "SELECT id FROM posts ORDER BY random()",
        "SELECT id, datetime('now') AS t FROM posts",
        "SELECT id FROM posts WHERE title < CURRENT_TIMESTAMP",
        "SELECT id FROM posts WHERE title < strftime('%Y')",
        "SELECT id, total_changes() AS t FROM posts",
    ] {
        assert_eq!(check(sql).await, (false, "posts".to_owned()), "{sql}");
    }
    assert_eq!(check("SELECT id FROM daily").await, (false, "daily posts".to_owned()));
}

#[tokio::test]
async fn inside_a_transaction_it_sees_the_changes_and_leaves_the_writer_free() {
    let fixture = fixture().await;
    let tables: Result<Vec<String>> = fixture
        .store
        .transaction(async |tx| {
            tx.execute(&Statement::new("CREATE TABLE fresh (id TEXT)", vec![])).await?;
            let view = tx.inspect_view("SELECT id FROM fresh", &[], 1).await?;
            assert!(tx.inspect_view("DELETE FROM fresh", &[], 1).await.is_err());
            tx.execute(&Statement::new("DELETE FROM fresh", vec![])).await?;
            Ok(view.tables_read)
        })
        .await;
    assert_eq!(tables.unwrap(), ["fresh"]);
}
