//! The request log, of which each node has its own.

use std::time::Duration;

use basalt::logs::KeptEntry;

use super::{one, within};

#[tokio::test]
async fn every_node_keeps_its_own_short() {
    let Some(app) = one().await else { return };
    let at = app.app.clock.now() - Duration::from_secs(365 * 86_400);
    let entry = KeptEntry { at, level: 0, message: "old".into(), data: "{}".into() };
    app.app.logs.load(vec![entry]).await.expect("stored");
    let app = app.restart().await;
    // No cron is due now, and another node may get the next one.
    let file = app.app.config.dir.join("aux.db");
    let is_gone = async || {
        let log = rusqlite::Connection::open(&file).expect("it opens");
        log.query_row("SELECT count(*) FROM _logs WHERE message = 'old'", [], |row| row.get(0)) == Ok(0_i64)
    };
    within(Duration::from_secs(20), "the deletion", is_gone).await;
    app.stop().await;
}
