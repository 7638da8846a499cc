//! A look at a server from the outside, for whoever wants to know before anything is started on it.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};

use super::super::Result;
use super::error::plain;
use super::servers::Servers;
use super::{Engine, connect};

/// Round trips that are timed.
const ROUND_TRIPS: u32 = 20;
const QUERY_TIME_MS: u64 = 5000;

/// What a server that can carry Basalt says of itself.
#[derive(Debug)]
pub struct Examination {
    /// As "15.4".
    pub version: String,
    pub round_trip: Duration,
    /// Of all programs together, this look included.
    pub connections: i64,
    pub connections_max: i64,
    /// Whether a commit is answered before it is on the server's disk.
    pub forgets: bool,
}

impl Engine {
    /// Looks at the server of a URL, and leaves nothing there.
    ///
    /// # Errors
    /// Why it can't be reached or can't be used, in one sentence.
    pub async fn examine(url: &str) -> Result<Examination> {
        let servers = Servers::of(url, false, QUERY_TIME_MS)?;
        let mut connection = connect::wait_for(&servers, Duration::ZERO).await?;
        connect::judge(&mut connection).await?;
        let examination = examine(&mut connection).await.map_err(plain)?;
        // The server notices a connection that ends without a farewell, too.
        let _ = connection.close().await;
        Ok(examination)
    }
}

async fn examine(connection: &mut PgConnection) -> Result<Examination, sqlx::Error> {
    let started = Instant::now();
    for _ in 0..ROUND_TRIPS {
        connection.ping().await?;
    }
    let round_trip = started.elapsed() / ROUND_TRIPS;
    let sql = "SELECT split_part(current_setting('server_version'), ' ', 1),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        current_setting('max_connections')::bigint,
        current_setting('fsync') = 'off' OR current_setting('synchronous_commit') = 'off'";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(Examination {
        version: row.try_get(0)?,
        round_trip,
        connections: row.try_get(1)?,
        connections_max: row.try_get(2)?,
        forgets: row.try_get(3)?,
    })
}
