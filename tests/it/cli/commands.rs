//! Commands, with a server on the directory and without one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::{Value as Json, json};

use super::process::{EMAIL, PASSWORD, Place};

#[test]
fn a_wrong_command_line_or_configuration_ends_with_two() {
    let place = Place::new();
    let check = |arguments: &[&str], words: &str| {
        let (code, message) = place.failure(arguments);
        assert_eq!(code, 2, "{arguments:?}: {message}");
        assert!(message.contains(words), "{arguments:?}: {message}");
    };
    check(&["nonsense"], "unrecognized subcommand");
    check(&["serve", "--htpp", "x"], "--http");
    check(&["serve", "--http", "nowhere"], "flag --http: `server.http`: expected an address and a port");
    check(&["doctor", "--config", "missing.toml"], "missing.toml: can't be read");
    std::fs::write(place.path().join("basalt.toml"), "[sqlite]\ndurabilty = 'full'\n").expect("a file");
    check(&["superuser", "list"], "basalt.toml:2: `sqlite.durabilty` is no known key");
}

#[test]
fn superusers_with_a_server_and_without() {
    let place = Place::new();
    place.ok(&["superuser", "create", EMAIL, PASSWORD]);
    let (code, message) = place.failure(&["superuser", "create", EMAIL, PASSWORD]);
    assert!(code == 1 && message.contains("validation_not_unique"), "{code} {message}");
    let server = place.serve();
    place.ok(&["superuser", "upsert", "second@example.com", PASSWORD]);
    assert_eq!(place.ok(&["superuser", "list"]), format!("{EMAIL}\nsecond@example.com\n"));
    place.ok(&["superuser", "delete", "second@example.com"]);
    let (code, message) = place.failure(&["superuser", "delete", "second@example.com"]);
    assert!(code == 1 && message.contains("there is no superuser"), "{code} {message}");
    let (_, message) = place.failure(&["superuser", "ips", "nonsense"]);
    assert!(message.contains("validation_invlaid_ip_or_subnet"), "{message}");
    drop(server);
    // The socket of a killed server is still there, but nobody answers.
    let list: Json = serde_json::from_str(&place.ok(&["superuser", "list", "--json"])).expect("JSON");
    assert_eq!(list[0]["email"], EMAIL);
}

#[test]
fn a_superuser_gets_a_one_time_password() {
    let place = Place::new();
    place.ok(&["superuser", "create", EMAIL, PASSWORD]);
    let (code, message) = place.failure(&["superuser", "otp", EMAIL]);
    assert!(code == 1 && message.contains("_superusers is not configured to allow one-time passwords"), "{message}");
    let (code, message) = place.failure(&["superuser", "otp", "nobody@example.com"]);
    assert!(code == 1 && message.contains("there is no superuser"), "{message}");
    let mut model: Json = serde_json::from_str(&place.ok(&["collections", "export"])).expect("JSON");
    model.as_array_mut().expect("a list").retain(|collection| collection["name"] == "_superusers");
    model[0]["otp"]["enabled"] = true.into();
    std::fs::write(place.path().join("superusers.json"), model.to_string()).expect("a file");
    place.ok(&["collections", "import", "superusers.json"]);
    let _server = place.serve();
    let otp: Json = serde_json::from_str(&place.ok(&["superuser", "otp", EMAIL, "--json"])).expect("JSON");
    assert_eq!((otp["password"].as_str().map(str::len), &otp["durationSeconds"]), (Some(8), &180.into()));
    let words = place.ok(&["superuser", "otp", EMAIL]);
    assert!(words.starts_with("one-time password ") && words.ends_with("valid for 180 s\n"), "{words}");
}

#[test]
fn an_import_can_be_undone() {
    let place = Place::new();
    let rows: String = (0..500).map(|row| format!("name {row},{row},{}\n", ["red", "green"][row % 2])).collect();
    std::fs::write(place.path().join("rows.csv"), format!("name,size,colour\n{rows}")).expect("a file");
    let import = ["import", "csv", "rows.csv", "--collection", "things", "--json"];
    let (code, message) = place.failure(&import);
    assert!(code == 1 && message.contains("--infer"), "{message}");
    let result: Json = serde_json::from_str(&place.ok(&[&import[..], &["--infer"]].concat())).expect("JSON");
    assert_eq!((&result["created"], &result["rejected"]), (&500.into(), &0.into()));
    // The names are unique now, so all rows but a new one are refused, with a server on the directory.
    std::fs::write(place.path().join("more.csv"), "name,size,colour\nname 1,1,red\nnew,2,red\nnew2,x,blue\n")
        .expect("a file");
    let server = place.serve();
    let more: Json =
        serde_json::from_str(&place.ok(&["import", "csv", "more.csv", "--collection", "things", "--json"]))
            .expect("JSON");
    assert_eq!((&more["created"], &more["rejected"]), (&1.into(), &2.into()));
    let rejected = std::fs::read_to_string(more["rejectedFile"].as_str().expect("a path")).expect("a file");
    let lines: Vec<&str> = rejected.lines().collect();
    assert!(lines[1].starts_with("2,") && lines[1].contains("validation_not_unique"), "{rejected}");
    assert!(lines[2].starts_with("4,") && lines[2].contains("validation_invalid_value"), "{rejected}");
    let undone: Json =
        serde_json::from_str(&place.ok(&["import", "undo", result["import"].as_str().expect("an id"), "--json"]))
            .expect("JSON");
    assert_eq!(undone["deleted"], 500);
    drop(server);
}

