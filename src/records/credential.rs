//! What sign-in needs of records: finding one by an identity, replacing its password hash, noting a proven address.

use std::sync::Arc;

use super::encode::Collect;
use super::lane::Lane;
use super::update::touch;
use super::{Records, protect};
use crate::error::Result;
use crate::query::{Query, Request};
use crate::schema::{Collection, Record, unique_on};
use crate::store::{Priority, Reader, Value};

impl Records {
    /// The record whose field holds this identity, without any rule. Letter case matters unless the unique
    /// index of the field folds it (contract 5.3).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find_by(
        &self,
        reader: &Reader,
        collection: &Arc<Collection>,
        field: &str,
        identity: &str,
    ) -> Result<Option<Record>> {
        let Some((index, _)) = collection.field(field) else { return Ok(None) };
        let folds_case = collection
            .indexes
            .iter()
            .any(|statement| unique_on(statement, field).is_some_and(|unique| unique.folds_case));
        let schema = self.registry.load();
        let request = Request::default();
        let mut query = Query::new(&schema, collection, &request);
        query.identity(index, identity, folds_case);
        let sink = Collect { collection: collection.clone(), records: Vec::new() };
        Ok(reader.stream(query.select(1, 0), sink).await?.records.pop())
    }

    /// Puts a stronger hash of the same password in place; tokens stay valid. Returns the record as it is now.
    ///
    /// # Errors
    /// Those of the store, a conflict among them if the record changed meanwhile.
    pub async fn replace_password_hash(&self, record: &Record, hash: String) -> Result<Record> {
        let Some((index, _)) = record.collection.field("password") else { return Ok(record.clone()) };
        let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
        let mut after = record.clone();
        protect::set(&mut after, "password", Value::Text(hash));
        let changed = vec![(index, after.values[index].clone())];
        let committed = session.lane.commit(session.update_set(record, &after, changed, record.id())).await?;
        after.rev = committed.revs.first().copied().unwrap_or_default();
        Ok(after)
    }

    /// Notes that the address of the record is proven. With a new hash the password goes too, and every token.
    ///
    /// # Errors
    /// Those of the store, a conflict among them if the record changed meanwhile.
    pub async fn verify(&self, record: &Record, new_hash: Option<String>) -> Result<Record> {
        let session = self.session(Lane::Store(self.store.clone()), Priority::Request);
        let mut after = record.clone();
        protect::set(&mut after, "verified", Value::Int(1));
        if let Some(hash) = new_hash {
            protect::set(&mut after, "password", Value::Text(hash));
            protect::rotate_token_key(&mut after, Some(record));
        }
        touch(&mut after, &self.clock.now_text());
        let changed = (0..after.values.len()).filter(|index| after.values[*index] != record.values[*index]);
        let changed = changed.map(|index| (index, after.values[index].clone())).collect();
        let mut set = session.update_set(record, &after, changed, record.id());
        set.ops.extend(session.ended_by(record, &after).await?);
        let committed = session.lane.commit(set).await?;
        after.rev = committed.revs.first().copied().unwrap_or_default();
        Ok(after)
    }
}
