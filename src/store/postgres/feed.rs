//! The state that all servers share, and the feed's rows that are no record's.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::super::feed::Change;

pub(super) async fn schema_version(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let version: i64 = sqlx::query("SELECT schema_version FROM _state").fetch_one(connection).await?.try_get(0)?;
    Ok(version.cast_unsigned())
}

/// Raises the version of the schema and says so in the feed; the new version.
pub(super) async fn raise_schema(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let raise = "UPDATE _state SET schema_version = schema_version + 1 RETURNING schema_version";
    let version: i64 = sqlx::query(raise).fetch_one(&mut *connection).await?.try_get(0)?;
    append(connection, Change::Schema).await?;
    Ok(version.cast_unsigned())
}

/// Appends an entry that is of no record.
pub(super) async fn append(connection: &mut PgConnection, change: Change) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO _feed (rev, coll, rec, op) VALUES (nextval('_rev'), 0, '', $1)";
    sqlx::query(sql).bind(change as i64).execute(connection).await.map(drop)
}
