//! The secret key of this instance, the same for all processes over one database.

use super::{Result, Statement, Store, StoreError, Value};
use crate::crypto::SEAL_KEY_BYTES;

impl Store {
    /// The key, drawn when it is asked for the first time. It must not be logged nor leave in an answer.
    pub async fn instance_key(&self) -> Result<[u8; SEAL_KEY_BYTES]> {
        if let Some(key) = self.find_instance_key().await? {
            return Ok(key);
        }
        let drawn: [u8; SEAL_KEY_BYTES] = rand::random();
        self.transaction(async move |tx| {
            // Of two processes that draw at once the first one wins.
            let sql = "INSERT INTO _meta (k, v) VALUES ('instance_key', ?1) ON CONFLICT DO NOTHING";
            tx.execute(&Statement::new(sql, vec![Value::Blob(drawn.to_vec())])).await
        })
        .await?;
        self.find_instance_key().await?.ok_or_else(|| StoreError::Other("the instance key was not kept".to_owned()))
    }

    async fn find_instance_key(&self) -> Result<Option<[u8; SEAL_KEY_BYTES]>> {
        let statement = Statement::new("SELECT v FROM _meta WHERE k = 'instance_key'", Vec::new());
        let row = self.reader().first(statement).await?;
        Ok(row.and_then(|row| match row.get(0) {
            Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }))
    }
}
