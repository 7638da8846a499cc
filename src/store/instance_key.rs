//! The secret key of this instance, the same for all processes over one database.

use super::{Result, Statement, Store, StoreError, Value};

const KEY_BYTES: usize = 32;

impl Store {
    /// The key, drawn when it is asked for the first time. It must not be logged nor leave in an answer.
    pub async fn instance_key(&self) -> Result<[u8; KEY_BYTES]> {
        if let Some(key) = self.find_instance_key().await? {
            return Ok(key);
        }
        let drawn: [u8; KEY_BYTES] = rand::random();
        self.transaction(async move |tx| {
            // Of two processes that draw at once the first one wins.
            let sql = "INSERT INTO _meta (k, v) VALUES ('instance_key', ?1) ON CONFLICT DO NOTHING";
            tx.execute(&Statement::new(sql, vec![Value::Blob(drawn.to_vec())])).await
        })
        .await?;
        self.find_instance_key().await?.ok_or_else(|| StoreError::Other("the instance key was not kept".to_owned()))
    }

    async fn find_instance_key(&self) -> Result<Option<[u8; KEY_BYTES]>> {
        let statement = Statement::new("SELECT v FROM _meta WHERE k = 'instance_key'", Vec::new());
        match self.reader().first(statement).await?.map(|row| row.get(0).clone()) {
            None => Ok(None),
            Some(Value::Blob(bytes)) => Ok(bytes.try_into().ok()),
            Some(_) => Ok(None),
        }
    }
}
