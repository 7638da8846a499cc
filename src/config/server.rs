//! `[server]`: where to listen and what to serve beside the API.

use std::path::PathBuf;

use super::key::{Key, quoted, quoted_list};

#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// `ADDR:PORT`; port 0 takes a free one.
    pub http: String,
    /// Origins that browsers may call from; `*` is every one.
    pub origins: Vec<String>,
    /// The folder of static files.
    pub public_dir: PathBuf,
    /// Whether an unknown path gets the `index.html` of the public folder.
    pub index_fallback: bool,
    /// Threads that handle requests; 0 takes one a core.
    pub workers: usize,
    pub header_timeout_s: u64,
    pub body_timeout_s: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            http: "127.0.0.1:8090".into(),
            origins: vec!["*".into()],
            public_dir: "public".into(),
            index_fallback: true,
            workers: 0,
            header_timeout_s: 60,
            body_timeout_s: 300,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "http",
        expected: "an address and a port such as \"127.0.0.1:8090\"",
        set: |config, given| given.text().filter(|text| is_address(text)).map(|text| config.server.http = text),
        get: |config| quoted(&config.server.http),
    },
    Key {
        name: "origins",
        expected: "a list of origins such as [\"https://example.com\"], or [\"*\"]",
        set: |config, given| given.list().filter(|list| !list.is_empty()).map(|list| config.server.origins = list),
        get: |config| quoted_list(&config.server.origins),
    },
    Key {
        name: "public_dir",
        expected: "the path of a folder",
        set: |config, given| {
            given.text().filter(|text| !text.is_empty()).map(|text| config.server.public_dir = text.into())
        },
        get: |config| quoted(&config.server.public_dir.to_string_lossy()),
    },
    Key {
        name: "index_fallback",
        expected: "true or false",
        set: |config, given| given.boolean().map(|flag| config.server.index_fallback = flag),
        get: |config| config.server.index_fallback.to_string(),
    },
    Key {
        name: "workers",
        expected: "a number of threads from 0 (one a core) to 256",
        set: |config, given| given.number(0..=256).map(|number| config.server.workers = number as usize),
        get: |config| config.server.workers.to_string(),
    },
    Key {
        name: "header_timeout_s",
        expected: "a number of seconds from 1 to 3600",
        set: |config, given| given.number(1..=3600).map(|number| config.server.header_timeout_s = number),
        get: |config| config.server.header_timeout_s.to_string(),
    },
    Key {
        name: "body_timeout_s",
        expected: "a number of seconds from 1 to 3600",
        set: |config, given| given.number(1..=3600).map(|number| config.server.body_timeout_s = number),
        get: |config| config.server.body_timeout_s.to_string(),
    },
];

/// `HOST:PORT` with a host that is not empty; whether it is ours shows when it is bound.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
