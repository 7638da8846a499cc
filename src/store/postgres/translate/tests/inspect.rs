//! What is told of a view query, and what is refused.

use super::super::{Catalog, Column, Kind, LoadedColumn, Relation, statement, view_inspection};
use crate::store::ColumnInfo;

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for table in ["posts", "_params", "_collections", "_feed", "_meta"] {
        let column = |(name, kind): (&str, Kind)| Column::of_table(table, name, kind, true);
        let columns = [("id", Kind::Text), ("title", Kind::Text), ("n", Kind::Number), ("tags", Kind::Json)];
        let columns = columns.into_iter().map(column).collect();
        catalog.insert(Relation { name: table.into(), columns, counted: true, view: None });
    }
    catalog
}

/// Makes the view as an engine would, which reads the comments back.
fn with_view(catalog: &mut Catalog, name: &str, query: &str) {
    let made = statement(&format!("CREATE VIEW {name} AS {query}"), &[], catalog).expect("a view");
    let comment = |on: &str| {
        let made = made.iter().find_map(|made| made.sql.strip_prefix(&format!("COMMENT ON {on} IS '")));
        made.map(|text| text.trim_end_matches('\'').replace("''", "'"))
    };
    let inspected = view_inspection(query, &[], catalog).expect("a view");
    let columns = inspected.query.columns.iter().map(|output| LoadedColumn {
        name: output.name.clone(),
        type_name: "text".into(),
        not_null: false,
        comment: comment(&format!("COLUMN \"{name}\".\"{}\"", output.name)),
    });
    let relation = Relation::load(name, true, columns.collect(), comment(&format!("VIEW \"{name}\"")).as_deref());
    catalog.insert(relation);
}

fn denied() -> Vec<(String, String)> {
    vec![("posts".into(), "n".into())]
}

#[test]
fn columns_tell_where_they_come_from() {
    let mut catalog = catalog();
    let column = |name: &str, from: Option<(&str, &str)>| ColumnInfo {
        name: name.into(),
        decltype: from.map(|(decltype, _)| decltype.into()),
        origin: from.map(|(_, origin)| ("posts".into(), origin.into())),
    };
    let query = "SELECT p.id, p.title AS name, upper(title) AS loud FROM Posts p";
    let found = view_inspection(query, &denied(), &catalog).expect("a view");
    let expected = [column("id", Some(("TEXT", "id"))), column("name", Some(("TEXT", "title"))), column("loud", None)];
    assert_eq!(found.columns, expected);
    assert_eq!((found.tables_read.as_slice(), found.stable), (&["posts".to_owned()][..], true));

    with_view(&mut catalog, "named", query);
    let found = view_inspection("SELECT x.name AS again, x.loud FROM (SELECT * FROM named) x", &[], &catalog);
    let found = found.expect("a view over a view");
    assert_eq!(found.columns, [column("again", Some(("TEXT", "title"))), column("loud", None)]);
    assert_eq!(found.tables_read, ["named", "posts"]);
}

#[test]
fn time_and_chance_are_noticed() {
    let mut catalog = catalog();
    with_view(&mut catalog, "daily", "SELECT id, date(title) AS day FROM posts");
    let check = |sql: &str| {
        let found = view_inspection(sql, &[], &catalog).unwrap_or_else(|refused| panic!("{sql}: {refused}"));
        (found.stable, found.tables_read.join(" "))
    };
    for (sql, tables) in [
        ("SELECT id, upper(title) || count(*) AS t FROM posts GROUP BY 1", "posts"),
        ("SELECT p.id FROM posts p, json_each(p.title) j WHERE j.value LIKE 'x'", "posts"),
        ("SELECT count(*) AS id FROM posts", "posts"),
        ("SELECT 1 AS id", ""),
    ] {
        assert_eq!(check(sql), (true, tables.to_owned()), "{sql}");
    }
    for sql in [
        "SELECT random() AS id FROM posts",
        "SELECT id FROM posts ORDER BY random()",
        "SELECT id, datetime('now') AS t FROM posts",
        "SELECT id FROM posts WHERE title < CURRENT_TIMESTAMP",
        "SELECT id FROM posts WHERE title < strftime('%Y')",
    ] {
        assert_eq!(check(sql), (false, "posts".to_owned()), "{sql}");
    }
    assert_eq!(check("SELECT id FROM daily"), (false, "daily posts".to_owned()));
}

