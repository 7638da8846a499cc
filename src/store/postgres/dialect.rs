//! Statements of the embedded engine's SQL made into those of PostgreSQL, once for each text, kinds of parameters and
//! version of the schema.

use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use sqlx::postgres::{PgArguments, PgConnection};

use super::super::{Result, Statement, StoreError, Value};
use super::bind::{self, Wire};
use super::catalog::{self, Loaded};
use super::translate::{self, Output, ParamKind};

/// Translations that are kept; a filter that a client makes up is one, so the number is bounded.
const TRANSLATIONS: usize = 4096;

pub(super) struct Dialect {
    pub(super) version: u64,
    pub(super) loaded: Loaded,
    translations: Cache<Key, Arc<[Ready]>>,
}

/// One statement of PostgreSQL.
pub(super) struct Ready {
    pub(super) sql: Arc<str>,
    pub(super) params: Vec<translate::Param>,
    pub(super) outputs: Vec<Output>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    sql: String,
    kinds: Vec<ParamKind>,
}

#[derive(Hash)]
struct Asked<'a> {
    sql: &'a str,
    kinds: &'a [ParamKind],
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.sql == key.sql && self.kinds == key.kinds
    }
}

impl Dialect {
    /// What is known of the tables as this connection sees them.
    pub(super) async fn load(connection: &mut PgConnection, version: u64) -> Result<Self, sqlx::Error> {
        let loaded = catalog::load(connection).await?;
        Ok(Self { version, loaded, translations: Cache::new(TRANSLATIONS) })
    }

    /// # Errors
    /// `Statement` with the reason where it can't be said in PostgreSQL.
    pub(super) fn translate(&self, sql: &str, params: &[Value]) -> Result<Arc<[Ready]>> {
        let kinds: Vec<ParamKind> = params.iter().map(ParamKind::of).collect();
        let asked = Asked { sql, kinds: &kinds };
        if let Some(found) = self.translations.get(&asked) {
            return Ok(found);
        }
        let translated = translate::statement(sql, &kinds, &self.loaded.catalog)
            .map_err(|refused| StoreError::Statement(refused.to_string()))?;
        let ready: Arc<[Ready]> = translated.into_iter().map(Ready::from).collect();
        self.translations.insert(Key { sql: sql.to_owned(), kinds }, ready.clone());
        Ok(ready)
    }

    /// The one statement that a query is.
    ///
    /// # Errors
    /// `Statement` where it is none, or several.
    pub(super) fn query(&self, statement: &Statement) -> Result<(Arc<[Ready]>, PgArguments)> {
        let ready = self.translate(&statement.sql, &statement.params)?;
        let [one] = &*ready else {
            return Err(StoreError::Statement("one statement was expected".into()));
        };
        let arguments = one.arguments(&statement.params)?;
        Ok((ready, arguments))
    }
}

impl From<translate::Translated> for Ready {
    fn from(translated: translate::Translated) -> Self {
        Self { sql: translated.sql.into(), params: translated.params, outputs: translated.columns }
    }
}

impl Ready {
    /// The parameters in the order of this statement.
    pub(super) fn arguments(&self, values: &[Value]) -> Result<PgArguments> {
        let mut arguments = PgArguments::default();
        self.add_to(&mut arguments, values)?;
        Ok(arguments)
    }

    pub(super) fn add_to(&self, arguments: &mut PgArguments, values: &[Value]) -> Result<()> {
        for param in &self.params {
            let value = values.get(param.source).unwrap_or(&Value::Null);
            bind::add(arguments, Wire::of_param(param.kind), value)?;
        }
        Ok(())
    }
}
