//! Looks after the server beside all requests: whether it is there and takes writes, whether its history is still the
//! same, whether another server changed the schema, and that the feed has partitions for the hours to come.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::{Result, StoreError};
use super::error::plain;
use super::migrate::{self, MIGRATIONS, Progress};
use super::servers::{Demand, Servers};
use super::{Engine, Health, Inner, history, retention};
use crate::clock::Clock;

/// Between two looks at a server that is well, and at one that is away.
const CALM: Duration = Duration::from_secs(5);
const AWAY: Duration = Duration::from_millis(200);
/// A look that takes longer has failed.
const LOOK_TIME: Duration = Duration::from_secs(3);
/// Between two makings of partitions.
const AHEAD: Duration = Duration::from_secs(600);

pub(super) struct Keeper(JoinHandle<()>);

struct Look {
    servers: Servers,
    connection: Option<PgConnection>,
    made_ahead: Instant,
    /// Whether a step of the system tables waits for older programs to end.
    migrated: Progress,
}

impl Keeper {
    pub(super) fn start(
        handle: &Handle,
        inner: Weak<Inner>,
        health: Arc<Health>,
        servers: Servers,
        migrated: Progress,
    ) -> Self {
        Self(handle.spawn(async move {
            let mut look = Look { servers, connection: None, made_ahead: Instant::now(), migrated };
            loop {
                let calm = !health.away.load(std::sync::atomic::Ordering::Acquire);
                // A doubt is looked into at once, but a server that is away is not asked all the time.
                match calm {
                    true => drop(tokio::time::timeout(CALM, health.doubt.notified()).await),
                    false => tokio::time::sleep(AWAY).await,
                }
                let Some(inner) = inner.upgrade() else { return };
                look.once(&Engine(inner, None)).await;
            }
        }))
    }

    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

impl Look {
    async fn once(&mut self, engine: &Engine) {
        match tokio::time::timeout(LOOK_TIME, self.look(engine)).await {
            Ok(Ok(())) => engine.0.health.is_back(),
            // It has no room for others, but it is there.
            Ok(Err(StoreError::Overloaded)) => {}
            Ok(Err(error)) => {
                self.connection = None;
                let error = match error {
                    StoreError::Away(_) => error,
                    other => StoreError::Away(other.to_string()),
                };
                engine.0.health.note(&error, &engine.0.pool);
            }
            Err(_elapsed) => {
                self.connection = None;
                let error = StoreError::Away("it does not answer".to_owned());
                engine.0.health.note(&error, &engine.0.pool);
            }
        }
    }

    async fn look(&mut self, engine: &Engine) -> Result<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.servers.connect(Demand::NotOlder(&engine.0.history)).await?),
        };
        engine.adopt(history::find(connection).await.map_err(plain)?);
        if self.made_ahead.elapsed() > AHEAD {
            retention::make_ahead(connection).await.map_err(plain)?;
            self.made_ahead = Instant::now();
            if self.migrated == Progress::Waiting {
                match migrate::run(connection, MIGRATIONS, &Clock::system().now_text()).await {
                    Ok(progress) => self.migrated = progress,
                    Err(error) => tracing::warn!(%error, "a step of the system tables that had to wait failed"),
                }
            }
        }
        Ok(())
    }
}
