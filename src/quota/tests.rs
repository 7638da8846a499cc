use std::time::Duration;

use super::Limit;
use super::windows::{Full, Verdict, Way, Windows};
use crate::redis::Draw;
use crate::store::Total;

/// As many locks as there are in [`Windows`].
const SHARDS: usize = 16;
const THREE: Limit = Limit { max: 3, window: Duration::from_secs(2) };

fn windows(room: usize, full: Full) -> Windows {
    Windows::new(room * SHARDS, full)
}

/// Whether one more passes on a node by itself.
fn passes(windows: &Windows, key: &str, now_ms: i64) -> bool {
    windows.take(key, THREE, Way::Alone, now_ms) == Verdict::Taken
}

fn left(milliseconds: u64) -> Verdict {
    Verdict::UsedUp(Duration::from_millis(milliseconds))
}

#[test]
fn a_window_begins_with_its_first_and_ends_after_its_time() {
    let windows = windows(100, Full::Forget);
    let taken = [0, 1, 1999, 1999, 2000, 3000, 3999, 3999, 4000].map(|now_ms| passes(&windows, "a", now_ms));
    assert_eq!(taken, [true, true, true, false, true, true, true, false, true]);
    assert_eq!(windows.take("b", Limit { max: 0, ..THREE }, Way::Alone, 500), left(2000));
    assert!([5000, 5100, 5200].iter().all(|now_ms| passes(&windows, "c", *now_ms)));
    assert_eq!(windows.take("c", THREE, Way::Alone, 6500), left(500));
    let endless = Limit { max: u64::MAX, window: Duration::MAX };
    assert_eq!(windows.take("d", endless, Way::Alone, i64::MAX - 1), Verdict::Taken, "no number overflows");
}

#[test]
fn those_that_have_ended_are_gone() {
    let windows = windows(1000, Full::Refuse);
    for number in 0..20_000 {
        assert!(passes(&windows, &number.to_string(), number * 10));
    }
    assert!(windows.held() < 4096, "200 of them are open: {}", windows.held());
}

#[test]
fn a_flood_of_keys_fills_no_memory() {
    let windows = windows(100, Full::Forget);
    for number in 0..100_000 {
        assert!(passes(&windows, &number.to_string(), 0), "others make room");
    }
    assert!((50 * SHARDS..=100 * SHARDS).contains(&windows.held()), "{}", windows.held());
}

#[test]
fn where_nobody_may_be_forgotten_newcomers_are_refused() {
    let windows = windows(10, Full::Refuse);
    let kept: Vec<String> = (0..1000).map(|number| number.to_string()).filter(|key| passes(&windows, key, 0)).collect();
    assert_eq!(kept.len(), 10 * SHARDS);
    assert!(!passes(&windows, "new", 1999));
    assert!(kept.iter().all(|key| passes(&windows, key, 1)), "those that were there go on");
    assert!(passes(&windows, "new", 2000));
}

#[test]
fn what_the_others_counted_counts() {
    let windows = windows(100, Full::Forget);
    let take = |now_ms| windows.take("a", THREE, Way::Told, now_ms);
    let told = |count, own, left_ms, now_ms| {
        let total = Total { key: "a".into(), count, left: Duration::from_millis(left_ms) };
        windows.told(&total, own, now_ms);
    };
    assert_eq!(take(0), Verdict::Taken);
    let untold = windows.untold(10, 200);
    assert_eq!((untold.len(), untold[0].count, untold[0].window), (1, 1, Duration::from_millis(1800)));
    assert!(windows.untold(10, 200).is_empty(), "it is told once");
    // Another one came first, and its window ends earlier.
    told(2, 1, 1000, 200);
    assert_eq!([take(300), take(300)], [Verdict::Taken, left(900)]);
    // The next one is ours alone; what could not be told is told later.
    assert_eq!(take(1200), Verdict::Taken);
    assert_eq!(windows.untold(10, 1300)[0].count, 1);
    windows.not_told("a", 1);
    assert_eq!(take(1300), Verdict::Taken);
    assert_eq!(windows.untold(10, 1400)[0].count, 2);
    told(2, 2, 1900, 1400);
    assert_eq!([take(1500), take(1500)], [Verdict::Taken, left(1800)]);
    assert_eq!(windows.untold(10, 1600)[0].count, 1);
    told(30, 1, 1500, 1600);
    assert_eq!(take(1700), left(1400), "the others let through more meanwhile");
}

#[test]
fn what_was_drawn_is_let_through_and_then_asked_for() {
    let windows = windows(100, Full::Forget);
    let draw = |given, left_ms| Draw { given, left: Duration::from_millis(left_ms) };
    let take = |now_ms| windows.take("a", THREE, Way::Drawn, now_ms);
    assert_eq!(take(0), Verdict::Ask);
    assert_eq!(windows.drawn("a", draw(2, 1500), 10), Verdict::Taken);
    assert_eq!([take(20), take(30)], [Verdict::Taken, Verdict::Ask]);
    assert_eq!(windows.drawn("a", draw(0, 1000), 510), left(1000));
    assert_eq!(take(1500), left(10), "nobody is asked again for what is used up");
    assert_eq!(take(1510), Verdict::Ask, "until the window ends");
    // Without Redis it goes on by itself, and counts what it let through before.
    assert_eq!(windows.drawn("a", draw(1, 2000), 1600), Verdict::Taken);
    assert_eq!([1700, 1700, 1700].map(|now_ms| passes(&windows, "a", now_ms)), [true, true, false]);
}
