//! Keeps the house in order: which module may know which, where HTTP and SQL may appear, and that the map is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may mention whom, from the ground up. Everybody may use the modules of `GROUND`.
const ARROWS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("config", &[]),
    ("crypto", &[]),
    ("error", &[]),
    ("telemetry", &[]),
    ("cache", &[]),
    ("redis", &[]),
    ("store", &["redis"]),
    ("schema", &["store"]),
    ("query", &["schema", "store"]),
    ("settings", &["store", "schema"]),
    ("jobs", &["store"]),
    ("quota", &["redis", "store"]),
    ("logs", &["store", "settings", "query", "schema"]),
    ("records", &["store", "cache", "schema", "query", "settings"]),
    ("collections", &["store", "schema", "query", "settings", "records"]),
    ("auth", &["store", "schema", "query", "settings", "quota", "records", "collections"]),
    (
        "api",
        &["app", "auth", "collections", "jobs", "logs", "query", "quota", "records", "schema", "settings", "store"],
    ),
    (
        "app",
        &["auth", "collections", "jobs", "logs", "query", "quota", "records", "redis", "schema", "settings", "store"],
    ),
    ("cli", &["api", "app", "auth", "collections", "logs", "query", "records", "redis", "schema", "settings", "store"]),
    ("lib", &[]),
    ("main", &["cli"]),
    ("fuzzing", &["api", "query", "records"]),
];
const GROUND: &[&str] = &["clock", "config", "crypto", "error", "telemetry"];

/// Names that say nothing about what is inside.
const VAGUE_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];

/// Crates, by the start of their name, that only one folder may know.
const ONLY_IN: &[(&str, &str)] = &[
    ("actix_web", "src/api/"),
    ("actix_files", "src/api/"),
    ("actix_multipart", "src/api/"),
    ("rusqlite::", "src/store/sqlite/"),
    ("sqlx::", "src/store/postgres/"),
    ("use redis::", "src/redis/"),
];

/// Past this a file probably holds two things; such files are printed, not refused.
const LONG_FILE_LINES: usize = 500;

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The top module a file belongs to: `src/api/rest/form.rs` → `api`.
    fn module(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// The lines of code, without comments and without an inline test module.
    fn code(&self) -> impl Iterator<Item = &str> {
        let product = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        product.lines().filter(|line| !line.trim_start().starts_with("//"))
    }
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for source in sources("src", "rs") {
        let Some((_, allowed)) = ARROWS.iter().find(|(module, _)| *module == source.module()) else {
            wrong.push(format!("{}: add the module to the table of arrows", source.path));
            continue;
        };
        if source.is_test() {
            continue;
        }
        for mentioned in mentions(&source) {
            let fine = mentioned == source.module() || GROUND.contains(&&*mentioned) || allowed.contains(&&*mentioned);
            if !fine {
                wrong.push(format!("{}: may not use crate::{mentioned}", source.path));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn http_and_sql_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources("src", "rs").iter().filter(|source| !source.is_test()) {
        for (library, place) in ONLY_IN {
            if !source.path.starts_with(place) && source.code().any(|line| line.contains(library)) {
                wrong.push(format!("{}: only {place} may know {library}", source.path));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn names_say_what_is_inside() {
    let wrong: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| sources(folder, "rs"))
        .filter(|source| {
            Path::new(&source.path).with_extension("").iter().any(|part| VAGUE_NAMES.iter().any(|vague| part == *vague))
        })
        .map(|source| format!("{}: name it after what it holds", source.path))
        .collect();
    assert_none(&wrong);
}

#[test]
fn the_map_names_only_what_exists() {
    let map = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the map is part of the repository");
    let wrong: Vec<String> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            code.contains('/') && code.chars().all(|char| char.is_ascii_alphanumeric() || "/._-".contains(char))
        })
        .filter(|path| !path.starts_with('/'))
        .filter(|path| !root().join(path).try_exists().unwrap_or(false))
        .map(|path| format!("docs/ARCHITECTURE.md names {path}, which does not exist"))
        .collect();
    assert_none(&wrong);
}

#[test]
fn nothing_speaks_of_one_machine() {
    // Spelt in parts, so that this file does not find itself.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/tmp/", "brief"], ["/opt/", "pbvenv"]].map(|parts| parts.concat());
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches", "docs", ".ci"] {
        for source in sources(folder, "") {
            for place in &places {
                if source.text.contains(place.as_str()) {
                    wrong.push(format!("{}: names {place}", source.path));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn long_files_are_printed() {
    for source in sources("src", "rs") {
        let lines = source.text.lines().count();
        if lines > LONG_FILE_LINES {
            println!("{}: {lines} lines; look for the second noun", source.path);
        }
    }
}

#[test]
fn every_error_code_is_in_the_catalogue() {
    let catalogue = "src/error/codes.rs";
    let quoted = |source: &Source| -> Vec<String> {
        let words = source.code().flat_map(|line| line.split('"').skip(1).step_by(2));
        let words = words.filter(|word| word.chars().all(|char| char.is_ascii_lowercase() || char == '_'));
        words
            .filter(|word| {
                ["validation_", "batch_request_", "bulk_record_"].iter().any(|start| word.starts_with(start))
            })
            .map(String::from)
            .collect()
    };
    let (known, used): (Vec<Source>, Vec<Source>) = sources("src", "rs")
        .into_iter()
        .filter(|source| !source.is_test())
        .partition(|source| source.path == catalogue);
    let listed: Vec<String> = known.iter().flat_map(quoted).collect();
    let known: BTreeSet<String> = listed.iter().cloned().collect();
    let used: BTreeSet<String> = used.iter().flat_map(quoted).collect();
    let mut wrong: Vec<String> = used.difference(&known).map(|code| format!("{catalogue}: add {code}")).collect();
    wrong.extend(known.difference(&used).map(|code| format!("{catalogue}: nothing uses {code}")));
    assert_none(&wrong);
    assert_eq!(listed.len(), known.len(), "{catalogue} lists a code twice");
}

/// Every `crate::<module>` of a file.
fn mentions(source: &Source) -> BTreeSet<String> {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(module, _)| *module).collect();
    source
        .code()
        .flat_map(|line| line.split("crate::").skip(1))
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(first_word).collect::<Vec<_>>(),
            None => vec![first_word(rest)],
        })
        .filter(|word| known.contains(&**word))
        .collect()
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
}

/// All text files below a folder with this ending; an empty ending means all.
fn sources(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if entry.file_name() != "node_modules" {
                    folders.push(path);
                }
            } else if ending.is_empty() || path.extension().is_some_and(|extension| extension == ending) {
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let path = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