#[test]
fn an_import_takes_what_fits_of_rows_that_point_at_each_other() {
    let place = Place::new();
    let fields = json!([
        { "name": "name", "type": "text", "required": true },
        { "name": "parent", "type": "relation", "collectionId": "tree00000000000", "maxSelect": 1 },
    ]);
    let model = json!([{ "id": "tree00000000000", "name": "tree", "type": "base", "fields": fields }]);
    std::fs::write(place.path().join("tree.json"), model.to_string()).expect("a file");
    place.ok(&["collections", "import", "tree.json"]);
    let id = |row: usize| format!("node{row:011}");
    let row = |row: usize| json!({ "id": id(row), "name": "n", "parent": if row == 0 { String::new() } else { id(row - 1) } });
    let mut rows: Vec<Json> = (0..400).map(row).collect();
    rows[100]["name"] = "".into();
    std::fs::write(place.path().join("rows.json"), Json::from(rows).to_string()).expect("a file");
    let import = ["import", "json", "rows.json", "--collection", "tree", "--json"];
    let result: Json = serde_json::from_str(&place.ok(&import)).expect("JSON");
    // What points at the bad row, and at that one, is bad itself.
    assert_eq!((&result["created"], &result["rejected"]), (&100.into(), &300.into()));
    let rejected = std::fs::read(result["rejectedFile"].as_str().expect("a path")).expect("a file");
    let rejected: Json = serde_json::from_slice(&rejected).expect("JSON");
    assert_eq!((&rejected[0]["line"], &rejected[299]["row"]["id"]), (&101.into(), &id(399).into()));
}

#[test]
fn an_import_through_a_server_tells_how_far_it_is() {
    let place = Place::new();
    let rows: String = (0..2000).map(|row| format!("{{\"n\":{row}}}\n")).collect();
    std::fs::write(place.path().join("rows.json"), rows).expect("a file");
    let _server = place.serve();
    let mut socket = UnixStream::connect(place.path().join("data/basalt.sock")).expect("the server listens");
    let order = json!({
        "task": "import", "collection": "numbers", "fields": [{ "name": "n", "type": "number" }],
        "file": place.path().join("rows.json"), "format": "json", "rows": 2000,
    });
    socket.write_all(format!("{order}\n").as_bytes()).expect("it is sent");
    let lines = BufReader::new(socket).lines().map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON"));
    let answers: Vec<Json> = lines.collect();
    let (last, steps) = answers.split_last().expect("an answer");
    assert_eq!(last["result"]["created"], 2000, "{answers:?}");
    let done: Vec<u64> = steps.iter().map(|step| step["step"]["done"].as_u64().expect("a step")).collect();
    assert!(
        !done.is_empty() && done.is_sorted() && steps.iter().all(|step| step["step"]["total"] == 2000),
        "{steps:?}"
    );
}

#[test]
fn a_backup_opens_as_a_data_directory() {
    let place = Place::new();
    place.ok(&["superuser", "create", EMAIL, PASSWORD]);
    let server = place.serve();
    std::fs::create_dir(place.path().join("copy")).expect("a directory");
    place.ok(&["backup", "copy/data.db"]);
    let (code, _) = place.failure(&["backup", "copy/data.db"]);
    assert_eq!(code, 1, "a backup must not replace a file");
    drop(server);
    std::fs::rename(place.path().join("copy"), place.path().join("data2")).expect("renamed");
    std::fs::remove_dir_all(place.path().join("data")).expect("removed");
    std::fs::rename(place.path().join("data2"), place.path().join("data")).expect("renamed");
    assert_eq!(place.ok(&["superuser", "list"]), format!("{EMAIL}\n"));
}

#[test]
fn the_document_of_a_directory_and_of_a_file() {
    let place = Place::new();
    place.ok(&["collections", "export", "schema.json"]);
    let read = |arguments: &[&str]| -> Json { serde_json::from_str(&place.ok(arguments)).expect("JSON") };
    let guest = read(&["openapi"]);
    assert!(guest["paths"]["/api/collections/users/records"]["post"].is_object());
    assert!(guest["paths"]["/api/settings"].is_null());
    let superuser = read(&["openapi", "--as", "superuser"]);
    assert!(superuser["paths"]["/api/settings"]["patch"].is_object());
    assert_eq!(read(&["openapi", "--as", "superuser", "--schema", "schema.json"]), superuser);
    place.ok(&["openapi", "--out", "openapi.json"]);
    assert!(place.path().join("openapi.json").is_file());
}
