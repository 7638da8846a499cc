//! The servers of a URL: several hosts that hold the same database, of which one takes writes.
//!
//! A connection is opened to the one that was good last, and a little later to the others as well: the first that meets
//! the demand is taken. So a host that is gone without a word costs a moment only. A server is asked on each
//! new connection whether it takes writes, as a standby becomes a primary and a lost primary may come back as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Row as _};

use super::super::{Result, StoreError};
use super::history::History;
use super::{connect, error};

/// A server that has not let anybody in by then is away.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How much later than the one before it each host is tried.
const NEXT_HOST: Duration = Duration::from_millis(200);

/// Each gives a text, or NULL on a server of the other kind.
const WRITES: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE '' END";
const STANDS_BY: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN '' END";
const ORIGIN: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE \
    (SELECT system_identifier::text || ' ' FROM pg_control_system()) || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";
const EPOCH: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE (SELECT CASE timeline WHEN \
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) THEN epoch ELSE '' END FROM _state) END";

/// Cheap to clone; all clones know which host was good last.
#[derive(Clone)]
pub(super) struct Servers(Arc<Hosts>);

struct Hosts {
    all: Vec<PgConnectOptions>,
    last: AtomicUsize,
}

/// What a server must be: a primary, but for the last.
#[derive(Clone, Copy)]
pub(super) enum Demand<'a> {
    Any,
    /// In this history.
    Same(&'a History),
    /// In this history, or in one that came after it.
    NotOlder(&'a History),
    /// A standby instead.
    Standby,
}

/// Why there is no connection.
pub(super) enum Refusal {
    /// It may be there in a moment.
    Away(String),
    /// It has as many connections as it can.
    Busy(String),
    /// Waiting does not help.
    Final(String),
}

impl Servers {
    /// # Errors
    /// One sentence; the URL itself may hold a password and is not part of it.
    pub(super) fn of(url: &str, pooled: bool, query_timeout_ms: u64) -> Result<Self> {
        let urls = crate::config::each_host(url)
            .ok_or_else(|| StoreError::Other("the URL of the database is not understood".into()))?;
        let all: Result<_> = urls.iter().map(|url| connect::options(url, pooled, query_timeout_ms)).collect();
        Ok(Self(Arc::new(Hosts { all: all?, last: AtomicUsize::new(0) })))
    }

    /// The server that was good last.
    pub(super) fn last(&self) -> &PgConnectOptions {
        &self.0.all[self.0.last.load(Ordering::Relaxed) % self.0.all.len()]
    }

    /// A connection to a primary that meets the demand.
    pub(super) async fn connect(&self, demand: Demand<'_>) -> Result<PgConnection, Refusal> {
        let (count, first) = (self.0.all.len(), self.0.last.load(Ordering::Relaxed));
        let attempt = async |rank: usize| {
            let index = (first + rank) % count;
            tokio::time::sleep(NEXT_HOST * u32::try_from(rank).unwrap_or(u32::MAX)).await;
            (index, attempt(&self.0.all[index], demand).await)
        };
        let mut attempts: FuturesUnordered<_> = (0..count).map(attempt).collect();
        let mut refusals = Vec::with_capacity(count);
        while let Some((index, attempt)) = attempts.next().await {
            match attempt {
                Ok(connection) => {
                    self.0.last.store(index, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(Refusal::all(refusals))
    }
}

/// The primary of the history that this node works in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Primary {
    pub(super) servers: Servers,
    pub(super) history: Arc<History>,
}

impl Primary {
    pub(super) async fn connect(&self) -> Result<PgConnection> {
        Ok(self.servers.connect(Demand::Same(&self.history)).await?)
    }
}

/// What the connections of a pool lead to.
#[derive(Clone)]
pub(super) enum Target {
    Primary(Primary),
    Standby(Servers),
}

impl Target {
    pub(super) async fn connect(&self) -> Result<PgConnection> {
        match self {
            Self::Primary(primary) => primary.connect().await,
            Self::Standby(servers) => Ok(servers.connect(Demand::Standby).await?),
        }
    }
}

async fn attempt(options: &PgConnectOptions, demand: Demand<'_>) -> Result<PgConnection, Refusal> {
    let connecting = async {
        let mut connection = options.connect().await.map_err(|error| refusal(error, options))?;
        match unmet(&mut connection, demand).await.map_err(|error| refusal(error, options))? {
            None => Ok(connection),
            Some(reason) => Err(Refusal::Away(format!("{}: {reason}", place(options)))),
        }
    };
    let silent = |_elapsed| Err(Refusal::Away(format!("{}: it does not answer", place(options))));
    tokio::time::timeout(CONNECT_TIME, connecting).await.unwrap_or_else(silent)
}

/// What is wrong with the server; `None` if it is as demanded.
async fn unmet(connection: &mut PgConnection, demand: Demand<'_>) -> Result<Option<&'static str>, sqlx::Error> {
    let sql = match demand {
        Demand::Any => WRITES,
        Demand::Same(_) => EPOCH,
        Demand::NotOlder(_) => ORIGIN,
        Demand::Standby => STANDS_BY,
    };
    let row = match sqlx::raw_sql(sql).fetch_one(connection).await {
        // None of PostgreSQL's kind, which is told at another place.
        Err(error) if error::is_unknown_function(&error) && matches!(demand, Demand::Any) => return Ok(None),
        result => result?,
    };
    let Some(told) = row.try_get::<Option<String>, _>(0)? else {
        return Ok(Some(match demand {
            Demand::Standby => "it is no standby",
            _ => "it is a standby that takes no writes",
        }));
    };
    Ok(match demand {
        Demand::Any | Demand::Standby => None,
        Demand::Same(history) if told == *history.epoch() => None,
        Demand::Same(_) => Some("it has another history, as after a failover, which is looked into"),
        Demand::NotOlder(history) => {
            let (cluster, timeline) = told.split_once(' ').unwrap_or_default();
            history.outlived(cluster, timeline).then_some("it is an old primary; another server was promoted since")
        }
    })
}

impl Refusal {
    /// One for all: what waiting does not help against is told first.
    fn all(refusals: Vec<Self>) -> Self {
        let rank = |refusal: &Self| match refusal {
            Self::Final(_) => 0,
            Self::Busy(_) => 1,
            Self::Away(_) => 2,
        };
        let least = refusals.iter().map(rank).min();
        let reasons: Vec<String> =
            refusals.into_iter().filter(|refusal| Some(rank(refusal)) == least).map(Self::reason).collect();
        let reasons = reasons.join("; ");
        match least {
            Some(0) => Self::Final(reasons),
            Some(1) => Self::Busy(reasons),
            _ => Self::Away(reasons),
        }
    }

    pub(super) fn reason(self) -> String {
        let (Self::Away(reason) | Self::Busy(reason) | Self::Final(reason)) = self;
        reason
    }
}

/// To a server that runs, a refusal is no reason to end.
impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Away(reason) | Refusal::Final(reason) => Self::Away(reason),
            Refusal::Busy(_) => Self::Overloaded,
        }
    }
}

fn refusal(error: sqlx::Error, options: &PgConnectOptions) -> Refusal {
    let (place, user) = (place(options), options.get_username());
    let database = options.get_database().unwrap_or(user);
    let sqlx::Error::Database(inner) = &error else {
        return match &error {
            // What a certificate is refused for does not mend itself, and comes as bytes that are wrong.
            sqlx::Error::Io(error) if error.kind() != std::io::ErrorKind::InvalidData => {
                Refusal::Away(format!("{place}: {error}"))
            }
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
        code if code.starts_with("53") => Refusal::Busy(format!("{place}: {message}")),
        code if code.starts_with("57") || code.starts_with("08") => Refusal::Away(format!("{place}: {message}")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_refusals_the_one_that_stays_is_told() {
        let away = |text: &str| Refusal::Away(text.into());
        let all = Refusal::all(vec![away("a: refused"), away("b: a standby")]);
        assert!(matches!(&all, Refusal::Away(reason) if reason == "a: refused; b: a standby"));
        let all = Refusal::all(vec![away("a"), Refusal::Final("wrong password".into()), Refusal::Busy("c".into())]);
        assert!(matches!(&all, Refusal::Final(reason) if reason == "wrong password"));
        assert!(matches!(StoreError::from(Refusal::Busy("c".into())), StoreError::Overloaded));
    }
}
