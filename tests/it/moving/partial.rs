//! Sources of which one part or another has no place here: the rest comes in, and never opens what was closed.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::hostile::{collection, source};
use super::import;
use crate::cli::process::Place;

/// What was left out, as `kind item`.
fn notes(report: &Json) -> Vec<String> {
    let text = |note: &Json, key: &str| note[key].as_str().unwrap_or_default().to_owned();
    let list = report["notCarried"].as_array().expect("a list");
    assert!(list.iter().all(|note| !text(note, "reason").is_empty()), "{report}");
    list.iter().map(|note| format!("{} {}", text(note, "kind"), text(note, "item"))).collect()
}

fn exported(place: &Place, name: &str) -> Json {
    let all: Json = serde_json::from_str(&place.ok(&["collections", "export"])).expect("JSON");
    all.as_array().expect("a list").iter().find(|model| model["name"] == name).cloned().unwrap_or_default()
}

/// A source with one auth collection of these options.
fn accounts(place: &Place, options: &Json) -> std::path::PathBuf {
    let dir = source(place, "CREATE TABLE people (id TEXT PRIMARY KEY, title TEXT, data JSON, email TEXT);");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    collection(&database, "auth", "people", options, &[], Some("title = ''"));
    database.execute_batch("INSERT INTO people VALUES ('p1', 'one', NULL, 'a@example.com')").expect("a row");
    dir
}

#[test]
fn a_rule_that_is_refused_is_read_the_strict_way() {
    let place = Place::new();
    let options = json!({
        "authRule": "missing = 1", "manageRule": "missing = 2", "passwordAuth": { "enabled": true, "identityFields": ["email"] },
        "otp": { "enabled": true, "duration": 180, "length": 8, "emailTemplate": { "subject": "a", "body": "b" } },
        "mfa": { "enabled": true, "duration": 600, "rule": "missing = 3" },
    });
    let report = import(&place, &accounts(&place, &options), &[]);
    assert_eq!(
        notes(&report).iter().filter(|note| note.starts_with("rule")).collect::<Vec<_>>(),
        [
            "rule people.authRule \"missing = 1\", which lets nobody sign in now",
            "rule people.manageRule \"missing = 2\", which lets superusers only now",
            "rule people.mfa.rule \"missing = 3\", which asks everybody now",
        ],
        "{report}"
    );
    assert_eq!(report["records"]["people"], 1, "{report}");
    let people = exported(&place, "people");
    assert_eq!((&people["authRule"], &people["manageRule"]), (&Json::Null, &Json::Null), "{people}");
    assert_eq!(people["mfa"], json!({ "enabled": true, "duration": 600, "rule": "" }));
    assert_eq!(people["listRule"], "title = ''");
}

#[test]
fn an_option_that_is_refused_takes_nothing_else_with_it() {
    let place = Place::new();
    let provider = |name: &str| json!({ "name": name, "clientId": "id", "clientSecret": "secret" });
    let options = json!({
        "authToken": { "secret": "short", "duration": 600 },
        "fileToken": { "secret": "a secret that is long enough for a token", "duration": 111 },
        "passwordAuth": { "enabled": true, "identityFields": ["title"] },
        "oauth2": { "enabled": true, "providers": [provider("google"), provider("unheard"), provider("github")], "mappedFields": {} },
        "mfa": { "enabled": true, "duration": 5, "rule": "" },
        "later": { "of": "another version" },
    });
    let report = import(&place, &accounts(&place, &options), &[]);
    let found = notes(&report);
    for expected in [
        "option people.authToken, which is the default now",
        "option people.passwordAuth, which is the default now",
        "provider people.unheard",
        "option people.mfa, which is off now, and so is signing in: authRule is null",
        "option people.later",
    ] {
        assert!(found.iter().any(|note| note == expected), "{expected}: {report}");
    }
    let people = exported(&place, "people");
    let providers: Vec<&Json> =
        people["oauth2"]["providers"].as_array().expect("a list").iter().map(|provider| &provider["name"]).collect();
    assert_eq!(providers, ["google", "github"]);
    assert_eq!((&people["authRule"], &people["mfa"]["enabled"]), (&Json::Null, &false.into()), "{people}");
    assert_eq!(people["passwordAuth"]["identityFields"], json!(["email"]));
    assert_eq!(people["fileToken"]["duration"], 111);
    assert_eq!(report["records"]["people"], 1, "{report}");
}

