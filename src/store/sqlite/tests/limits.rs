//! Reads that take long, queues that are full.

use super::super::super::{Columns, Sink};
use super::*;

const LONG: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000) SELECT x FROM c";

#[derive(Default)]
struct Counting {
    rows: usize,
    resets: usize,
}

impl Sink for Counting {
    fn row(&mut self, _columns: &dyn Columns) {
        self.rows += 1;
    }

    fn reset(&mut self) {
        self.rows = 0;
        self.resets += 1;
    }
}

#[tokio::test]
async fn a_cheap_read_that_turns_out_dear_moves_to_the_pool() {
    let fixture = fixture().await;
    let reader = fixture.store.reader();
    let long = reader.stream(Statement::new(LONG, vec![]), Counting::default()).await.unwrap();
    assert_eq!((long.rows, long.resets), (300_000, 1));
    let dear = reader.stream(Statement::new(LONG, vec![]).dear(), Counting::default()).await.unwrap();
    assert_eq!((dear.rows, dear.resets), (300_000, 0));
    let short = reader.stream(Statement::new("SELECT 1", vec![]), Counting::default()).await.unwrap();
    assert_eq!((short.rows, short.resets), (1, 0));
}

#[tokio::test]
async fn a_sink_that_panics_on_the_pool_does_not_end_it() {
    struct Panicking;
    impl Sink for Panicking {
        fn row(&mut self, _columns: &dyn Columns) {
            std::panic::panic_any("on purpose");
        }
        fn reset(&mut self) {}
    }
    let fixture = fixture().await;
    let reader = fixture.store.reader();
    let result = reader.stream(Statement::new("SELECT 1", vec![]).dear(), Panicking).await;
    assert!(matches!(result, Err(StoreError::Other(_))));
    assert_eq!(reader.rows(Statement::new("SELECT 1", vec![]).dear()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn more_than_the_queue_holds_is_written_all_the_same() {
    let fixture = fixture().await;
    let mut sets = Vec::new();
    for index in 0..5_000 {
        sets.push(fixture.set(vec![fixture.insert(&format!("r{index}"), &format!("t{index}"))]));
    }
    let mut background = fixture.set(vec![fixture.insert("bg", "bg")]);
    background.priority = super::super::super::Priority::Background;
    sets.push(background);
    let mut oversized = fixture.set(vec![fixture.insert("big", &"x".repeat(70 << 20))]);
    oversized.schema_version = fixture.store.schema_version();
    sets.push(oversized);
    let results = futures_util::future::join_all(sets.into_iter().map(|set| fixture.store.write(set))).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 0);
    assert_eq!(fixture.count().await, 5_002);
    assert_gapless(&fixture.store).await;
}
