//! What sign-in needs of records: finding one by an identity, replacing its password hash.

use std::sync::Arc;

use super::Records;
use crate::error::Result;
use crate::query::{Query, Request};
use crate::schema::{Collection, Record};
use crate::store::Reader;

impl Records {
    /// The record whose field holds this identity, without any rule. Letter case matters unless the unique
    /// index of the field folds it (contract 5.3).
    pub async fn find_by(
        &self,
        reader: &Reader,
        collection: &Arc<Collection>,
        field: &str,
        identity: &str,
    ) -> Result<Option<Record>> {
        let Some((index, _)) = collection.field(field) else { return Ok(None) };
        let schema = self.registry.load();
        let request = Request::default();
        let mut query = Query::new(&schema, collection, &request);
        query.identity(index, identity, false);
        let row = reader.first(query.select(1, 0)).await?;
        Ok(row.map(|mut row| {
            let rev = row.0.pop().and_then(|rev| rev.as_i64()).unwrap_or_default();
            Record { collection: collection.clone(), rev, values: row.0 }
        }))
    }

    /// Puts a stronger hash of the same password in place; tokens stay valid. Returns the record as it is now.
    pub async fn replace_password_hash(&self, _record: &Record, _hash: String) -> Result<Record> {
        todo!("the lead fills this when records::update is in")
    }
}
