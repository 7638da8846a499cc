//! What is measured: each scenario gives the next request of a connection.

use serde_json::json;

use crate::client::{request, request_with};
use crate::data::{Data, STATUSES, post};
use crate::postgres::{Parameter, Postgres};

pub struct Scenario {
    pub name: &'static str,
    /// Operations that one request stands for.
    pub operations: usize,
    /// Basalt's CPU per operation is to be at most this share of PocketBase's: 1 / `share`.
    pub share: f64,
    pub make: fn(&Data, &mut Random) -> Vec<u8>,
}

/// Reading comes first: the faster server would otherwise read among the more rows that it wrote.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "health", operations: 1, share: 7.0, make: |_, _| request("GET", "/api/health", "", None) },
    Scenario { name: "view", operations: 1, share: 8.0, make: view },
    Scenario { name: "list", operations: 1, share: 9.0, make: |data, random| fresh_list(data, random, "&skipTotal=1") },
    Scenario { name: "list+total", operations: 1, share: 7.0, make: |data, random| fresh_list(data, random, "") },
    Scenario {
        name: "list+expand",
        operations: 1,
        share: 9.0,
        make: |data, random| fresh_list(data, random, "&skipTotal=1&expand=author"),
    },
    Scenario {
        name: "list cached",
        operations: 1,
        share: 20.0,
        make: |data, random| request("GET", &list_path(random, "", "&skipTotal=1"), &data.user_token, None),
    },
    Scenario { name: "list 304", operations: 1, share: 20.0, make: known_list },
    Scenario {
        name: "mixed",
        operations: 1,
        share: 7.0,
        make: |data, random| if random.below(5) == 0 { create(data, random) } else { view(data, random) },
    },
    Scenario { name: "create", operations: 1, share: 6.0, make: create },
    Scenario { name: "batch", operations: 50, share: 11.0, make: batch },
];

fn create(data: &Data, random: &mut Random) -> Vec<u8> {
    let body = post(random.below(1_000_000), &data.user_id).to_string();
    request("POST", "/api/collections/posts/records", &data.user_token, Some(body.as_bytes()))
}

fn view(data: &Data, random: &mut Random) -> Vec<u8> {
    let id = &data.post_ids[random.below(data.post_ids.len())];
    request("GET", &format!("/api/collections/posts/records/{id}"), &data.user_token, None)
}

/// A list that nobody asked for before, so that it can't come from memory: its condition names a moment long past.
fn fresh_list(data: &Data, random: &mut Random, more: &str) -> Vec<u8> {
    let (second, ms) = (random.below(60), random.below(1000));
    let condition = format!("%26%26created%3E'2001-01-01%2000:00:{second:02}.{ms:03}Z'");
    request("GET", &list_path(random, &condition, more), &data.user_token, None)
}

/// One of a few lists, by a client that has the answer.
fn known_list(data: &Data, random: &mut Random) -> Vec<u8> {
    let path = list_path(random, "", "&skipTotal=1");
    request_with("GET", &path, &data.user_token, "If-None-Match: *\r\n", None)
}

/// The single statement of PostgreSQL that one operation is, with parameters like those of Basalt. To be asked when the
/// operation was the last thing that was done.
pub fn statement(scenario: &Scenario, data: &Data, postgres: &Postgres) -> Option<(String, Vec<Parameter>)> {
    let text = |text: &str| Parameter::Text(text.to_owned());
    match scenario.name {
        "view" => {
            let parameters = vec![text(&data.post_ids[0]), text("1"), text("1")];
            Some((postgres.last_statement("FROM \"posts\" AS \"r\" LEFT JOIN"), parameters))
        }
        "create" => {
            let version = postgres.ask("SELECT schema_version FROM _state");
            let author = &data.user_id;
            let row = post(1, author);
            let of_row = |name: &str| Parameter::Text(row[name].as_str().unwrap_or_default().to_owned());
            let (now, image) = ("2026-01-01 00:00:00.000Z", format!("\\x{}", hex(row.to_string().as_bytes())));
            let mut parameters = vec![text(&version), text(&format!("{{{author}}}")), Parameter::Fresh];
            parameters.extend([Parameter::Fresh, of_row("title"), of_row("body"), of_row("status"), text("1.5")]);
            parameters.extend([text(author), text(now), text(now), Parameter::Fresh, text(author), text(&image)]);
            Some((postgres.last_statement("INSERT INTO \"posts\""), parameters))
        }
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list_path(random: &mut Random, condition: &str, more: &str) -> String {
    let status = random.below(STATUSES);
    format!("/api/collections/posts/records?perPage=30&filter=status%3D's{status}'{condition}&sort=-created{more}")
}

fn batch(data: &Data, random: &mut Random) -> Vec<u8> {
    let requests: Vec<_> = (0..50)
        .map(|_| json!({ "method": "POST", "url": "/api/collections/posts/records", "body": post(random.below(1_000_000), &data.user_id) }))
        .collect();
    let body = json!({ "requests": requests }).to_string();
    request("POST", "/api/batch", &data.user_token, Some(body.as_bytes()))
}

/// A small generator of our own, so that every run sends the same requests.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
