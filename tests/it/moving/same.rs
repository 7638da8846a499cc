//! After the move both servers are asked the same, and must answer the same.
//!
//! Both get the same requests in the same order: reads, then writes, then the reads again. `MOVING_SEED` and
//! `MOVING_CASES` choose other generated requests and more of them; a failure prints the seed.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::app::{self, Caller, id};
use super::asks::{self, Ask};
use super::{generated, import};
use crate::app::PASSWORD;
use crate::cli::process::{Place, Server};
use crate::client::Client;
use crate::differential::pocketbase::{self, PocketBase};

const SEED: usize = 20_261_124;
const CASES: usize = 1600;
/// Reads that are under way together.
const AT_ONCE: usize = 8;
/// Up to here every whole number is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Differences that a failure prints.
const SHOWN: usize = 60;

/// Two servers with the same data.
pub struct Same {
    pub place: Place,
    _server: Server,
    pub report: Json,
    /// By caller: its name, the client of Basalt and that of PocketBase.
    callers: Vec<(&'static str, Client, Client)>,
    written: bool,
    compared: usize,
    succeeded: usize,
    differences: Vec<String>,
}

impl Same {
    /// Moves a directory and asks from then on beside `other`, a client of a server that has the same.
    pub fn new(source: &Path, other: &Client, callers: Vec<Caller>) -> Self {
        let place = Place::new();
        let report = import(&place, source, &[]);
        let server = place.serve();
        let address = server.url.trim_start_matches("http://").parse().expect("an address");
        let client = |(name, token): Caller| (name, Client::new(address, token.clone()), other.with(token));
        let callers = callers.into_iter().map(client).collect();
        Self {
            place,
            _server: server,
            report,
            callers,
            written: false,
            compared: 0,
            succeeded: 0,
            differences: Vec::new(),
        }
    }

    /// The kinds of what was not carried as it was.
    pub fn notes(&self) -> Vec<&str> {
        let notes = self.report["notCarried"].as_array().expect("a list");
        notes.iter().filter_map(|note| note["kind"].as_str()).collect()
    }

    pub fn client(&self, caller: &str) -> &Client {
        &self.callers.iter().find(|(name, ..)| *name == caller).expect("a caller").1
    }

    /// Asks as each caller, one after the other.
    pub async fn all_ask(&mut self, ask: &Ask) {
        for caller in 0..self.callers.len() {
            self.ask(caller, ask).await;
        }
    }

    /// Asks as somebody for each, one after the other.
    pub async fn write(&mut self, asks: &[(usize, Ask)]) {
        for (caller, ask) in asks {
            self.ask(*caller, ask).await;
        }
    }

    /// Asks what changes nothing, several at a time.
    pub async fn read(&mut self, asks: &[(usize, Ask)]) {
        for some in asks.chunks(AT_ONCE) {
            let outcomes = join_all(some.iter().map(|(caller, ask)| self.answers(*caller, ask))).await;
            outcomes.into_iter().for_each(|outcome| self.note(outcome));
        }
    }

    async fn ask(&mut self, caller: usize, ask: &Ask) {
        self.written |= ask.0 != reqwest::Method::GET;
        let outcome = self.answers(caller, ask).await;
        self.note(outcome);
    }

    fn note(&mut self, outcome: Result<u16, String>) {
        self.compared += 1;
        match outcome {
            Ok(status) => self.succeeded += usize::from(status < 300),
            Err(difference) => self.differences.push(difference),
        }
    }

    /// The status that both answer, or how they differ.
    async fn answers(&self, caller: usize, (method, path, body): &Ask) -> Result<u16, String> {
        let (name, ours, other) = &self.callers[caller % self.callers.len()];
        let answer = async |client: &Client| {
            let mut request = client.request(method.clone(), path);
            if !body.is_null() {
                request = request.json(body);
            }
            let reply = client.send(request).await;
            (reply.status, comparable(reply.json(), self.written))
        };
        let ((status, ours), (other_status, other)) = tokio::join!(answer(ours), answer(other));
        if (status, &ours) == (other_status, &other) {
            return Ok(status);
        }
        let what = difference(&ours, &other);
        Err(format!("{name} {method} {path} {body}\n  {status} {other_status} {what}"))
    }

