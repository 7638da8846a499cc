//! The ways in which data leaves PocketBase: a backup of its own, and settings that only a key opens.

use serde_json::{Value as Json, json};

use super::app;
use super::import;
use super::same::files;
use crate::cli::process::Place;
use crate::differential::pocketbase::{self, PocketBase};

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_what_the_directory_holds() {
    let Some(binary) = pocketbase::binary() else { return };
    let pocketbase = PocketBase::start(&binary).await;
    app::fill(&pocketbase.superuser).await;
    let made = pocketbase.superuser.post("/api/backups", json!({ "name": "moved.zip" })).await;
    assert_eq!(made.status, 204, "{}", made.text);
    let source = pocketbase.dir().join("data");
    let (zip, directory) = (Place::new(), Place::new());
    let of_zip = import(&zip, &source.join("backups/moved.zip"), &[]);
    let of_directory = import(&directory, &source, &[]);
    for key in ["collections", "records", "files", "fileBytes", "notCarried"] {
        assert_eq!(of_zip[key], of_directory[key], "{key}");
    }
    let [ours, other] = [zip, directory].map(|place| files(&place.path().join("data/storage")));
    assert_eq!(ours, other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_settings_take_their_key() {
    let Some(binary) = pocketbase::binary() else { return };
    let pocketbase = PocketBase::start_encrypted(&binary, KEY).await;
    pocketbase.superuser.patch("/api/settings", json!({ "meta": { "appName": "Sealed" } })).await.ok();
    let (place, source) = (Place::new(), pocketbase.dir().join("data"));
    let source = source.to_str().expect("a path in UTF-8");
    let run = |key: Option<&str>| {
        let mut arguments = vec!["import", "pocketbase", source];
        arguments.extend(key.map(|_| ["--encryption-key-env", "THE_KEY"]).into_iter().flatten());
        let mut command = place.command(&arguments);
        let output = command.envs(key.map(|key| ("THE_KEY", key))).output().expect("the binary runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (done, message) = run(None);
    assert!(!done && message.contains("--encryption-key-env"), "{message}");
    let (done, message) = run(Some("ffffffffffffffffffffffffffffffff"));
    assert!(!done && message.contains("does not fit"), "{message}");
    let (done, message) = run(Some(KEY));
    assert!(done, "{message}");
    let database = rusqlite::Connection::open(place.path().join("data/data.db")).expect("a database");
    let sql = "SELECT value FROM _params WHERE id = 'settings'";
    let stored: String = database.query_row(sql, [], |row| row.get(0)).expect("settings");
    let stored: Json = serde_json::from_str(&stored).expect("JSON");
    assert_eq!(stored["meta"]["appName"], "Sealed");
}
