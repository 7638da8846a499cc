//! `[cache]`: what is kept in memory besides the pages of the database, and what nodes share besides it.

use super::database_url::hidden;
use super::given::Given;
use super::key::{Key, quoted};

#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// The room for lists that are asked for again while nothing changes; 0 keeps none.
    pub size_mib: u64,
    /// Where a Redis is, as `rediss://:password@host:6379/0`; empty where there is none.
    pub redis_url: String,
}

impl Default for Cache {
    fn default() -> Self {
        Self { size_mib: 64, redis_url: String::new() }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "size_mib",
        expected: "a number of mebibytes from 0 (off) to 65536",
        set: |config, given| given.number(0..=1 << 16).map(|number| config.cache.size_mib = number),
        get: |config| config.cache.size_mib.to_string(),
    },
    Key {
        name: "redis_url",
        expected: "empty, or a URL that starts with redis:// or rediss://",
        set: |config, given| url(given).map(|url| config.cache.redis_url = url),
        get: |config| quoted(&hidden(&config.cache.redis_url)),
    },
];

fn url(given: &Given) -> Option<String> {
    let leads_to_redis = |text: &str| {
        let parsed = url::Url::parse(text).ok();
        parsed.is_some_and(|url| ["redis", "rediss"].contains(&url.scheme()) && url.host().is_some())
    };
    given.text().filter(|text| text.is_empty() || leads_to_redis(text))
}