#[test]
fn a_field_or_a_collection_that_is_refused_takes_nothing_else_with_it() {
    let place = Place::new();
    let dir = source(
        &place,
        "CREATE TABLE odd (id TEXT PRIMARY KEY, title TEXT, data JSON, code TEXT, future TEXT, there TEXT, back TEXT);
         CREATE TABLE other (id TEXT PRIMARY KEY, title TEXT, data JSON, back TEXT);
         CREATE TABLE a_via_b (id TEXT PRIMARY KEY, title TEXT, data JSON);
         INSERT INTO odd VALUES ('o1', 'kept', '{}', 'x', 'lost', 'first', 'r1');
         INSERT INTO other VALUES ('r1', 'kept', '{}', 'o1');
         INSERT INTO a_via_b VALUES ('v1', '', '{}');",
    );
    let database = Connection::open(dir.join("data.db")).expect("a database");
    for name in ["odd", "other", "a_via_b"] {
        collection(&database, "base", name, &json!({}), &[], None);
    }
    let more = [
        ("odd", json!({ "id": "f1", "name": "code", "type": "text", "pattern": "(unclosed", "hidden": true })),
        ("odd", json!({ "id": "f2", "name": "future", "type": "hologram" })),
        ("odd", json!({ "id": "f3", "name": "there", "type": "relation", "collectionId": "gone", "maxSelect": 1 })),
        // Two that point to each other, between which the source is cut in halves.
        ("odd", json!({ "id": "f4", "name": "back", "type": "relation", "collectionId": "pbc_other", "maxSelect": 1 })),
        ("other", json!({ "id": "f5", "name": "back", "type": "relation", "collectionId": "pbc_odd", "maxSelect": 1 })),
    ];
    for (name, field) in more {
        let sql = "UPDATE _collections SET fields = json_insert(fields, '$[#]', json(?2)) WHERE name = ?1";
        database.execute(sql, [name, &field.to_string()]).expect("a field");
    }
    drop(database);
    let report = import(&place, &dir, &[]);
    assert_eq!(
        notes(&report),
        [
            "collection a_via_b",
            "field odd.future",
            "field odd.there",
            "field odd.code, whose options have their defaults now",
            "column odd.future",
            "column odd.there",
        ],
        "{report}"
    );
    assert_eq!(report["records"], json!({ "notes": 2, "odd": 1, "other": 1 }));
    let odd = exported(&place, "odd");
    let names: Vec<&Json> = odd["fields"].as_array().expect("a list").iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["id", "title", "data", "code", "back"]);
    assert_eq!(odd["fields"][3]["hidden"], true, "{odd}");
}

#[test]
fn a_collection_of_the_name_of_one_of_ours_is_left_out() {
    let place = Place::new();
    let dir = source(&place, "CREATE TABLE _mfas (id TEXT PRIMARY KEY, title TEXT, data JSON);");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    collection(&database, "base", "_mfas", &json!({}), &[], Some(""));
    // Later versions may have more collections of the system.
    collection(&database, "base", "_later", &json!({}), &[], Some("missing = 1"));
    database.execute_batch("UPDATE _collections SET system = 1 WHERE name = '_later'").expect("it runs");
    drop(database);
    let report = import(&place, &dir, &[]);
    let rule = "rule _later.listRule \"missing = 1\", which lets superusers only now";
    let table = "collection _later";
    assert_eq!(notes(&report), ["collection _mfas", rule, table], "{report}");
    assert_eq!(exported(&place, "_mfas")["listRule"].as_str(), Some(OWN), "ours stays");
}

/// The rule of what belongs to an account.
const OWN: &str =
    "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = @request.auth.collectionId";

#[test]
fn a_table_that_is_no_plain_one_is_left_out() {
    let place = Place::new();
    let dir = source(
        &place,
        "CREATE TABLE odd (id TEXT PRIMARY KEY, title TEXT, data JSON) WITHOUT ROWID; INSERT INTO odd VALUES ('a', '', NULL);",
    );
    let database = Connection::open(dir.join("data.db")).expect("a database");
    collection(&database, "base", "odd", &json!({}), &[], None);
    drop(database);
    let report = import(&place, &dir, &[]);
    assert_eq!(
        (notes(&report), &report["records"]),
        (vec!["collection odd".to_owned()], &json!({ "notes": 2 })),
        "{report}"
    );
}

#[test]
fn a_row_that_is_too_large_is_left_out() {
    let place = Place::new();
    let dir = source(
        &place,
        "
        INSERT INTO notes VALUES ('huge', zeroblob(70000000), NULL);
        INSERT INTO notes VALUES ('behind', 'three', NULL);",
    );
    let report = import(&place, &dir, &[]);
    assert_eq!(notes(&report), ["record notes, row 3"], "{report}");
    assert_eq!(report["records"]["notes"], 3);
}

#[test]
fn settings_that_have_no_place_yet_are_kept_sealed() {
    let place = Place::new();
    let dir = source(&place, "");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    let settings = json!({
        "meta": { "appName": "Moved", "appURL": "nonsense", "later": 1 },
        "smtp": { "enabled": true, "password": "very secret" },
        "superuserIPs": ["nowhere"],
    });
    database.execute("INSERT INTO _params VALUES ('settings', ?1, '', '')", [settings.to_string()]).expect("a row");
    drop(database);
    let report = import(&place, &dir, &[]);
    let kept = "settings meta, smtp, superuserIPs";
    assert_eq!(
        notes(&report),
        ["settings meta.appURL", "settings superuserIPs", "settings superuserIPs", kept],
        "{report}"
    );
    let stored = std::fs::read(place.path().join("data/data.db")).expect("a file");
    let holds = |text: &str| stored.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("settings_kept") && !holds("very secret"));
    assert!(holds(r#""superuserIPs":["127.0.0.1","::1"]"#) && holds(r#""appName":"Moved""#));
}

#[test]
fn a_view_may_stand_before_what_it_reads() {
    let place = Place::new();
    let dir = source(&place, "DELETE FROM _collections;");
    let database = Connection::open(dir.join("data.db")).expect("a database");
    let view = |name: &str, query: &str| {
        collection(&database, "view", name, &json!({ "viewQuery": query }), &[], Some("title != ''"));
    };
    view("third", "SELECT id, title FROM second");
    view("second", "SELECT id, title FROM first");
    view("first", "SELECT id, title FROM notes");
    collection(&database, "base", "notes", &json!({}), &[], None);
    drop(database);
    let report = import(&place, &dir, &[]);
    assert_eq!(notes(&report), [""; 0], "{report}");
    let names: Vec<Json> = ["first", "second", "third"].map(|name| exported(&place, name)["listRule"].clone()).into();
    assert_eq!(names, ["title != ''"; 3]);
}

#[cfg(unix)]
#[test]
fn what_is_made_of_a_source_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    import(&place, &source(&place, ""), &[]);
    let mode = std::fs::metadata(place.path().join("data")).expect("a directory").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
