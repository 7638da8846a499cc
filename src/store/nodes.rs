//! What the nodes over one database agree on.
//!
//! Each keeps some of it in memory: the schema and the settings. [`Store::news`] tells when another node changed them,
//! and a change of the schema is answered only when [`Store::agree`] came back: then no node decides by the old one any
//! more. A node that lost sight of the others finds out by [`Store::confirm`] before it decides anything. With the
//! embedded engine there is one node, and all of this is nothing.

use super::{Result, Store};
use crate::redis::Channel;

/// Versions of what every node keeps in memory. A number that differs says that it was changed, no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shared {
    pub schema: u64,
    pub settings: u64,
}

impl Store {
    /// Whether other nodes may work on the same database.
    pub fn is_shared(&self) -> bool {
        match self {
            Store::Sqlite(_) => false,
            Store::Postgres(_) => true,
        }
    }

    /// The nodes that work on the same database at the moment, this one among them.
    pub fn nodes(&self) -> u64 {
        match self {
            Store::Sqlite(_) => 1,
            Store::Postgres(engine) => engine.nodes(),
        }
    }

    /// Lets nodes tell each other through this channel that there is something to see. Without it they do so through the
    /// database.
    pub fn join(&self, channel: Channel) {
        match self {
            Store::Sqlite(_) => {}
            Store::Postgres(engine) => engine.join(channel),
        }
    }

    /// The versions in the database, as soon as they are others than `known`; never with one node.
    pub async fn news(&self, known: Shared) -> Shared {
        match self {
            Store::Sqlite(_) => std::future::pending().await,
            Store::Postgres(engine) => engine.news(known).await,
        }
    }

    /// Says that this node decides by this version of the schema and by none before it.
    pub fn acknowledge(&self, schema_version: u64) {
        match self {
            Store::Sqlite(_) => {}
            Store::Postgres(engine) => engine.acknowledge(schema_version),
        }
    }

    /// Waits until every node has acknowledged this version of the schema or has been silent for so long that it
    /// decides nothing any more.
    ///
    /// # Errors
    /// When nothing can be learnt of the others.
    pub async fn agree(&self, schema_version: u64) -> Result<()> {
        match self {
            Store::Sqlite(_) => Ok(()),
            Store::Postgres(engine) => engine.agree(schema_version).await,
        }
    }

    /// The version of the schema by which a request has to be decided, from memory as long as this node is in touch
    /// with the database.
    ///
    /// # Errors
    /// When it is out of touch and can't ask.
    pub async fn confirm(&self) -> Result<u64> {
        match self {
            Store::Sqlite(engine) => Ok(engine.schema_version()),
            Store::Postgres(engine) => engine.confirm().await,
        }
    }
}