    /// All answers must have been the same.
    pub fn finish(self, seed: usize) {
        let shown: Vec<String> = self.differences.iter().take(SHOWN).cloned().collect();
        let count = self.differences.len();
        assert!(count == 0, "{count} of {} differ (MOVING_SEED={seed}):\n{}", self.compared, shown.join("\n"));
        eprintln!("{} answers agree with PocketBase, {} of them successes", self.compared, self.succeeded);
    }
}

/// Where two answers differ first.
fn difference(ours: &Json, other: &Json) -> String {
    match (ours, other) {
        (Json::Object(left), Json::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            let mut differing = keys.filter(|key| left.get(*key) != right.get(*key));
            let none = Json::Null;
            let part = |key: &String| {
                let inner = difference(left.get(key).unwrap_or(&none), right.get(key).unwrap_or(&none));
                format!(".{key}{inner}")
            };
            differing.next().map(part).unwrap_or_default()
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => {
            let position = (0..left.len()).find(|&position| left[position] != right[position]);
            position
                .map(|position| format!("[{position}]{}", difference(&left[position], &right[position])))
                .unwrap_or_default()
        }
        _ => format!(" {ours}\n  {other}"),
    }
}

/// Without what is told in own words or made up by each server, and after writes without their times.
fn comparable(mut json: Json, written: bool) -> Json {
    match &mut json {
        Json::Object(map) => {
            map.shift_remove("message");
            let made_up: &[&str] =
                if written { &["token", "mfaId", "updated", "created"] } else { &["token", "mfaId"] };
            for key in made_up {
                if let Some(value) = map.get_mut(*key) {
                    *value = "…".into();
                }
            }
            // Keys are compared, not their order.
            map.sort_keys();
            map.values_mut().for_each(|value| *value = comparable(value.take(), written));
        }
        Json::Array(list) => list.iter_mut().for_each(|value| *value = comparable(value.take(), written)),
        // The same number may be written with a point or an exponent.
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            if number.fract() == 0.0 && number.abs() < EXACT {
                json = Json::from(number as i64);
            }
        }
        _ => {}
    }
    json
}

pub fn variable(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_app_answers_as_before() {
    let Some(binary) = pocketbase::binary() else {
        eprintln!("skipped: no PocketBase binary in $POCKETBASE, the PATH or $BASALT_TEST_CACHE");
        return;
    };
    let (seed, cases) = (variable("MOVING_SEED", SEED), variable("MOVING_CASES", CASES));
    let pocketbase = PocketBase::start(&binary).await;
    let callers = app::fill(&pocketbase.superuser).await;
    // While its server runs.
    let source = pocketbase.dir().join("data");
    let mut same = Same::new(&source, &pocketbase.superuser, callers);
    assert_eq!(same.notes(), ["settings"], "{}", same.report);
    assert!(same.report["logEntries"].as_u64() > Some(100), "{}", same.report);
    let storage = |dir: &Path| files(&dir.join("storage"));
    assert_eq!(storage(&same.place.path().join("data")), storage(&source), "the files lie where they lay");
    settings_are_the_same(&same, &pocketbase.superuser).await;
    // Of each record with files one goes, whose name nobody could know before.
    let documents = pocketbase.superuser.get("/api/collections/documents/records").await.ok();
    let (reads, writes) = (asks::reads(), asks::writes(&documents));
    let generated = generated::asks(seed, cases);
    let mut all_reads = generated.reads;
    all_reads.extend(asks::by_all(&reads, same.callers.len()));
    same.read(&all_reads).await;
    for ask in &writes {
        same.all_ask(ask).await;
    }
    same.write(&generated.writes).await;
    same.read(&all_reads).await;
    same.finish(seed);
}

/// Of the groups that there are here.
async fn settings_are_the_same(same: &Same, other: &Client) {
    let ours = same.client("superuser").get("/api/settings").await.ok();
    let other = other.get("/api/settings").await.ok();
    for (group, value) in ours.as_object().expect("groups") {
        assert_eq!(value, &other[group], "{group}");
    }
}

/// Every file below a directory with its bytes.
pub fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push((
                    path.strip_prefix(dir).expect("below it").to_owned(),
                    std::fs::read(&path).expect("a file"),
                ));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_are_the_old_ones() {
    let Some(binary) = pocketbase::binary() else { return };
    let pocketbase = PocketBase::start(&binary).await;
    let callers = app::fill(&pocketbase.superuser).await;
    let mut same = Same::new(&pocketbase.dir().join("data"), &pocketbase.superuser, callers);
    for (collection, identity) in [
        ("users", "ada@example.com"),
        ("members", "free@example.com"),
        ("members", "free"),
        ("members", "two"),
        ("members", "barred@example.com"),
        ("_superusers", crate::app::SUPERUSER_EMAIL),
    ] {
        for password in [PASSWORD, "another password"] {
            let path = format!("/api/collections/{collection}/auth-with-password");
            let form = json!({ "identity": identity, "password": password });
            same.ask(0, &(reqwest::Method::POST, path, form)).await;
        }
    }
    // What was under way goes on.
    for (code, factor, password) in [(7, None, "wrong"), (7, None, "654321"), (8, Some(9), "654321")] {
        let path = "/api/collections/members/auth-with-otp".to_owned();
        let form = json!({ "otpId": id(code), "password": password, "mfaId": factor.map(id) });
        same.ask(0, &(reqwest::Method::POST, path, form)).await;
    }
    assert_eq!(same.succeeded, 6, "those with the right password or code, and both factors");
    same.finish(0);
}
