//! Looking at view queries that people wrote.

use super::super::ColumnInfo;
use super::*;

fn denied() -> Vec<(String, String)> {
    vec![("posts".into(), "n".into())]
}

#[tokio::test]
async fn it_tells_columns_tables_and_rows() {
    let fixture = fixture().await;
    fixture.write(fixture.insert("a", "one")).await.unwrap();
    let sql = "SELECT p.id, p.title AS name, upper(title) AS loud FROM posts p";
    let view = fixture.store.inspect_view(sql, denied(), 5).await.unwrap();
    let column = |name: &str, decltype: Option<&str>, origin: Option<&str>| ColumnInfo {
        name: name.into(),
        decltype: decltype.map(Into::into),
        origin: origin.map(|origin| ("posts".into(), origin.into())),
    };
    assert_eq!(
        view.columns,
        [
            column("id", Some("TEXT"), Some("id")),
            column("name", Some("TEXT"), Some("title")),
            column("loud", None, None)
        ]
    );
    assert_eq!(view.tables_read, ["posts"]);
    assert_eq!(view.rows.len(), 1);
    assert_eq!(view.rows[0].get(2), &Value::from("ONE"));
}

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
async fn it_refuses_everything_but_reading_what_is_allowed() {
    let fixture = fixture().await;
    for sql in [
        "SELECT n FROM posts",
        "SELECT * FROM posts",
        "SELECT id FROM posts WHERE n > 1",
        "SELECT id, (SELECT max(x.n) FROM posts x) FROM posts",
        "WITH c AS (SELECT n AS id FROM posts) SELECT id FROM c",
        "SELECT * FROM _params",
        "SELECT * FROM _Collections",
        "SELECT rec FROM _feed",
        "SELECT v FROM _meta",
        "SELECT sql FROM sqlite_schema",
        "SELECT sql FROM sqlite_master",
        "SELECT name FROM pragma_table_info('posts')",
        "DELETE FROM posts",
        "DELETE FROM posts RETURNING id",
        "UPDATE posts SET title = ''",
        "CREATE TABLE x (id)",
        "PRAGMA user_version",
        "ATTACH 'x.db' AS x",
        "SELECT 1 AS id; DELETE FROM posts",
        "EXPLAIN SELECT id FROM posts",
        "SELECT load_extension('x') AS id",
        "SELECT ?1 AS id",
        "BEGIN",
        "",
        "-- nothing",
    ] {
        let result = fixture.store.inspect_view(sql, denied(), 1).await;
        assert!(matches!(result, Err(StoreError::Statement(_))), "{sql}: {result:?}");
    }
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
