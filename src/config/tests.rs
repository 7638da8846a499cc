use std::path::Path;

use expect_test::{Expect, expect};

use super::*;

fn from_text(text: &str) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    for (origin, dotted, given) in file::parse(Path::new("basalt.toml"), text)? {
        config.set(origin, &dotted, &given)?;
    }
    Ok(config)
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&from_text(text).expect_err(text).to_string());
}

#[test]
fn errors_name_file_line_key_and_expectation() {
    check(
        "\n[server]\nhtpp = \"x\"",
        expect!["basalt.toml:3: `server.htpp` is no known key; the nearest known one is `server.http`"],
    );
    check("dri = 'x'", expect!["basalt.toml:1: `dri` is no known key; the nearest known one is `dir`"]);
    check(
        "[sqlite]\n\ndurability = 'fast'",
        expect![[r#"basalt.toml:3: `sqlite.durability`: expected "full" or "normal", not the text "fast""#]],
    );
    check(
        "[server]\nhttp = 8090",
        expect![[
            r#"basalt.toml:2: `server.http`: expected an address and a port such as "127.0.0.1:8090", not the number 8090"#
        ]],
    );
    check(
        "[server]\nworkers = -1",
        expect![
            "basalt.toml:2: `server.workers`: expected a number of threads from 0 (one a core) to 256, not the number -1"
        ],
    );
    check(
        "[sqlite]\nquery_timeout_s = 1.5",
        expect![
            "basalt.toml:2: `sqlite.query_timeout_s`: expected a number of seconds from 1 to 3600, not a value of the type float"
        ],
    );
    check(
        "[server]\norigins = [1]",
        expect![[
            r#"basalt.toml:2: `server.origins`: expected a list of origins such as ["https://example.com"], or ["*"], not a value of the type list with something else than texts"#
        ]],
    );
    check(
        "dir = 'file:/nowhere/at/all'",
        expect!["basalt.toml:1: `dir`: can't read /nowhere/at/all: No such file or directory (os error 2)"],
    );
    check(
        "[database]\nurl = 'postgres://ann:s3cret@db1,db2:x/shop'",
        expect![[
            r#"basalt.toml:2: `database.url`: expected empty, or a URL such as postgres://user:password@host:5432/name, also with several hosts, not the text "postgres://***@db1,db2:x/shop""#
        ]],
    );
    check(
        "[database]\nreplica_urls = ['postgres://db1,db2/shop']",
        expect![[
            r#"basalt.toml:2: `database.replica_urls`: expected a list of URLs such as ["postgres://user:password@replica:5432/name"], each with one host, not a list"#
        ]],
    );
    assert!(from_text("dir = ").expect_err("no value").to_string().starts_with("basalt.toml:1: this is not TOML"));
}

#[test]
fn a_later_source_wins() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("mine.toml");
    std::fs::write(&path, "dir = 'file'\n[server]\nhttp = '127.0.0.1:1'\nworkers = 3\n").expect("a file");
    let mut sources = Sources {
        file: Some(path),
        environment: vec![
            ("HOME".into(), "/".into()),
            ("BASALT_DIR".into(), "environment".into()),
            ("BASALT_SERVER__HTTP".into(), "127.0.0.1:2".into()),
        ],
        flags: vec![("--http", "server.http", "127.0.0.1:3".into()), ("--origins", "server.origins", "a, b".into())],
    };
    let config = Config::load(&sources).expect("a configuration");
    assert_eq!(config.dir, Path::new("environment"));
    assert_eq!((config.server.http.as_str(), config.server.workers), ("127.0.0.1:3", 3));
    assert_eq!(config.server.origins, ["a", "b"]);
    sources.environment.push(("BASALT_SERVER__WORKERS".into(), "many".into()));
    let error = Config::load(&sources).expect_err("no number").to_string();
    assert!(error.starts_with("environment variable BASALT_SERVER__WORKERS: `server.workers`: expected"), "{error}");
}

#[test]
fn a_value_may_stand_in_a_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "from-file\n").expect("written");
    let config = from_text(&format!("dir = 'file:{}'", file.path().display())).expect("a configuration");
    assert_eq!(config.dir, Path::new("from-file"));
}

#[test]
fn the_example_has_every_key_with_its_default() {
    let example = include_str!("../../config.example.toml");
    let entries = file::parse(Path::new("config.example.toml"), example).expect("TOML");
    let named: Vec<String> = entries.into_iter().map(|(_, dotted, _)| dotted).collect();
    let (mut known, mut sorted) = (Config::keys(), named.clone());
    known.sort();
    sorted.sort();
    assert_eq!(sorted, known, "the keys of the example and of the code");
    assert_eq!(from_text(example).expect("a configuration"), Config::default());
    for key in named {
        let value = Config::default().get(&key).expect("a known key");
        let name = key.rsplit('.').next().expect("a name");
        assert!(example.contains(&format!("\n{name} = {value}\n")), "{key} = {value}");
    }
}
