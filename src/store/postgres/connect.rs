//! From the configured URL to a server that is known to be suitable.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::super::{Result, StoreError};
use super::error;
use super::probe::{self, Facts};
use super::servers::{Demand, Refusal, Servers};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 256;
/// The waits between two attempts grow from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The options of a URL.
///
/// # Errors
/// One sentence; the URL itself may hold a password and is not part of it.
pub(super) fn options(url: &str, pooled: bool, query_timeout_ms: u64) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|error| StoreError::Other(format!("the URL of the database is not understood: {error}")))?;
    let options = options
        .application_name("basalt")
        .statement_cache_capacity(STATEMENTS)
        // Numbers come in their binary form; texts of numbers are made by the server's default, which is exact.
        .extra_float_digits(None)
        .disable_statement_logging();
    if pooled {
        // A pooler refuses what it does not know; docs/operations.md says what the role should have instead.
        return Ok(options);
    }
    let limits = [
        ("statement_timeout", query_timeout_ms.to_string()),
        ("lock_timeout", query_timeout_ms.to_string()),
        ("idle_in_transaction_session_timeout", "60000".to_owned()),
        ("jit", "off".to_owned()),
    ];
    Ok(options.options(limits))
}

/// Waits until a primary answers, with a line in the log as long as none does.
///
/// # Errors
/// At once where waiting does not help, such as a wrong password; after `patience` otherwise.
pub(super) async fn wait_for(servers: &Servers, patience: Duration) -> Result<PgConnection> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match servers.connect(Demand::Any).await {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Final(reason)) => return Err(StoreError::Other(reason)),
            Err(refusal) if start.elapsed() + pause > patience => return Err(StoreError::Away(refusal.reason())),
            Err(refusal) => {
                let reason = refusal.reason();
                tracing::warn!(reason, "the database server is away; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// # Errors
/// One sentence that tells why this server can't be used.
pub(super) async fn judge(connection: &mut PgConnection) -> Result<()> {
    let facts = facts(connection).await.map_err(error::plain)?;
    probe::judge(&facts).map_err(StoreError::Other)
}

/// Asks step by step: a server that is none of PostgreSQL's kind may know the first question only.
async fn facts(connection: &mut PgConnection) -> Result<Facts, sqlx::Error> {
    let version: String = sqlx::query("SELECT version()").fetch_one(&mut *connection).await?.try_get(0)?;
    let number = connection.server_version_num().unwrap_or_default();
    let mut facts = Facts::new(version, number);
    if probe::kin(&facts).is_err() {
        return Ok(facts);
    }
    let sql = "SELECT getdatabaseencoding()::text, current_user::text, current_schema()::text,
        coalesce(has_schema_privilege(current_schema(), 'CREATE') AND has_schema_privilege(current_schema(), 'USAGE'), false),
        EXISTS (SELECT 1 FROM pg_class WHERE relname = 'pg_dist_partition')";
    let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
    facts.encoding = row.try_get(0)?;
    facts.role = row.try_get(1)?;
    facts.schema = row.try_get(2)?;
    facts.may_create = row.try_get(3)?;
    if row.try_get(4)? {
        let sql = "SELECT count(*) FROM pg_dist_partition";
        facts.distributed_tables = sqlx::query(sql).fetch_one(&mut *connection).await?.try_get(0)?;
    }
    facts.snapshot = snapshot(connection).await.map_err(|error| error.to_string());
    Ok(facts)
}

async fn snapshot(connection: &mut PgConnection) -> Result<(String, String), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let id = sqlx::query("SELECT pg_current_xact_id()::text").fetch_one(&mut *transaction).await?.try_get(0)?;
    let snapshot = sqlx::query("SELECT pg_current_snapshot()::text").fetch_one(&mut *transaction).await?.try_get(0)?;
    transaction.rollback().await?;
    Ok((snapshot, id))
}
