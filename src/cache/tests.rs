use std::cell::Cell;
use std::pin::pin;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{join, join_all, poll_immediate};
use tokio::sync::Notify;

use super::{Cache, MAX_BODY_BYTES, MAX_WAITS};

const KEY: &[u8] = b"key";

async fn get_or_make<E>(
    cache: &Cache,
    key: &[u8],
    version: u64,
    make: impl AsyncFnOnce() -> Result<Bytes, E>,
) -> Result<Bytes, E> {
    let place = cache.place(key.to_vec(), version);
    match cache.get(&place) {
        Some(body) => Ok(body),
        None => cache.make(&place, make).await,
    }
}

fn get(cache: &Cache, key: &[u8], version: u64) -> Option<Bytes> {
    cache.get(&cache.place(key.to_vec(), version))
}

/// What comes out, and whether it was made now.
async fn ask(cache: &Cache, key: &[u8], version: u64) -> (Bytes, bool) {
    let made = Cell::new(false);
    let make = async || {
        made.set(true);
        Ok::<_, ()>(Bytes::from(format!("{key:?} at {version}")))
    };
    let body = get_or_make(cache, key, version, make).await.expect("no error");
    assert_eq!(body, format!("{key:?} at {version}"));
    (body, made.get())
}

#[tokio::test]
async fn what_is_asked_for_again_is_kept() {
    let cache = Cache::new(1 << 20);
    assert!(ask(&cache, KEY, 1).await.1);
    assert!(ask(&cache, KEY, 1).await.1, "one time is no habit");
    assert!(!ask(&cache, KEY, 1).await.1);
    assert!(ask(&cache, b"other", 1).await.1);
    assert!(ask(&cache, KEY, 2).await.1, "another version is another answer");
    assert_eq!(get(&cache, KEY, 2), None);
    assert!(ask(&cache, KEY, 2).await.1);
    assert!(!ask(&cache, KEY, 2).await.1);
    assert_eq!(get(&cache, KEY, 1), None, "the newer one took its place");
}

#[tokio::test]
async fn what_changes_with_every_read_takes_no_room() {
    let cache = Cache::new(1 << 20);
    for version in 0..1000 {
        assert!(ask(&cache, KEY, version).await.1);
    }
    assert_eq!(cache.bodies.bytes(), 0);
}

#[tokio::test]
async fn a_size_of_0_keeps_nothing() {
    let cache = Cache::new(0);
    for _ in 0..3 {
        assert!(ask(&cache, KEY, 1).await.1);
    }
}

#[tokio::test]
async fn keys_and_bodies_stay_within_the_size() {
    const SIZE: u64 = 1 << 20;
    let cache = Cache::new(SIZE);
    let put = async |key: &[u8], length: usize| {
        for _ in 0..2 {
            let make = async || Ok::<_, ()>(Bytes::from(vec![0; length]));
            get_or_make(&cache, key, 1, make).await.expect("no error");
        }
    };
    for number in 0..2000_u32 {
        let mut key = vec![7; 500];
        key.extend(number.to_le_bytes());
        put(&key, 500).await;
        assert!(cache.bodies.bytes() <= SIZE);
    }
    assert!(cache.bodies.bytes() > SIZE / 2);
    let full = Cache::new(64 << 20);
    for (length, kept) in [(MAX_BODY_BYTES, true), (MAX_BODY_BYTES + 1, false)] {
        for _ in 0..2 {
            let make = async || Ok::<_, ()>(Bytes::from(vec![0; length]));
            get_or_make(&full, KEY, length as u64, make).await.expect("no error");
        }
        assert_eq!(get(&full, KEY, length as u64).is_some(), kept);
    }
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_makes() {
    let cache = Cache::new(1 << 20);
    let (made, go) = (Cell::new(0), Notify::new());
    let ask = async |version: u64| {
        let make = async || {
            made.set(made.get() + 1);
            go.notified().await;
            Ok::<_, ()>(Bytes::from(version.to_string()))
        };
        get_or_make(&cache, KEY, version, make).await
    };
    let all = join_all((0..100).map(|number| ask(number % 2)));
    let finish = async {
        go.notify_one();
        go.notify_one();
    };
    let (bodies, ()) = join(all, finish).await;
    assert_eq!(made.get(), 2, "one for each version");
    for (number, body) in bodies.into_iter().enumerate() {
        assert_eq!(body.expect("a body"), (number % 2).to_string());
    }
}

#[tokio::test]
async fn nobody_waits_for_who_failed_or_went_away() {
    let cache = Cache::new(1 << 20);
    let never = async || -> Result<Bytes, &str> { std::future::pending().await };
    let go = Notify::new();
    let good = async || {
        go.notified().await;
        Ok::<_, &str>(Bytes::from_static(b"good"))
    };
    {
        let mut first = Box::pin(get_or_make(&cache, KEY, 1, never));
        let mut second = pin!(get_or_make(&cache, KEY, 1, good));
        let mut third = pin!(get_or_make(&cache, KEY, 1, async || Err("not asked")));
        assert!(poll_immediate(first.as_mut()).await.is_none());
        assert!(poll_immediate(second.as_mut()).await.is_none());
        assert!(poll_immediate(third.as_mut()).await.is_none());
        drop(first);
        assert!(poll_immediate(second.as_mut()).await.is_none(), "it is the next maker");
        assert!(poll_immediate(third.as_mut()).await.is_none(), "and this one waits for it");
        go.notify_one();
        assert_eq!(second.await, Ok(Bytes::from_static(b"good")));
        assert_eq!(third.now_or_never(), Some(Ok(Bytes::from_static(b"good"))));
    }
    let fails = async || {
        go.notified().await;
        Err("broken")
    };
    let mut failing = pin!(get_or_make(&cache, KEY, 2, fails));
    let mut second = pin!(get_or_make(&cache, KEY, 2, good));
    assert!(poll_immediate(failing.as_mut()).await.is_none());
    assert!(poll_immediate(second.as_mut()).await.is_none());
    go.notify_one();
    assert_eq!(failing.await, Err("broken"));
    go.notify_one();
    assert_eq!(second.await, Ok(Bytes::from_static(b"good")));
}

#[tokio::test]
async fn waiting_has_an_end() {
    let cache = Cache::new(1 << 20);
    let never = async || -> Result<Bytes, ()> { std::future::pending().await };
    let own = async || Ok::<_, ()>(Bytes::from_static(b"own"));
    let mut patient = pin!(get_or_make(&cache, KEY, 1, own));
    for _ in 0..MAX_WAITS {
        let mut maker = Box::pin(get_or_make(&cache, KEY, 1, never));
        assert!(poll_immediate(maker.as_mut()).await.is_none());
        assert!(poll_immediate(patient.as_mut()).await.is_none());
        drop(maker);
    }
    assert_eq!(patient.now_or_never(), Some(Ok(Bytes::from_static(b"own"))));
}

#[test]
fn stamps_tell_keys_versions_and_caches_apart() {
    let (one, other) = (Cache::new(0), Cache::new(0));
    let stamp = |cache: &Cache, key: &[u8], version: u64| cache.place(key.to_vec(), version).stamp();
    assert_eq!(stamp(&one, KEY, 1), stamp(&one, KEY, 1));
    assert_ne!(stamp(&one, KEY, 1), stamp(&one, KEY, 2));
    assert_ne!(stamp(&one, KEY, 1), stamp(&one, b"key2", 1));
    assert_ne!(stamp(&one, KEY, 1), stamp(&other, KEY, 1));
}
