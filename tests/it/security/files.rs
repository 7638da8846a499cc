//! What lies in the data directory is its owner's, whatever the directory was like before.

use std::os::unix::fs::PermissionsExt as _;

use crate::cli::process::{EMAIL, PASSWORD, Place};

#[test]
fn nobody_else_reads_the_data() {
    let place = Place::new();
    let data = place.path().join("data");
    std::fs::create_dir(&data).expect("a directory");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).expect("opened to all");
    place.ok(&["superuser", "create", EMAIL, PASSWORD]);
    let server = place.serve();
    place.ok(&["backup", "copy.db"]);
    let files = std::fs::read_dir(&data).expect("it is there").map(|entry| entry.expect("an entry").path());
    let files: Vec<_> = files.chain([place.path().join("copy.db")]).collect();
    assert!(files.iter().any(|file| file.ends_with("basalt.sock")), "{files:?}");
    for file in files {
        let mode = file.symlink_metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
    drop(server);
}

/// Neither the database nor the output of the server holds a password in clear.
#[test]
fn no_password_is_kept_in_clear() {
    let place = Place::new();
    place.ok(&["superuser", "create", EMAIL, "Tr0ub4dor&3"]);
    for entry in std::fs::read_dir(place.path().join("data")).expect("it is there") {
        let file = entry.expect("an entry").path();
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(11).any(|part| part == b"Tr0ub4dor&3"), "{}", file.display());
    }
}
