//! TOML, environment and flags → one checked [`Config`]; what comes later wins.
//!
//! Each section has a file with its keys. A [`Key`](key::Key) is one line of data: how it is called, what it takes, how
//! it is set and how its value in force is written; the three sources and the check of `config.example.toml` all go
//! through that list, so a key can't exist in one of them only. Environment variables are called
//! `BASALT_SECTION__KEY` (`BASALT_DIR` for the key outside all sections).
//!
//! *Invariant:* a `Config` that [`Config::load`] returns is possible in every value, and a source that names an
//! unknown key is an error: nothing is ignored in silence. Nothing here opens anything but the file and what `file:`
//! values name. Start reading at [`Config::load`].

mod auth;
mod cache;
mod database;
mod database_url;
mod error;
mod feed;
mod file;
mod given;
mod key;
mod limits;
mod logs;
mod server;
mod sqlite;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use database_url::each_host;
pub use error::{ConfigError, Origin};
pub use logs::{LogFormat, LogLevel, LogOutput};
pub use sqlite::{Checkpoint, Durability};

use given::Given;
use key::Key;

/// The configuration in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The data directory.
    pub dir: PathBuf,
    pub server: server::Server,
    pub database: database::Database,
    pub sqlite: sqlite::Sqlite,
    pub cache: cache::Cache,
    pub feed: feed::Feed,
    pub limits: limits::Limits,
    pub auth: auth::Auth,
    pub logs: LogOutput,
}

/// Where values come from, in rising order of precedence.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file; `None` takes `basalt.toml` where there is one.
    pub file: Option<PathBuf>,
    /// The environment; only names that start with `BASALT_` are looked at.
    pub environment: Vec<(String, String)>,
    /// Flags as (name of the flag, dotted key, value).
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "basalt.toml";

const PREFIX: &str = "BASALT_";

const DIR: &[Key] = &[Key {
    name: "dir",
    expected: "the path of the data directory",
    set: |config, given| given.text().filter(|path| !path.is_empty()).map(|path| config.dir = path.into()),
    get: |config| key::quoted(&config.dir.to_string_lossy()),
}];

/// Every section in the order of the example file; the first has no name.
const SECTIONS: &[(&str, &[Key])] = &[
    ("", DIR),
    ("server", server::KEYS),
    ("database", database::KEYS),
    ("sqlite", sqlite::KEYS),
    ("cache", cache::KEYS),
    ("feed", feed::KEYS),
    ("limits", limits::KEYS),
    ("auth", auth::KEYS),
    ("logs", logs::KEYS),
];

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: "basalt_data".into(),
            server: server::Server::default(),
            database: database::Database::default(),
            sqlite: sqlite::Sqlite::default(),
            cache: cache::Cache::default(),
            feed: feed::Feed::default(),
            limits: limits::Limits::default(),
            auth: auth::Auth::default(),
            logs: LogOutput::default(),
        }
    }
}

impl Config {
    /// Lays the sources over the defaults.
    ///
    /// # Errors
    /// The first key that is unknown or whose value is of the wrong type or impossible; a file that can't be read.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (origin, dotted, given) in file::entries(sources.file.as_deref())? {
            config.set(origin, &dotted, &given)?;
        }
        for (name, value) in &sources.environment {
            if let Some(rest) = name.strip_prefix(PREFIX) {
                let dotted = rest.to_lowercase().replacen("__", ".", 1);
                config.set(Origin::Environment(name.clone()), &dotted, &Given::Raw(value.clone()))?;
            }
        }
        for (flag, dotted, value) in &sources.flags {
            config.set(Origin::Flag((*flag).to_owned()), dotted, &Given::Raw(value.clone()))?;
        }
        Ok(config)
    }

    /// Every known key, dotted, in the order of the example file.
    pub fn keys() -> Vec<String> {
        let dotted = |section: &str, key: &Key| match section {
            "" => key.name.to_owned(),
            section => format!("{section}.{}", key.name),
        };
        SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| dotted(section, key))).collect()
    }

    /// A key's value in force, as TOML; `None` for an unknown key.
    pub fn get(&self, dotted: &str) -> Option<String> {
        find(dotted).map(|key| (key.get)(self))
    }

    /// Threads that hash passwords.
    pub fn hash_threads(&self) -> usize {
        match self.auth.hash_threads {
            0 => cores().div_ceil(2).min(4),
            threads => threads,
        }
    }

    /// Threads that read besides the ones that handle requests.
    pub fn reader_threads(&self) -> usize {
        if self.sqlite.reader_threads == 0 { cores().clamp(2, 8) } else { self.sqlite.reader_threads }
    }

    /// Where the data is, for people: the directory, or the server without its password.
    pub fn data_place(&self) -> String {
        match self.database.url.as_str() {
            "" => self.dir.display().to_string(),
            _ => database_url::without_password(&self.database.url),
        }
    }

    /// Connections to a database server.
    pub fn pool_size(&self) -> usize {
        if self.database.pool_size == 0 { (cores() * 4).clamp(10, 64) } else { self.database.pool_size }
    }

    fn set(&mut self, origin: Origin, dotted: &str, given: &Given) -> Result<(), ConfigError> {
        let Some(key) = find(dotted) else {
            return Err(ConfigError::unknown(origin, dotted, &Self::keys()));
        };
        let resolved = given.resolve_file().map_err(|problem| ConfigError::at(origin.clone(), dotted, problem))?;
        (key.set)(self, &resolved).ok_or_else(|| ConfigError::impossible(origin, dotted, key.expected, given))
    }
}

fn find(dotted: &str) -> Option<&'static Key> {
    let (section, name) = dotted.split_once('.').unwrap_or(("", dotted));
    let (_, keys) = SECTIONS.iter().find(|(known, _)| *known == section)?;
    keys.iter().find(|key| key.name == name)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
