//! `[database]`: the server that holds the data, where it is not the embedded engine.

use super::database_url::{each_host, without_password};
use super::given::Given;
use super::key::{Key, quoted, quoted_list};

#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// Where PostgreSQL is, as `postgres://user:password@host:port/name?sslmode=verify-full`; empty for the embedded
    /// engine in the data directory. Of several hosts (`host1:port1,host2:port2`) the one that takes writes is used.
    pub url: String,
    /// The same server without a pooler in between; empty where there is none.
    pub direct_url: String,
    /// Standbys that reads may go to, each as a URL of one host.
    pub replica_urls: Vec<String>,
    /// Connections at most; 0 is four a core, at least 10 and at most 64.
    pub pool_size: usize,
    /// How long a request waits for a free connection; 0 refuses it at once.
    pub wait_s: u64,
    pub query_timeout_s: u64,
    /// How long a start waits for a server that is away.
    pub start_wait_s: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: String::new(),
            direct_url: String::new(),
            replica_urls: Vec::new(),
            pool_size: 0,
            wait_s: 5,
            query_timeout_s: 30,
            start_wait_s: 60,
        }
    }
}

const URL: &str = "empty, or a URL such as postgres://user:password@host:5432/name, also with several hosts";

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "url",
        expected: URL,
        set: |config, given| url(given).map(|url| config.database.url = url),
        get: |config| shown(&config.database.url),
    },
    Key {
        name: "direct_url",
        expected: URL,
        set: |config, given| url(given).map(|url| config.database.direct_url = url),
        get: |config| shown(&config.database.direct_url),
    },
    Key {
        name: "replica_urls",
        expected: "a list of URLs such as [\"postgres://user:password@replica:5432/name\"], each with one host",
        set: |config, given| replicas(given).map(|urls| config.database.replica_urls = urls),
        get: |config| {
            let shown: Vec<String> = config.database.replica_urls.iter().map(|url| without_password(url)).collect();
            quoted_list(&shown)
        },
    },
    Key {
        name: "pool_size",
        expected: "a number of connections from 0 (by the cores) to 1000",
        set: |config, given| given.number(0..=1000).map(|number| config.database.pool_size = number as usize),
        get: |config| config.database.pool_size.to_string(),
    },
    Key {
        name: "wait_s",
        expected: "a number of seconds from 0 to 300",
        set: |config, given| given.number(0..=300).map(|number| config.database.wait_s = number),
        get: |config| config.database.wait_s.to_string(),
    },
    Key {
        name: "query_timeout_s",
        expected: "a number of seconds from 1 to 3600",
        set: |config, given| given.number(1..=3600).map(|number| config.database.query_timeout_s = number),
        get: |config| config.database.query_timeout_s.to_string(),
    },
    Key {
        name: "start_wait_s",
        expected: "a number of seconds from 0 to 86400",
        set: |config, given| given.number(0..=86400).map(|number| config.database.start_wait_s = number),
        get: |config| config.database.start_wait_s.to_string(),
    },
];

fn url(given: &Given) -> Option<String> {
    given.text().filter(|text| text.is_empty() || each_host(text).is_some())
}

fn replicas(given: &Given) -> Option<Vec<String>> {
    let one_host = |url: &String| each_host(url).is_some_and(|hosts| hosts.len() == 1);
    given.list().filter(|urls| urls.iter().all(one_host))
}

fn shown(url: &str) -> String {
    quoted(&without_password(url))
}
