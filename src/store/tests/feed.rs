//! The feed, read from a position.

use super::*;
use crate::crypto::Sealer;
use crate::store::changes::Place;
use crate::store::{Change, FeedKeep, FeedLimits, FeedPage, FeedRead, Image, Position};

const ALL: FeedLimits = FeedLimits { entries: 1000, bytes: 1 << 20 };

async fn read(store: &Store, after: &Position, limits: FeedLimits) -> FeedPage {
    match store.feed(after, limits).await.expect("the feed") {
        FeedRead::Page(page) => page,
        FeedRead::Reset => panic!("what is young is kept"),
    }
}

/// All that follows, page by page, with something done after the first.
async fn walk(store: &Store, after: &Position, limits: FeedLimits, meanwhile: impl AsyncFn()) -> Vec<String> {
    let (mut seen, mut position) = (Vec::new(), after.clone());
    loop {
        let page = read(store, &position, limits).await;
        let first = seen.is_empty();
        assert!(page.entries.len() <= limits.entries as usize);
        seen.extend(page.entries.into_iter().map(|entry| entry.record));
        position = page.next;
        if !page.more {
            return seen;
        }
        if first {
            meanwhile().await;
        }
    }
}

#[tokio::test]
async fn an_entry_says_all_that_was_said_of_the_change() {
    each_engine(async |fixture| {
        let start = fixture.store.position().await.unwrap();
        assert_eq!(read(&fixture.store, &start, ALL).await.entries, []);
        let mut revs = fixture.write(fixture.insert("a", "one")).await.unwrap();
        revs.extend(fixture.write(fixture.update("a", "two", None)).await.unwrap());
        let mut large = fixture.insert("b", "large");
        if let Op::Insert { image, .. } = &mut large {
            *image = vec![b'x'; 300 << 10];
        }
        revs.extend(fixture.write(large).await.unwrap());
        revs.extend(fixture.write(fixture.delete("a", None)).await.unwrap());
        let page = read(&fixture.store, &start, ALL).await;
        let json = |text: &str| Image::Json(text.as_bytes().to_vec());
        let told: Vec<_> =
            page.entries.iter().map(|entry| (entry.rev, entry.change, &entry.after, &entry.old)).collect();
        assert_eq!(
            told,
            [
                (revs[0], Change::Create, &json("{\"id\":\"a\"}"), &Image::None),
                (revs[1], Change::Update, &json("{\"new\":1}"), &json("{\"old\":1}")),
                (revs[2], Change::Create, &Image::LeftOut, &Image::None),
                (revs[3], Change::Delete, &Image::None, &json("{}")),
            ]
        );
        for entry in &page.entries {
            assert_eq!((entry.collection, entry.actor.as_str(), entry.at_ms > 0), (7, "ada", true));
        }
        assert!(!page.more);
        assert_eq!(read(&fixture.store, &page.next, ALL).await.entries, []);
    })
    .await;
}

#[tokio::test]
async fn pages_of_any_size_tell_the_same() {
    each_engine(async |fixture| {
        let start = fixture.store.position().await.unwrap();
        for number in 0..6 {
            let insert = |part: &str| fixture.insert(&format!("{number}{part}"), &format!("{number}{part}"));
            fixture.store.write(fixture.set(vec![insert("a"), insert("b")])).await.unwrap();
        }
        let expected: Vec<String> =
            (0..6).flat_map(|number| ["a", "b"].map(|part| format!("{number}{part}"))).collect();
        for (entries, bytes) in [(1, 0), (1, 1000), (2, 1000), (5, 1000), (12, 1000), (13, 1000), (100, 0), (100, 25)] {
            let found = walk(&fixture.store, &start, FeedLimits { entries, bytes }, async || {}).await;
            assert_eq!(found, expected, "{entries} entries, {bytes} bytes");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_written_between_two_pages_comes_behind_them() {
    each_engine(async |fixture| {
        let start = fixture.store.position().await.unwrap();
        for id in ["a", "b", "c"] {
            fixture.write(fixture.insert(id, id)).await.unwrap();
        }
        let limits = FeedLimits { entries: 2, bytes: 1000 };
        let meanwhile = async || {
            fixture.write(fixture.delete("b", None)).await.unwrap();
            fixture.write(fixture.insert("b", "again")).await.unwrap();
        };
        let mut found = walk(&fixture.store, &start, limits, meanwhile).await;
        let rest = read(&fixture.store, &start, ALL).await;
        let whole: Vec<String> = rest.entries.iter().map(|entry| entry.record.clone()).collect();
        assert_eq!(whole, ["a", "b", "c", "b", "b"]);
        // On one engine they are part of the stretch that was begun, on the other of the next.
        if found.len() == 3 {
            found.extend(["b".to_owned(), "b".to_owned()]);
        }
        assert_eq!(found, whole);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_kept_or_of_another_history_is_a_reset() {
    each_engine(async |fixture| {
        let old = fixture.store.position().await.unwrap();
        fixture.write(fixture.insert("a", "one")).await.unwrap();
        let mut other = old.clone();
        other.epoch = "another".into();
        assert_eq!(fixture.store.feed(&other, ALL).await.unwrap(), FeedRead::Reset);
        match &fixture.store {
            Store::Sqlite(_) => {
                fixture.store.trim_feed(FeedKeep { since_ms: i64::MAX, bytes: None }).await.unwrap();
                let ahead = Position { epoch: old.epoch.clone(), place: Place::Rev(99) };
                assert_eq!(fixture.store.feed(&ahead, ALL).await.unwrap(), FeedRead::Reset, "a copy that knows less");
            }
            Store::Postgres(_) => execute(&fixture.store, "UPDATE _state SET feed_floor = 9000000000000").await,
        }
        assert_eq!(fixture.store.feed(&old, ALL).await.unwrap(), FeedRead::Reset);
    })
    .await;
}

#[tokio::test]
async fn a_sealed_position_opens_for_its_use_only() {
    each_engine(async |fixture| {
        let sealer = Sealer::new(&[7; crate::crypto::SEAL_KEY_BYTES]);
        let position = fixture.store.position().await.unwrap();
        let text = position.seal(&sealer, &["ada", "posts"]).unwrap();
        assert_eq!(Position::open(&sealer, &["ada", "posts"], &text), Some(position));
        assert_eq!(Position::open(&sealer, &["bob", "posts"], &text), None);
        assert_eq!(Position::open(&Sealer::new(&[8; 32]), &["ada", "posts"], &text), None);
        assert_eq!(Position::open(&sealer, &["ada", "posts"], &text[1..]), None);
        assert_eq!(Position::open(&sealer, &["ada", "posts"], &"A".repeat(100 << 10)), None);
    })
    .await;
}
