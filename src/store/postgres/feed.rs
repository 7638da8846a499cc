//! The state that all servers share, and the feed's rows that are no record's.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::feed::Change;

/// Above the revisions that a primary may have given out before it was lost: none of them is ever given out again.
const LOST_REVISIONS: i64 = 10_000_000;

/// Servers that notice a new history at the same time take turns.
const LOCK: &str = "SELECT pg_advisory_xact_lock(814720, 2)";
const TIMELINE: &str = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

pub(super) async fn schema_version(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let version: i64 = sqlx::query("SELECT schema_version FROM _state").fetch_one(connection).await?.try_get(0)?;
    Ok(version.cast_unsigned())
}

/// Raises the version of the schema and says so in the feed; the new version.
pub(super) async fn raise_schema(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let raise = "UPDATE _state SET schema_version = schema_version + 1 RETURNING schema_version";
    let version: i64 = sqlx::query(raise).fetch_one(&mut *connection).await?.try_get(0)?;
    sqlx::query("INSERT INTO _feed (rev, coll, rec, op) VALUES (nextval('_rev'), 0, '', $1)")
        .bind(Change::Schema as i64)
        .execute(&mut *connection)
        .await?;
    Ok(version.cast_unsigned())
}

/// The name of the history that the revisions belong to. After a failover the tail of the old primary may be lost, so
/// that the history is another one: whoever notices gives it a new name.
pub(super) async fn epoch(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let timeline: String = sqlx::query(TIMELINE).fetch_one(&mut *connection).await?.try_get(0)?;
    let known = "SELECT epoch, timeline FROM _state";
    let row = sqlx::query(known).fetch_one(&mut *connection).await?;
    if row.try_get::<String, _>(1)? == timeline {
        return row.try_get(0);
    }
    let mut transaction = sqlx::Connection::begin(connection).await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    let renew = "UPDATE _state SET epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), timeline = $1
        WHERE timeline <> $1 RETURNING setval('_rev', nextval('_rev') + $2)";
    sqlx::query(renew).bind(&timeline).bind(LOST_REVISIONS).fetch_optional(&mut *transaction).await?;
    let epoch = sqlx::query(known).fetch_one(&mut *transaction).await?.try_get(0)?;
    transaction.commit().await?;
    Ok(epoch)
}
