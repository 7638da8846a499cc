//! How nodes call each other: by NOTIFY, and through Redis where there is one. Whoever misses a call loses nothing but the
//! time until its next look.
//!
//! A call goes one way only, through Redis as long as it takes calls. It is heard on both ways, as of two nodes one may have lost
//! Redis. NOTIFY is sent outside of any transaction, as a notification inside of one makes all commits wait for each other.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::super::Result;
use super::error::plain;
use super::node::Node;
use super::servers::Servers;
use crate::redis::{self, Channel};

const CHANNEL: &str = "basalt";
/// Between two attempts to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The ways to the other nodes.
#[derive(Default)]
pub(super) struct Bus {
    redis: OnceLock<(Channel, redis::Listening)>,
}

impl Bus {
    /// Uses this channel, too, from now on.
    pub(super) fn join(&self, channel: Channel, heard: impl Fn() + Send + Sync + 'static) {
        let listening = channel.listen(heard);
        // Nobody joins twice.
        let _ = self.redis.set((channel, listening));
    }

    pub(super) async fn call(&self, connection: &mut PgConnection) -> Result<()> {
        if let Some((channel, _)) = self.redis.get()
            && channel.call().await
        {
            return Ok(());
        }
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(connection).await.map_err(plain)?;
        Ok(())
    }
}

/// The task that hears what the others call by NOTIFY.
pub(super) struct Listening(JoinHandle<()>);

impl Listening {
    pub(super) fn start(handle: &Handle, node: Arc<Node>, servers: Servers) -> Self {
        Self(handle.spawn(async move {
            loop {
                // A standby lets nobody listen.
                let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(servers.last().clone());
                if let Ok(mut listener) = PgListener::connect_with(&pool).await
                    && listener.listen(CHANNEL).await.is_ok()
                {
                    while listener.recv().await.is_ok() {
                        node.called();
                    }
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        }))
    }

    pub(super) fn stop(&self) {
        self.0.abort();
    }
}
