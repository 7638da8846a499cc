//! One write operation at work: the schema it was planned under and where it reads and commits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Records;
use super::encode::Collect;
use super::idempotency;
use super::lane::Lane;
use super::validate::{self, RELATION_TAG};
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::{Query, Request};
use crate::schema::{Collection, Record, Schema};
use crate::store::{Op, Priority, StoreError, WriteSet};

/// The check of a create rule.
pub(super) const RULE_TAG: u32 = 1;

pub(super) struct Session<'a> {
    pub records: &'a Records,
    pub schema: Arc<Schema>,
    pub lane: Lane,
    pub priority: Priority,
    /// What a transaction needs of passwords: inside it nothing may be waited for.
    pub ahead: Arc<Ahead>,
}

/// Password work that was done before a transaction began.
#[derive(Default)]
pub(super) struct Ahead {
    /// Hashes by plain text.
    pub hashes: HashMap<String, String>,
    /// Old passwords with the hashes that they fit.
    pub fitting: HashSet<(String, String)>,
}

impl Session<'_> {
    pub async fn hash(&self, plain: String) -> Result<String> {
        match (&self.lane, self.ahead.hashes.get(&plain)) {
            (_, Some(hash)) => Ok(hash.clone()),
            (Lane::Store(_), None) => self.records.hasher.hash(plain).await,
            (Lane::Tx(_), None) => Err(Error::internal("a password was not hashed before its transaction")),
        }
    }

    /// Whether an old password fits the stored hash.
    pub async fn fits(&self, plain: String, hash: String) -> Result<bool> {
        match &self.lane {
            Lane::Store(_) => self.records.hasher.verify(plain, hash).await,
            Lane::Tx(_) => Ok(self.ahead.fitting.contains(&(plain, hash))),
        }
    }

    /// Reads a record without any rule.
    pub async fn find(&self, collection: &Arc<Collection>, id: &str) -> Result<Option<Record>> {
        find(&self.schema, &self.lane, collection, id).await
    }

    /// Commits the receipt of what this transaction wrote.
    pub async fn commit_receipt(&self, receipt: Vec<Op>) -> Result<()> {
        if !receipt.is_empty() {
            self.lane.commit(WriteSet { ops: receipt, ..WriteSet::default() }).await?;
        }
        Ok(())
    }

    /// The collection for a write.
    pub fn writable(&self, id_or_name: &str) -> Result<Arc<Collection>> {
        let collection = super::list::find_collection(&self.schema, id_or_name)?;
        match collection.is_view() {
            true => Err(Error::invalid("unsupported collection type")),
            false => Ok(collection),
        }
    }
}

pub(super) async fn find(
    schema: &Schema,
    lane: &Lane,
    collection: &Arc<Collection>,
    id: &str,
) -> Result<Option<Record>> {
    let request = Request::default();
    let mut query = Query::new(schema, collection, &request);
    query.id(id);
    let sink = Collect { collection: collection.clone(), records: Vec::with_capacity(1) };
    Ok(lane.reader().stream(query.select(1, 0), sink).await?.records.pop())
}

/// A failed write of this record as field errors, where the failure speaks of fields.
pub(super) fn field_errors(error: &StoreError, record: &Record) -> Option<FieldErrors> {
    let mut errors = FieldErrors::default();
    match error {
        StoreError::Unique { table, columns } if table != idempotency::TABLE => {
            for column in columns {
                errors.add(column, FieldError::new("validation_not_unique", "Value must be unique."));
            }
        }
        StoreError::Check { tag } if *tag >= RELATION_TAG => {
            let field = record.collection.fields.get((*tag - RELATION_TAG) as usize)?;
            errors.add(&field.name, validate::missing());
        }
        // The expression of an index can't take the value; such as json_extract over a text that is no JSON.
        StoreError::Statement(_) if record.collection.indexes.iter().any(|index| index.matches('(').count() > 1) => {}
        _ => return None,
    }
    Some(errors)
}
