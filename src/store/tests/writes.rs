//! Sets: checks, classified refusals, generations.

use super::*;

#[tokio::test]
async fn a_row_at_another_revision_is_stale() {
    each_engine(async |fixture| {
        fixture.write(fixture.insert("a", "one")).await.unwrap();
        for op in [
            fixture.update("a", "x", Some(9)),
            fixture.delete("a", Some(9)),
            fixture.update("missing", "x", None),
            fixture.delete("missing", None),
        ] {
            assert!(matches!(fixture.write(op).await, Err(StoreError::Stale)));
        }
    })
    .await;
}

#[tokio::test]
async fn checks_hold_before_and_after() {
    each_engine(async |fixture| {
        let mut set = fixture.set(vec![fixture.insert("a", "one")]);
        set.before = vec![check("SELECT 1 FROM posts WHERE id = 'a'", Expect::Row, 3)];
        assert!(matches!(fixture.store.write(set.clone()).await, Err(StoreError::Check { tag: 3 })));
        set.before[0].expect = Expect::NoRow;
        set.after = vec![check("SELECT 1 FROM posts WHERE id = 'a' AND title = 'other'", Expect::Row, 4)];
        assert!(matches!(fixture.store.write(set.clone()).await, Err(StoreError::Check { tag: 4 })));
        assert_eq!(fixture.count().await, 0);
        set.after[0].expect = Expect::NoRow;
        assert_eq!(fixture.store.write(set).await.unwrap().revs.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn unique_refusals_name_the_columns() {
    each_engine(async |fixture| {
        execute(&fixture.store, "CREATE UNIQUE INDEX posts_expression ON posts (lower(title), n)").await;
        execute(&fixture.store, "CREATE TABLE pairs (id TEXT PRIMARY KEY, a NUMERIC, b NUMERIC, \"@rev\" INTEGER)")
            .await;
        execute(&fixture.store, "CREATE UNIQUE INDEX pairs_ab ON pairs (a, b)").await;
        fixture.write(fixture.insert("a", "one")).await.unwrap();
        let pairs = Arc::new(Table {
            number: 8,
            name: "pairs".into(),
            columns: vec!["id".into(), "a".into(), "b".into()],
            id_column: 0,
        });
        let pair = |id: &str| Op::Insert {
            table: pairs.clone(),
            values: vec![id.into(), Value::Int(1), Value::Int(2)],
            image: vec![],
        };
        fixture.write(pair("p")).await.unwrap();
        let mut same_title = fixture.insert("b", "one");
        if let Op::Insert { values, .. } = &mut same_title {
            values[2] = Value::Int(2);
        }
        for (op, table, columns) in [
            (fixture.insert("a", "other"), "posts", vec!["id"]),
            (same_title, "posts", vec!["title"]),
            (fixture.insert("b", "ONE"), "posts", vec!["title", "n"]),
            (pair("q"), "pairs", vec!["a", "b"]),
        ] {
            match fixture.write(op).await {
                Err(StoreError::Unique { table: found, columns: names }) => {
                    assert_eq!((found.as_str(), names), (table, columns.into_iter().map(str::to_owned).collect()))
                }
                other => panic!("not refused as not unique: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_large_image_is_left_out_of_the_feed() {
    each_engine(async |fixture| {
        let mut op = fixture.insert("a", "one");
        if let Op::Insert { image, .. } = &mut op {
            *image = vec![b'x'; 300 << 10];
        }
        fixture.write(op).await.unwrap();
        assert_eq!(
            rows(&fixture.store, "SELECT after, flags FROM _feed WHERE rec = 'a'").await,
            [[Value::Null, Value::Int(1)]]
        );
    })
    .await;
}

#[tokio::test]
async fn the_generation_of_a_table_tells_of_its_writes() {
    each_engine(async |fixture| {
        let generation = || fixture.store.generation(&fixture.posts);
        let start = generation();
        fixture.write(fixture.insert("a", "one")).await.unwrap();
        let inserted = generation();
        assert_ne!(inserted, start);
        fixture.write(fixture.update("missing", "x", None)).await.unwrap_err();
        let other = Table { number: 8, name: "others".into(), columns: vec![], id_column: 0 };
        let other_before = fixture.store.generation(&other);
        fixture.write(fixture.update("a", "two", None)).await.unwrap();
        assert_ne!(generation(), inserted);
        assert_eq!(fixture.store.generation(&other), other_before, "another table's rows stand");
        execute(&fixture.store, "DELETE FROM posts").await;
        assert_ne!(fixture.store.generation(&other), other_before, "nobody knows what a plain statement touches");
    })
    .await;
}

#[tokio::test]
async fn system_statements_share_the_fate_of_their_set() {
    each_engine(async |fixture| {
        execute(&fixture.store, "CREATE TABLE _notes (k TEXT PRIMARY KEY, n INTEGER)").await;
        let note = |key: &str| {
            let sql = "INSERT INTO _notes (k, n) VALUES (?1, 1) RETURNING k, n";
            Op::System(Statement::new(sql, vec![key.into()]))
        };
        let committed =
            fixture.store.write(fixture.set(vec![fixture.insert("a", "one"), note("a"), note("b")])).await.unwrap();
        assert_eq!(committed.revs.len(), 1);
        assert_eq!(
            committed.rows,
            [vec![Row(vec!["a".into(), Value::Int(1)])], vec![Row(vec!["b".into(), Value::Int(1)])]]
        );
        let twice = fixture.store.write(fixture.set(vec![fixture.insert("b", "two"), note("a")])).await;
        assert!(matches!(&twice, Err(StoreError::Unique { table, .. }) if table == "_notes"), "{twice:?}");
        assert_eq!(fixture.count().await, 1);
    })
    .await;
}
