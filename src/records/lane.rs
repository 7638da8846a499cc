//! Where an operation reads and commits: by itself through the store's fast lane, or inside a transaction.

use crate::store::{Committed, Reader, Result, Store, Table, Tx, WriteSet};

#[derive(Clone)]
pub(super) enum Lane {
    Store(Store),
    Tx(Tx),
}

impl Lane {
    pub fn reader(&self) -> Reader {
        match self {
            Lane::Store(store) => store.reader(),
            Lane::Tx(tx) => tx.reader(),
        }
    }

    /// Inside a transaction: what is read of this record from now on holds until its end. Elsewhere the commit finds out.
    pub async fn hold(&self, table: &Table, id: &str) -> Result<()> {
        match self {
            Lane::Store(_) => Ok(()),
            Lane::Tx(tx) => tx.hold(table, id).await,
        }
    }

    pub async fn commit(&self, set: WriteSet) -> Result<Committed> {
        match self {
            Lane::Store(store) => store.write(set).await,
            Lane::Tx(tx) => tx.apply(&set).await,
        }
    }
}