#[test]
fn nothing_but_reading_of_what_is_allowed_passes() {
    let catalog = catalog();
    for sql in [
        "SELECT n FROM posts",
        "SELECT * FROM posts",
        "SELECT p.* FROM posts p",
        "SELECT id FROM posts WHERE n > 1",
        "SELECT id FROM posts ORDER BY n",
        "SELECT id FROM posts p JOIN posts q USING (n)",
        "SELECT id, (SELECT max(x.n) FROM posts x) FROM posts",
        "WITH c AS (SELECT n AS id FROM posts) SELECT id FROM c",
        "SELECT * FROM _params",
        "SELECT * FROM _Collections",
        "SELECT rec FROM _feed",
        "SELECT v FROM _meta",
        "SELECT sql FROM sqlite_schema",
        "SELECT relname FROM pg_class",
        "SELECT pg_read_file('x') AS id",
        "SELECT basalt_num('5') AS id",
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
        "SELECT $1 AS id",
        "SELECT sum(id) OVER (ORDER BY id) x; ",
        "SELECT id FROM posts WHERE id = 'x' -- '; DROP TABLE posts",
        "BEGIN",
        "",
        "-- nothing",
    ] {
        let found = view_inspection(sql, &denied(), &catalog);
        let fine = found.as_ref().is_ok_and(|found| !found.query.sql.contains("DROP"));
        assert!(found.is_err() || (sql.contains("DROP") && fine), "{sql}: {found:?}");
    }
}

/// What is written goes through as a value or a name, never as SQL.
#[test]
fn quotes_stay_closed() {
    let catalog = catalog();
    let sql = "SELECT id AS \"a\"\"; DROP\", 'it''s \\ '';' AS `b`, title AS [c'\"] FROM posts AS \"p\"\"q\"";
    let found = view_inspection(sql, &[], &catalog).expect("a query");
    assert!(found.query.sql.contains("E'it''s \\\\ '';'"), "{}", found.query.sql);
    assert!(found.query.sql.contains("\"p\"\"q\".\"id\""), "{}", found.query.sql);
    let made = statement(&format!("CREATE VIEW v AS {sql}"), &[], &catalog).expect("a view");
    assert!(
        made[0].sql.starts_with("CREATE VIEW \"v\" (\"a\"\"; DROP\", \"b\", \"c'\"\"\", \"@row\")"),
        "{}",
        made[0].sql
    );
}

#[test]
fn what_would_be_printed_without_end_is_refused() {
    let catalog = catalog();
    let nested =
        |depth: usize| (0..depth).fold("n".to_owned(), |inner, _| format!("CASE {inner} WHEN 1 THEN id ELSE n END"));
    assert!(statement(&format!("SELECT {} FROM posts", nested(3)), &[], &catalog).is_ok());
    assert!(statement(&format!("SELECT {} FROM posts", nested(60)), &[], &catalog).is_err());
}

#[test]
fn deep_nesting_is_refused_or_fits_a_small_stack() {
    let deep = |depth: usize| format!("SELECT {}1{}", "(1 AND (0 OR ".repeat(depth), "))".repeat(depth));
    let translate = move || {
        (
            statement(&deep(100), &[], &Catalog::default()).is_ok(),
            statement(&deep(5000), &[], &Catalog::default()).is_err(),
        )
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(translate).expect("a thread");
    assert_eq!(thread.join().expect("no overflow"), (true, true));
}
