//! Counters in windows of time that all nodes draw from.

use std::sync::LazyLock;
use std::time::Duration;

use redis::aio::MultiplexedConnection;

use super::Redis;

/// Hands out some of what is left: as many as wanted while less than half is gone, then one at a time, so that in the end
/// no node keeps what another one's client asks for. A window begins with what is drawn first.
static DRAW: LazyLock<redis::Script> = LazyLock::new(|| {
    redis::Script::new(
        "local drawn = tonumber(redis.call('GET', KEYS[1]) or 0)
        local max, wanted = tonumber(ARGV[1]), tonumber(ARGV[3])
        if drawn * 2 >= max then wanted = 1 end
        local given = math.max(math.min(wanted, max - drawn), 0)
        if given > 0 and redis.call('INCRBY', KEYS[1], given) == given then
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
        end
        return {given, redis.call('PTTL', KEYS[1])}",
    )
});

/// Larger numbers are as good as none, and the server counts in 64-bit floats.
const MAX: u64 = 1 << 50;

/// What a node was given of a window, to let through without asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    pub given: u64,
    /// How long the window still is.
    pub left: Duration,
}

impl Redis {
    /// Draws from the window of a key, which holds `max`; fewer than wanted where less is left, and 0 at its end. `None`
    /// when Redis can't tell.
    pub async fn draw(&self, key: &str, max: u64, window: Duration, wanted: u64) -> Option<Draw> {
        let line = &self.0.line;
        let key = format!("{}limit:{key}", line.prefix);
        line.ask(async |connection| run(connection, &key, max, window, wanted).await).await
    }
}

pub(super) async fn run(
    connection: &mut MultiplexedConnection,
    key: &str,
    max: u64,
    window: Duration,
    wanted: u64,
) -> redis::RedisResult<Draw> {
    let window_ms = u64::try_from(window.as_millis()).unwrap_or(MAX).clamp(1, MAX);
    let mut draw = DRAW.key(key);
    draw.arg(max.min(MAX)).arg(window_ms).arg(wanted.clamp(1, MAX));
    let (given, left_ms): (u64, i64) = draw.invoke_async(connection).await?;
    Ok(Draw { given, left: Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)) })
}
