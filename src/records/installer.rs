//! The temporary superuser of the first start (contract 5.9): it holds the installer's link together, can't be
//! signed in to, and goes when a real superuser comes.

use super::Records;
use super::session::Session;
use crate::error::Result;
use crate::schema::{Record, SUPERUSERS_ID};

/// The address of the temporary superuser, the same as PocketBase's.
pub const INSTALLER_EMAIL: &str = "__pbinstaller@example.com";

impl Session<'_> {
    /// Deletes the temporary superuser once `created` is a real one.
    pub(super) async fn retire_installer(&self, created: &Record) -> Result<()> {
        if created.collection.id != SUPERUSERS_ID || created.text("email") == INSTALLER_EMAIL {
            return Ok(());
        }
        let reader = self.lane.reader();
        if let Some(installer) = self.records.find_by(&reader, &created.collection, "email", INSTALLER_EMAIL).await? {
            self.lane.commit(self.delete_set(&installer, created.id())).await?;
        }
        Ok(())
    }
}

impl Records {
    /// The temporary superuser, if there is one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn installer(&self) -> Result<Option<Record>> {
        let Some(superusers) = self.registry.load().by_id(SUPERUSERS_ID).cloned() else { return Ok(None) };
        self.find_by(&self.store.reader(), &superusers, "email", INSTALLER_EMAIL).await
    }
}
