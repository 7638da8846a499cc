//! The way to the database server, and what Basalt may do there.

use serde_json::json;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::app::TestApp;
use crate::database::{self, Database};

const NOTES: &str = "/api/collections/notes/records";

#[tokio::test]
async fn a_role_with_a_schema_of_its_own_is_enough() {
    let Some(database) = Database::create().await else {
        return eprintln!("skipped: the embedded engine has no roles");
    };
    // As docs/operations.md says, in a database that holds other things already.
    database::run("DO $$ BEGIN CREATE ROLE least LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$").await;
    let name = database.url().rsplit('/').next().expect("a name").to_owned();
    database
        .run(&format!(
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA apart AUTHORIZATION least;
             GRANT CONNECT ON DATABASE {name} TO least; ALTER ROLE least IN DATABASE {name} SET search_path = apart"
        ))
        .await;
    let url = database.url().replace("://basalt@", "://least@");
    let app = TestApp::start_configured(|config| config.database.url = url).await;
    app.open_collection("notes", json!([{ "name": "stars", "type": "number" }])).await;
    let note = app.guest().post(NOTES, json!({ "title": "mine", "stars": 2 })).await.ok();
    let path = format!("{NOTES}/{}", note["id"].as_str().expect("an id"));
    app.guest().patch(&path, json!({ "stars+": 1 })).await.ok();
    let view = json!({ "name": "best", "type": "view", "listRule": "", "viewQuery": "SELECT id, title FROM notes WHERE stars > 2" });
    app.superuser().post("/api/collections", view).await.ok();
    assert_eq!(app.guest().get("/api/collections/best/records").await.ok()["items"][0]["title"], "mine");
    app.superuser().delete("/api/collections/best").await;
    app.stop().await;
    database
        .run(
            "DO $$ BEGIN ASSERT to_regclass('apart.notes') IS NOT NULL AND to_regclass('public.notes') IS NULL; END $$",
        )
        .await;
}

#[tokio::test]
async fn the_way_to_the_server_is_encrypted_and_the_server_known() {
    let Some(database) = Database::create().await else {
        return eprintln!("skipped: the embedded engine has no server");
    };
    let Ok(authority) = std::env::var("TEST_POSTGRES_AUTHORITY") else {
        return eprintln!("skipped: without openssl the server has no certificate");
    };
    let verified = |url: &str, authority: &str| format!("{url}?sslmode=verify-full&sslrootcert={authority}");
    let url = verified(&database.url(), &authority);
    let app = TestApp::start_configured(|config| config.database.url = url).await;
    app.open_collection("notes", json!([])).await;
    app.guest().post(NOTES, json!({ "title": "unread" })).await.ok();
    let mut connection = PgConnection::connect(&database.url()).await.expect("the server answers");
    // Those that follow and listen, too.
    let sql = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl
        JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND application_name = 'basalt'";
    let row = sqlx::query(sql).fetch_one(&mut connection).await.expect("counts");
    let (encrypted, open): (i64, i64) = (row.get(0), row.get(1));
    assert!(encrypted > 2 && open == 0, "{encrypted} {open}");
    app.stop().await;
    // Another authority, and a name that the certificate does not have.
    let other = tempfile::NamedTempFile::new().expect("a file");
    let told = database::refusal(verified(&database.url(), &other.path().display().to_string())).await;
    assert!(told.contains("sslmode=verify-full"), "{told}");
    let told = database::refusal(verified(&database.url().replace("127.0.0.1", "localhost"), &authority)).await;
    assert!(told.contains("sslmode=verify-full"), "{told}");
}
