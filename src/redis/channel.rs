//! Calls from node to node: heard by those who listen at the moment, and lost otherwise.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::{ANSWER_TIME, Redis};

/// Between two attempts to listen.
const LISTEN_AGAIN: Duration = Duration::from_millis(250);
/// A connection on which nothing is heard for so long is tried.
const SILENCE: Duration = Duration::from_secs(2);
/// A server that takes longer to be reached is away.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// A channel by its name. Cheap to clone.
#[derive(Clone)]
pub struct Channel {
    redis: Redis,
    name: String,
}

/// Hears until it is dropped.
pub struct Listening(JoinHandle<()>);

impl Redis {
    pub fn channel(&self, name: &str) -> Channel {
        Channel { name: format!("{}{name}", self.0.line.prefix), redis: self.clone() }
    }
}

impl Channel {
    /// Calls; whether Redis took it.
    pub async fn call(&self) -> bool {
        let called =
            self.redis.0.line.ask(async |connection| {
                redis::cmd("PUBLISH").arg(&self.name).arg("").query_async::<i64>(connection).await
            });
        called.await.is_some()
    }

    /// Hears every call, one's own too.
    pub fn listen(&self, heard: impl Fn() + Send + Sync + 'static) -> Listening {
        let (client, name) = (self.redis.0.line.client.clone(), self.name.clone());
        Listening(self.redis.0.handle.spawn(async move {
            loop {
                // Why it ended is told by the keeper.
                let _ = hear(&client, &name, &heard).await;
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        }))
    }
}

async fn hear(client: &redis::Client, name: &str, heard: &impl Fn()) -> Option<()> {
    let connected = tokio::time::timeout(CONNECT_TIME, async {
        let (mut sink, stream) = client.get_async_pubsub().await?.split();
        sink.subscribe(name).await?;
        Ok::<_, redis::RedisError>((sink, stream))
    });
    let (mut sink, mut stream) = connected.await.ok()?.ok()?;
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(message) => drop(message?),
            Err(_elapsed) => {
                tokio::time::timeout(ANSWER_TIME, sink.ping::<redis::Value>()).await.ok()?.ok()?;
                continue;
            }
        }
        heard();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}
