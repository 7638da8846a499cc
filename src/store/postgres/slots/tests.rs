use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Runtime};

use super::*;

/// Two threads that serve requests.
struct Threads(Runtime, Runtime);

impl Threads {
    fn new() -> Self {
        let one = || Builder::new_current_thread().build().unwrap();
        Self(one(), one())
    }

    fn homes(&self) -> (Home, Home) {
        (Some(self.0.handle().id()), Some(self.1.handle().id()))
    }
}

/// A connection that is there, or that is opened: its number and its home.
fn now(slots: &Slots<u32>, home: Home, number: u32) -> Kept<u32> {
    match slots.ask(home) {
        Asked::Now(Turn::Take(kept)) => kept,
        Asked::Now(Turn::Open(slot)) => slot.fill(number),
        Asked::Later(_) | Asked::Full | Asked::Ended => panic!("nothing is free"),
    }
}

fn later(slots: &Slots<u32>, home: Home) -> oneshot::Receiver<Turn<u32>> {
    match slots.ask(home) {
        Asked::Later(receiver) => receiver,
        Asked::Now(_) | Asked::Full | Asked::Ended => panic!("somebody has to wait"),
    }
}

/// What a waiting one got: the number of a connection, or the home of one that may be opened.
fn got(receiver: &mut oneshot::Receiver<Turn<u32>>, slots: &Slots<u32>) -> Option<Result<u32, Home>> {
    match receiver.try_recv().ok()? {
        Turn::Take(kept) => {
            let number = *kept;
            slots.give_back(kept);
            Some(Ok(number))
        }
        Turn::Open(slot) => Some(Err(slot.home())),
    }
}

#[test]
fn here_is_a_thread_only_where_it_serves_requests_on_a_runtime_of_its_own() {
    let threads = Threads::new();
    assert_eq!(threads.0.block_on(async { here() }), None);
    settle();
    assert_eq!(here(), None);
    let many = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    many.block_on(async { settle() });
    assert_eq!(here(), None);
    threads.0.block_on(async { settle() });
    assert_eq!(here(), threads.homes().0);
    assert_eq!(std::thread::spawn(here).join().unwrap(), None);
}

#[test]
fn a_thread_opens_its_share_and_further_ones_are_shared() {
    let threads = Threads::new();
    let (a, b) = threads.homes();
    let slots = Slots::new(4, 2);
    let kept: Vec<_> = (0..4).map(|number| now(&slots, a, number)).collect();
    let homes: Vec<_> = kept.iter().map(Kept::home).collect();
    assert_eq!(homes, [a, a, None, None]);
    assert!(!slots.has_room());
    kept.into_iter().for_each(|kept| slots.give_back(kept));
    assert!(slots.has_room());
    // One of its own first, whatever was given back last; another thread gets none of those.
    assert_eq!(*now(&slots, a, 9), 1);
    assert_eq!(*now(&slots, b, 9), 3);
    assert_eq!(*now(&slots, None, 9), 2);
}

#[test]
fn a_connection_of_another_thread_is_closed_for_a_shared_one() {
    let threads = Threads::new();
    let (a, b) = threads.homes();
    let slots = Slots::new(2, 1);
    let (first, second) = (now(&slots, a, 0), now(&slots, a, 1));
    slots.give_back(first);
    slots.give_back(second);
    let third = now(&slots, b, 2);
    assert_eq!((*third, third.home()), (2, None));
    assert_eq!(*now(&slots, a, 9), 1);
}

#[test]
fn a_connection_stays_on_its_thread_while_the_others_have_some() {
    let threads = Threads::new();
    let (a, b) = threads.homes();
    let slots = Slots::new(2, 2);
    let (of_a, of_b) = (now(&slots, a, 0), now(&slots, b, 1));
    let (mut first_b, mut first_a) = (later(&slots, b), later(&slots, a));
    slots.give_back(of_a);
    assert_eq!(got(&mut first_a, &slots), Some(Ok(0)));
    // It is given back again, and nobody of its own thread waits now.
    assert_eq!(got(&mut first_b, &slots), Some(Err(None)));
    drop(of_b);
    assert!(slots.has_room());
}

#[test]
fn who_has_no_connections_of_its_own_is_served_in_its_turn() {
    let threads = Threads::new();
    let (a, b) = threads.homes();
    for first in [None, b] {
        let slots = Slots::new(1, 1);
        let only = now(&slots, a, 0);
        let (mut waits, mut next) = (later(&slots, first), later(&slots, a));
        slots.give_back(only);
        assert_eq!(got(&mut waits, &slots), Some(Err(None)));
        // The slot was dropped unused, so it is the next one's.
        assert_eq!(got(&mut next, &slots), Some(Err(a)));
    }
}

#[test]
fn who_went_away_is_passed_over_and_a_lost_connection_frees_its_slot() {
    let slots = Slots::new(1, 1);
    let only = now(&slots, None, 0);
    let (gone, mut next) = (later(&slots, None), later(&slots, None));
    drop(gone);
    drop(only);
    let Ok(Turn::Open(slot)) = next.try_recv() else { panic!("the slot is free") };
    let (gone, mut last) = (later(&slots, None), later(&slots, None));
    slots.give_back(slot.fill(1));
    // Was given it, and went away before it saw it: the connection is lost, its slot is not.
    drop(gone);
    assert_eq!(got(&mut last, &slots), Some(Err(None)));
}

#[test]
fn the_end_waits_for_what_is_in_use() {
    let threads = Threads::new();
    let slots = Slots::new(3, 1);
    let (idle, used) = (now(&slots, None, 0), now(&slots, None, 1));
    slots.give_back(idle);
    let third = now(&slots, None, 2);
    let mut waits = {
        let _last = now(&slots, None, 3);
        later(&slots, None)
    };
    assert!(matches!(got(&mut waits, &slots), Some(Err(None))));
    assert!(slots.end().is_empty());
    assert!(matches!(slots.ask(None), Asked::Ended));
    drop(third);
    let ended = slots.ended();
    threads.0.block_on(async {
        let mut ended = std::pin::pin!(ended);
        assert!((&mut ended).now_or_never().is_none());
        slots.give_back(used);
        ended.await;
    });
}

#[test]
fn a_queue_is_bounded_by_those_who_still_wait() {
    let slots = Slots::new(1, 1);
    let _only = now(&slots, None, 0);
    let mut waiting: Vec<_> = (0..MAX_WAITING).map(|_| later(&slots, None)).collect();
    assert!(matches!(slots.ask(None), Asked::Full));
    waiting.pop();
    later(&slots, None);
}
