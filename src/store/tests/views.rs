//! Looking at view queries that people wrote.

use super::super::ColumnInfo;
use super::*;

fn denied() -> Vec<(String, String)> {
    vec![("posts".into(), "n".into())]
}

#[tokio::test]
async fn it_tells_columns_tables_and_rows() {
    each_engine(async |fixture| {
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
    })
    .await;
}

#[tokio::test]
async fn it_refuses_everything_but_reading_what_is_allowed() {
    each_engine(async |fixture| {
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
            "SELECT shared_time(1) AS id",
            "SELECT ?1 AS id",
            "BEGIN",
            "",
            "-- nothing",
        ] {
            let result = fixture.store.inspect_view(sql, denied(), 1).await;
            assert!(matches!(result, Err(StoreError::Statement(_))), "{sql}: {result:?}");
        }
    })
    .await;
}
