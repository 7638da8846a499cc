//! Finds the server, notices when it is away, and tells of both once.

use std::sync::Arc;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

use super::Line;

/// Between two looks at a server that is there.
const CALM: Duration = Duration::from_secs(1);
/// Between two looks at one that is away.
const AWAY: Duration = Duration::from_millis(250);
/// A server that takes longer to be reached is away.
const CONNECT_TIME: Duration = Duration::from_secs(1);
/// Requests that may wait for their turn on the one connection.
const QUEUE: usize = 1024;

const EFFECT: &str = "Redis is away: until it is there, limits are shared less exactly";

pub(super) async fn keep(line: Arc<Line>) {
    let mut is_away = false;
    loop {
        if let Err(reason) = find(&line).await {
            if !std::mem::replace(&mut is_away, true) {
                tracing::warn!(reason, "{EFFECT}");
            }
            tokio::time::sleep(AWAY).await;
            continue;
        }
        tracing::info!("Redis is there");
        watch(&line).await;
        let reason = line.reason.lock().take().unwrap_or_default();
        tracing::warn!(reason, "{EFFECT}");
        is_away = true;
    }
}

/// Makes a connection and sees that what requests do works on it.
pub(super) async fn find(line: &Line) -> Result<(), String> {
    let connecting = async {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIME))
            .set_response_timeout(Some(CONNECT_TIME))
            .set_pipeline_buffer_size(QUEUE);
        let mut connection = line.client.get_multiplexed_async_connection_with_config(&config).await?;
        probe(line, &mut connection).await?;
        Ok::<_, redis::RedisError>(connection)
    };
    let found = tokio::time::timeout(CONNECT_TIME, connecting).await;
    let connection = found.map_err(|_elapsed| "it does not answer".to_owned())?.map_err(|error| error.to_string())?;
    line.connection.store(Some(Arc::new(connection)));
    Ok(())
}

/// Returns when the connection was given up.
async fn watch(line: &Line) {
    loop {
        // A doubt is looked into at once.
        let _ = tokio::time::timeout(CALM, line.doubt.notified()).await;
        if line.ask(async |connection| probe(line, connection).await).await.is_none() {
            return;
        }
    }
}

/// A counter like those of requests: a server that only reads is of no use.
pub(super) async fn probe(line: &Line, connection: &mut MultiplexedConnection) -> redis::RedisResult<()> {
    super::script::run(connection, &format!("{}probe", line.prefix), u64::MAX, CALM, 1).await.map(drop)
}
