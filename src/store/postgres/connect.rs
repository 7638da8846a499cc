//! From the configured URL to a server that is known to be suitable.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::super::{Result, StoreError};
use super::error;
use super::probe::{self, Facts};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 256;
/// The waits between two attempts grow from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// An attempt that gets no answer at all is given up after this.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);

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

/// Waits until the server answers, with a line in the log as long as it does not.
///
/// # Errors
/// At once where waiting does not help, such as a wrong password; after `patience` otherwise.
pub(super) async fn wait_for(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let attempt = match tokio::time::timeout(ATTEMPT_TIME, options.connect()).await {
            Ok(attempt) => attempt.map_err(|error| refusal(error, options)),
            Err(_elapsed) => Err(Refusal::Away("it does not answer".to_owned())),
        };
        match attempt {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Final(reason)) => return Err(StoreError::Other(reason)),
            Err(Refusal::Away(reason)) if start.elapsed() + pause > patience => {
                return Err(StoreError::Away(format!("{}: {reason}", place(options))));
            }
            Err(Refusal::Away(reason)) => {
                tracing::warn!(reason, "the database server at {} is away; trying again", place(options));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

enum Refusal {
    /// It may be there in a moment.
    Away(String),
    Final(String),
}

fn refusal(error: sqlx::Error, options: &PgConnectOptions) -> Refusal {
    let (place, user) = (place(options), options.get_username());
    let database = options.get_database().unwrap_or(user);
    let sqlx::Error::Database(inner) = &error else {
        return match &error {
            sqlx::Error::Io(error) => Refusal::Away(error.to_string()),
            // A certificate does not mend itself.
            _ => Refusal::Final(format!("no connection to the database server at {place}: {error}{}", tls(options))),
        };
    };
    let message = inner.message();
    match inner.code().as_deref().unwrap_or_default() {
        "28P01" => {
            Refusal::Final(format!("the database server at {place} refuses the password of the role \"{user}\""))
        }
        "28000" => {
            Refusal::Final(format!("the database server at {place} does not let the role \"{user}\" in: {message}"))
        }
        "3D000" => Refusal::Final(format!("there is no database \"{database}\" on the server at {place}")),
        "42501" => {
            Refusal::Final(format!("the role \"{user}\" may not connect to the database \"{database}\": {message}"))
        }
        code if code.starts_with("57") || code.starts_with("53") || code.starts_with("08") => {
            Refusal::Away(message.to_owned())
        }
        _ => Refusal::Final(format!("no connection to the database server at {place}: {message}")),
    }
}

fn tls(options: &PgConnectOptions) -> &'static str {
    match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => "",
        PgSslMode::Require => " (sslmode=require)",
        PgSslMode::VerifyCa => " (sslmode=verify-ca; the authority is given by sslrootcert)",
        PgSslMode::VerifyFull => " (sslmode=verify-full; the authority is given by sslrootcert)",
    }
}

/// Host and port, or the socket.
fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
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
    let sql = "SELECT pg_is_in_recovery(), getdatabaseencoding()::text, current_user::text, current_schema()::text,
        coalesce(has_schema_privilege(current_schema(), 'CREATE') AND has_schema_privilege(current_schema(), 'USAGE'), false),
        EXISTS (SELECT 1 FROM pg_class WHERE relname = 'pg_dist_partition')";
    let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
    facts.is_standby = row.try_get(0)?;
    facts.encoding = row.try_get(1)?;
    facts.role = row.try_get(2)?;
    facts.schema = row.try_get(3)?;
    facts.may_create = row.try_get(4)?;
    if row.try_get(5)? {
        let sql = "SELECT count(*) FROM pg_dist_partition";
        facts.distributed_tables = sqlx::query(sql).fetch_one(&mut *connection).await?.try_get(0)?;
    }
    if !facts.is_standby {
        facts.snapshot = snapshot(connection).await.map_err(|error| error.to_string());
    }
    Ok(facts)
}

async fn snapshot(connection: &mut PgConnection) -> Result<(String, String), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let id = sqlx::query("SELECT pg_current_xact_id()::text").fetch_one(&mut *transaction).await?.try_get(0)?;
    let snapshot = sqlx::query("SELECT pg_current_snapshot()::text").fetch_one(&mut *transaction).await?.try_get(0)?;
    transaction.rollback().await?;
    Ok((snapshot, id))
}
