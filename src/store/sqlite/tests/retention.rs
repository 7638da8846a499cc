//! The feed's old end, and the planner's statistics.

use super::super::super::FeedKeep;
use super::*;

const ALL: FeedKeep = FeedKeep { since_ms: i64::MIN, bytes: None };

/// `count` entries; those up to `old` are of a time long ago.
async fn filled(count: i64, old: i64) -> Fixture {
    let fixture = fixture().await;
    for index in 0..count {
        fixture.write(fixture.insert(&format!("id{index}"), &format!("title {index}"))).await.unwrap();
    }
    execute(&fixture.store, &format!("UPDATE _feed SET ts = 1000 + rev WHERE rev <= {old}")).await;
    fixture
}

/// First and last revision, their number, and the floor.
async fn facts(store: &Store) -> [i64; 4] {
    let sql = "SELECT min(rev), max(rev), count(*), (SELECT v FROM _meta WHERE k = 'feed_floor') FROM _feed";
    let row = rows(store, sql).await.remove(0);
    [0, 1, 2, 3].map(|index| row[index].as_i64().unwrap_or_default())
}

#[tokio::test]
async fn old_entries_go_and_the_floor_rises_with_them() {
    let fixture = filled(1_300, 1_200).await;
    assert_eq!(fixture.store.trim_feed(ALL).await.unwrap(), 0);
    let keep = FeedKeep { since_ms: 1_000 + 900, bytes: None };
    assert_eq!(fixture.store.trim_feed(keep).await.unwrap(), 899);
    assert_eq!(facts(&fixture.store).await, [900, 1_300, 401, 899]);
    assert_eq!(fixture.store.trim_feed(keep).await.unwrap(), 0);
    let epoch = rows(&fixture.store, "SELECT v FROM _meta WHERE k = 'epoch'").await;
    fixture.store.trim_feed(FeedKeep { since_ms: i64::MAX, bytes: None }).await.unwrap();
    assert_eq!(facts(&fixture.store).await, [0, 0, 0, 1_300]);
    assert_eq!(rows(&fixture.store, "SELECT v FROM _meta WHERE k = 'epoch'").await, epoch);
    let reopened = Fixture { posts: fixture.posts.clone(), ..reopened(fixture).await };
    assert_eq!(reopened.write(reopened.insert("next", "next")).await.unwrap(), [1_301], "no revision is given twice");
    assert_eq!(facts(&reopened.store).await, [1_301, 1_301, 1, 1_300]);
}

async fn reopened(fixture: Fixture) -> Fixture {
    fixture.store.close().await;
    Fixture { store: reopen(fixture.dir.path()), ..fixture }
}

#[tokio::test]
async fn the_latest_stay_within_the_size() {
    let fixture = fixture().await;
    for index in 0..200 {
        let mut op = fixture.insert(&format!("id{index}"), &format!("title {index}"));
        if let Op::Insert { image, .. } = &mut op {
            *image = vec![b'x'; 10_000];
        }
        fixture.write(op).await.unwrap();
    }
    let keep = FeedKeep { since_ms: i64::MIN, bytes: Some(1 << 20) };
    let gone = fixture.store.trim_feed(keep).await.unwrap().cast_signed();
    let [first, last, count, floor] = facts(&fixture.store).await;
    assert_eq!((first, last, count, floor), (gone + 1, 200, 200 - gone, gone));
    assert!((95..=105).contains(&count), "{count} entries of 10 kB are not a mebibyte");
    assert_eq!(fixture.store.trim_feed(FeedKeep { bytes: Some(1 << 30), ..keep }).await.unwrap(), 0);
}

#[tokio::test]
async fn writes_go_on_while_the_feed_is_shortened_and_leave_no_gap() {
    let fixture = filled(1_000, 1_000).await;
    let keep = FeedKeep { since_ms: 1_000_000, bytes: None };
    let write =
        async |index: usize| fixture.write(fixture.insert(&format!("new{index}"), &format!("new {index}"))).await;
    let (gone, written) =
        tokio::join!(fixture.store.trim_feed(keep), futures_util::future::join_all((0..100).map(write)));
    assert_eq!(gone.unwrap(), 1_000);
    assert!(written.iter().all(Result::is_ok));
    assert_eq!(facts(&fixture.store).await, [1_001, 1_100, 100, 1_000]);
}

#[tokio::test]
async fn statistics_are_gathered_for_new_tables() {
    let fixture = filled(300, 0).await;
    fixture.store.optimize().await.unwrap();
    let analyzed = rows(&fixture.store, "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'posts'").await;
    assert!(analyzed[0][0].as_i64() > Some(0), "{analyzed:?}");
    fixture.write(fixture.insert("after", "after")).await.unwrap();
}
