//! Limits and hints through Redis: exact while it is there, and no loss but exactness while it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use basalt::clock::Clock;
use basalt::quota::{Limit, Quota};
use basalt::redis::Redis;
use basalt::store::Store;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::postgres::PgListener;

use super::within;
use crate::app::TestApp;
use crate::redis::RedisServer;

const MINUTE: Duration = Duration::from_secs(60);
const FIND_LIMIT: Duration = Duration::from_secs(20);

/// Two nodes as far as counting goes; each has a store of its own.
async fn counters(server: &RedisServer) -> (TestApp, [Quota; 2], [Redis; 2]) {
    let app = TestApp::start().await;
    let store = |app: &TestApp| Store::clone(&app.app.store);
    let lines = [server.node().await, server.node().await];
    let quotas = lines.clone().map(|line| Quota::new(store(&app), Some(line), Clock::system()));
    (app, quotas, lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_together_let_through_the_quota_and_no_more() {
    let Some(server) = RedisServer::start() else { return };
    let (_app, quotas, lines) = counters(&server).await;
    // Small ones are drawn one by one, large ones in parts.
    for max in [1, 5, 20, 100, 333] {
        let limit = Limit { max, window: MINUTE };
        // A machine that is busy elsewhere may be taken for a slow Redis.
        let mut round = 0;
        loop {
            let (key, lost) = (format!("{max} {round}"), lines.each_ref().map(Redis::losses));
            let takes = (0..2 * max as usize + 4).map(|number| quotas[number % 2].take(&key, limit));
            let mut taken = join_all(takes).await.iter().filter(|taken| taken.is_ok()).count();
            for quota in &quotas {
                // One that was refused may have been ahead of what was on its way.
                while quota.take(&key, limit).await.is_ok() {
                    taken += 1;
                }
            }
            if lost == lines.each_ref().map(Redis::losses) {
                assert_eq!(taken as u64, max);
                let left = quotas[0].take(&key, limit).await.expect_err("used up").0;
                assert!(left <= MINUTE && left > MINUTE / 2, "{left:?}");
                break;
            }
            round += 1;
            assert!(round < 10, "Redis is lost again and again");
            for line in &lines {
                assert!(line.is_there(FIND_LIMIT).await);
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_node_costs_itself_a_part_at_most() {
    let Some(server) = RedisServer::start() else { return };
    let (_app, quotas, _) = counters(&server).await;
    let limit = Limit { max: 320, window: MINUTE };
    quotas[0].take("moves", limit).await.expect("the first");
    let mut taken = 1;
    while quotas[1].take("moves", limit).await.is_ok() {
        taken += 1;
    }
    assert!((301..=320).contains(&taken), "{taken}");
    while quotas[0].take("moves", limit).await.is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 320, "what the first one had drawn is still there");
}

#[tokio::test]
async fn a_window_of_all_nodes_ends_for_all() {
    let Some(server) = RedisServer::start() else { return };
    let (_app, quotas, _) = counters(&server).await;
    let limit = Limit { max: 1, window: Duration::from_millis(300) };
    quotas[0].take("short", limit).await.expect("the first");
    let refused = quotas[1].take("short", limit).await;
    assert!(refused.is_err_and(|left| left.0 <= limit.window));
    let again = async || quotas[1].take("short", limit).await.is_ok();
    within(FIND_LIMIT, "another window", again).await;
}

/// What a client meets while this is done to Redis: no failure, and no wait for each request.
async fn nobody_notices(harm: impl FnOnce(&mut RedisServer), mend: impl FnOnce(&mut RedisServer)) {
    let Some(mut server) = RedisServer::start() else { return };
    let app = TestApp::start_configured(|config| config.cache.redis_url = server.url()).await;
    let rule = |label: &str, max: u32| json!({ "label": label, "maxRequests": max, "duration": 3600 });
    let rules = json!([rule("*:list", 30), rule("users:list", 1000), rule("/api/health", 4)]);
    app.superuser().patch("/api/settings", json!({ "rateLimits": { "enabled": true, "rules": rules } })).await.ok();
    let guest = app.guest();
    let list = async || drop(guest.get("/api/collections/users/records").await.ok());
    let counted = async |server: &RedisServer| {
        list().await;
        server.line().keys("basalt:*:limit:users:list*") > 0
    };
    within(FIND_LIMIT, "a count in Redis", async || counted(&server).await).await;
    harm(&mut server);
    let started = Instant::now();
    for _ in 0..300 {
        list().await;
    }
    // What was drawn before is soon used up; a wait for each of the others would take 11 s.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    let replies = join_all((0..8).map(|_| guest.get("/api/health"))).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 4, "it goes on counting: {statuses:?}");
    guest.get("/api/ready").await.ok();
    mend(&mut server);
    app.open_collection("posts", json!([])).await;
    let counted_again = async || {
        guest.get("/api/collections/posts/records").await;
        server.line().keys("basalt:*:limit:*:list*") > 0
    };
    within(FIND_LIMIT, "Redis", counted_again).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_harms_nobody() {
    nobody_notices(RedisServer::kill, RedisServer::run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_holds_nobody_up() {
    nobody_notices(|server| server.pause(), |server| server.resume()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_full_harms_nobody() {
    let room = |bytes: u32| {
        move |server: &mut RedisServer| {
            assert_eq!(server.line().ask(&format!("CONFIG SET maxmemory {bytes}")), ["OK"]);
        }
    };
    nobody_notices(room(1), room(0)).await;
}

#[tokio::test]
async fn a_server_starts_without_the_redis_that_is_configured_and_finds_it_later() {
    let Some(mut server) = RedisServer::away() else { return };
    let app = TestApp::start_configured(|config| config.cache.redis_url = server.url()).await;
    let rules =
        json!({ "enabled": true, "rules": [{ "label": "/api/health", "maxRequests": 1000, "duration": 3600 }] });
    app.superuser().patch("/api/settings", json!({ "rateLimits": rules })).await.ok();
    app.guest().get("/api/health").await.ok();
    app.guest().get("/api/ready").await.ok();
    server.run();
    let counted = async || {
        app.guest().get("/api/health").await.ok();
        server.line().keys("basalt:*:limit:*") > 0
    };
    within(FIND_LIMIT, "Redis", counted).await;
    app.stop().await;
}

#[tokio::test]
async fn a_look_tells_whether_redis_can_be_used() {
    let Some(mut server) = RedisServer::start() else { return };
    assert!(Redis::examine(&server.url()).await.expect("an answer") < FIND_LIMIT);
    let refused = Redis::examine(&server.url().replace("secret", "wrong")).await.expect_err("another password");
    assert!(!refused.contains("wrong") && refused.contains("assword"), "{refused}");
    server.kill();
    Redis::examine(&server.url()).await.expect_err("it is gone");
    Redis::examine("nonsense").await.expect_err("no URL");
}

#[tokio::test]
async fn a_call_is_heard_by_all_who_listen_also_after_redis_was_gone() {
    let Some(mut server) = RedisServer::start() else { return };
    let (caller, listener) = (server.node().await, server.node().await);
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    let listening = listener.channel("hints").listen(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let channel = caller.channel("hints");
    let arrives = async || {
        let before = heard.load(Ordering::Relaxed);
        channel.call().await && heard.load(Ordering::Relaxed) > before
    };
    within(FIND_LIMIT, "a call", arrives).await;
    server.kill();
    within(FIND_LIMIT, "the loss", async || !channel.call().await).await;
    server.run();
    within(FIND_LIMIT, "a call after it", arrives).await;
    drop(listening);
}

#[tokio::test]
async fn nodes_call_each_other_through_redis_and_else_through_the_database() {
    let Some(mut server) = RedisServer::start() else { return };
    let first = TestApp::start_configured(|config| config.cache.redis_url = server.url()).await;
    let Some(second) = first.beside_configured(|config| config.cache.redis_url = server.url()).await else {
        eprintln!("skipped: the embedded engine has one node");
        return;
    };
    first.open_collection("posts", json!([])).await;
    let both_listen = async || {
        let mut line = server.line();
        let channels = line.ask("PUBSUB CHANNELS basalt:*:hints");
        channels.len() == 1 && line.ask(&format!("PUBSUB NUMSUB {}", channels[0]))[1] == "2"
    };
    within(FIND_LIMIT, "listeners", both_listen).await;
    let create = async || first.guest().post("/api/collections/posts/records", json!({ "title": "x" })).await.ok();
    let (called, notified) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    hear_calls(&server, called.clone());
    hear_notifications(&first.database().url(), notified.clone()).await;
    let calls = async |heard: &AtomicUsize| {
        let before = heard.load(Ordering::Relaxed);
        create().await;
        heard.load(Ordering::Relaxed) > before
    };
    within(FIND_LIMIT, "a call through Redis", async || calls(&called).await).await;
    server.kill();
    within(FIND_LIMIT, "a call through the database", async || calls(&notified).await).await;
    let title = async || second.guest().get("/api/collections/posts/records?filter=title='late'").await.ok();
    first.guest().post("/api/collections/posts/records", json!({ "title": "late" })).await.ok();
    within(FIND_LIMIT, "a record", async || title().await["totalItems"] == 1).await;
    second.stop().await;
    first.stop().await;
}

/// Counts what is called through Redis, until its end.
fn hear_calls(server: &RedisServer, called: Arc<AtomicUsize>) {
    let mut line = server.line();
    line.ask("PSUBSCRIBE basalt:*:hints");
    std::thread::spawn(move || {
        while line.hear().is_some() {
            called.fetch_add(1, Ordering::Relaxed);
        }
    });
}

async fn hear_notifications(url: &str, notified: Arc<AtomicUsize>) {
    let mut listener = PgListener::connect(url).await.expect("a connection");
    listener.listen("basalt").await.expect("a channel");
    tokio::spawn(async move {
        while listener.recv().await.is_ok() {
            notified.fetch_add(1, Ordering::Relaxed);
        }
    });
}
