//! Connections that belong to threads: never more than allowed, none of a thread that is gone, all of them closed at last.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::super::super::{Result, Row, Statement, Value};
use super::super::Engine;
use super::open;

/// Those of the pool (20), and of what follows the server beside it.
const MOST: i64 = 20 + 3;
const THREADS: usize = 3;
/// More than there are connections.
const AT_ONCE: usize = 40;
const ROUNDS: i64 = 10;

#[tokio::test]
async fn threads_share_the_connections_and_leave_none_behind() {
    let Some(opened) = open().await else { return };
    let (engine, url) = (opened.engine.clone(), opened.url.clone());
    let threads: Vec<_> = (0..THREADS).map(|_| std::thread::spawn(on_a_thread(engine.clone()))).collect();
    let mut watch = PgConnection::connect(&url).await.expect("the server answers");
    let mut most = 0;
    while !threads.iter().all(std::thread::JoinHandle::is_finished) {
        most = most.max(count(&mut watch).await);
        tokio::task::yield_now().await;
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert!((1..=MOST).contains(&most), "{most} connections");
    // The threads are gone with their runtimes; what they opened serves nobody, and is in nobody's way.
    join_all((0..AT_ONCE).map(|_| read(&engine, 1))).await.into_iter().for_each(|read| read.expect("a read"));
    let closing = tokio::time::timeout(Duration::from_secs(10), opened.engine.close());
    closing.await.expect("nothing is waited for");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while count(&mut watch).await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "connections are left");
        tokio::task::yield_now().await;
    }
    watch.close().await.expect("a farewell");
    opened.close().await;
}

/// Reads, transactions, and reads that are given up in the middle.
fn on_a_thread(engine: Engine) -> impl FnOnce() + Send + 'static {
    move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            engine.serve_here();
            for round in 0..ROUNDS {
                let given_up = tokio::time::timeout(Duration::from_micros(200), read(&engine, round));
                let reads = join_all((0..AT_ONCE).map(|_| read(&engine, round)));
                let transaction: Result<()> = engine.transaction(async |_tx| Ok(())).await;
                let (_maybe, reads) = tokio::join!(given_up, reads);
                transaction.expect("a transaction");
                reads.into_iter().for_each(|read| read.expect("a read"));
            }
        });
    }
}

async fn read(engine: &Engine, number: i64) -> Result<()> {
    let rows = engine.stream(Statement::new("SELECT ?1 AS n", vec![Value::Int(number)]), Vec::new()).await?;
    assert_eq!(rows, [Row(vec![Value::Int(number)])]);
    Ok(())
}

async fn count(watch: &mut PgConnection) -> i64 {
    let sql =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'basalt'";
    sqlx::query(sql).fetch_one(watch).await.and_then(|row| row.try_get(0)).expect("a number")
}
