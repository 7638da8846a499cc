//! Both servers, asked the same.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::data::{PEOPLE, ROOT};
use super::pocketbase::PocketBase;
use crate::app::{PASSWORD, TestApp};
use crate::client::{Client, Reply};

/// A place in [`Pair::callers`].
pub type Caller = usize;
const NAMES: [&str; 4] = ["guest", "superuser", "ada", "bob"];
pub const GUEST: Caller = 0;
pub const SUPERUSER: Caller = 1;
pub const ADA: Caller = 2;
pub const BOB: Caller = 3;

pub struct Pair {
    basalt: TestApp,
    pocketbase: PocketBase,
    /// By caller: the client of Basalt and the one of PocketBase.
    callers: Vec<(Client, Client)>,
    compared: usize,
    differences: Vec<String>,
}

impl Pair {
    pub async fn start(binary: &Path) -> Self {
        let (basalt, pocketbase) = (TestApp::start().await, PocketBase::start(binary).await);
        let guest = (basalt.guest(), pocketbase.guest());
        let superuser = (basalt.superuser().clone(), pocketbase.superuser.clone());
        Self { basalt, pocketbase, callers: vec![guest, superuser], compared: 0, differences: Vec::new() }
    }

    /// Makes the callers of [`data`](super::data) callers.
    pub async fn sign_in(&mut self) {
        self.callers[SUPERUSER] = self.signed_in("_superusers", ROOT).await;
        for (_, email) in &PEOPLE[..2] {
            let clients = self.signed_in("people", email).await;
            self.callers.push(clients);
        }
    }

    async fn signed_in(&self, collection: &str, email: &str) -> (Client, Client) {
        let form = json!({ "identity": email, "password": PASSWORD });
        let path = format!("/api/collections/{collection}/auth-with-password");
        let (basalt, pocketbase) = self.both(GUEST, Method::POST, &path, &[], Some(&form)).await;
        let client = |guest: &Client, reply: Reply| guest.with_token(reply.ok()["token"].as_str().expect("a token"));
        let (guest, other) = &self.callers[GUEST];
        (client(guest, basalt), client(other, pocketbase))
    }

    async fn both(
        &self,
        caller: Caller,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> (Reply, Reply) {
        let (basalt, pocketbase) = &self.callers[caller];
        let send = |client: &Client| {
            let mut request = client.request(method.clone(), path).query(query).header("x-probe", "Probe");
            if let Some(body) = body {
                request = request.json(body);
            }
            let client = client.clone();
            async move { client.send(request).await }
        };
        tokio::join!(send(basalt), send(pocketbase))
    }

    /// Prepares something: both must accept it.
    pub async fn both_do(&self, method: Method, path: &str, body: &Json) {
        let (basalt, pocketbase) = self.both(SUPERUSER, method, path, &[], Some(body)).await;
        assert!(pocketbase.status < 300, "PocketBase: {path} {body} {}", pocketbase.text);
        assert!(basalt.status < 300, "Basalt: {path} {body} {}", basalt.text);
    }

    /// Prepares something that both may refuse; whether both accepted it. A difference counts.
    pub async fn both_try(&mut self, path: &str, body: &Json) -> bool {
        let (basalt, pocketbase) = self.both(SUPERUSER, Method::PATCH, path, &[], Some(body)).await;
        self.compare(&format!("{path} {body}"), basalt.status.to_string(), pocketbase.status.to_string());
        basalt.status < 300 && pocketbase.status < 300
    }

    /// Compares status and, of a list, the ids. True if they agree.
    pub async fn list(
        &mut self,
        caller: Caller,
        what: &str,
        path: &str,
        query: &[(&str, &str)],
        wanted: Wanted,
    ) -> bool {
        let (basalt, pocketbase) = self.both(caller, Method::GET, path, query, None).await;
        let (left, right) = (Answer::of(&basalt, wanted), Answer::of(&pocketbase, wanted));
        if wanted == Wanted::NoFewer && right.ids.iter().all(|id| left.ids.contains(id)) && left.status == right.status
        {
            self.compared += 1;
            return true;
        }
        let what = format!("{} {what}", NAMES[caller]);
        self.compare(&what, left.to_string(), right.to_string())
    }

    /// Compares the status of a write and says what it was, if both are the same.
    pub async fn write(&mut self, caller: Caller, what: &str, method: Method, path: &str, body: &Json) -> Option<u16> {
        let (basalt, pocketbase) = self.both(caller, method, path, &[("probe", "5")], Some(body)).await;
        let what = format!("{} {what} {body}", NAMES[caller]);
        let same = self.compare(&what, basalt.status.to_string(), pocketbase.status.to_string());
        same.then_some(basalt.status)
    }

    /// How many answers have differed.
    pub fn differences(&self) -> usize {
        self.differences.len()
    }

    /// Takes a difference back that others explain.
    pub fn forget(&mut self, index: usize) {
        self.differences.remove(index);
    }

    fn compare(&mut self, what: &str, basalt: String, pocketbase: String) -> bool {
        self.compared += 1;
        if basalt != pocketbase {
            self.differences.push(format!("{what}\n    Basalt     {basalt}\n    PocketBase {pocketbase}"));
        }
        basalt == pocketbase
    }

    pub async fn finish(self) -> (usize, Vec<String>) {
        self.basalt.stop().await;
        drop(self.pocketbase);
        (self.compared, self.differences)
    }
}

/// What must be equal of two lists.
#[derive(Clone, Copy, PartialEq)]
pub enum Wanted {
    Records,
    Order,
    /// All records of PocketBase's list, and perhaps more: it lets related records count that the caller may not
    /// see, so that a list tells about them; Basalt does not.
    NoFewer,
}

#[derive(PartialEq)]
struct Answer {
    status: u16,
    total: Json,
    ids: Vec<String>,
}

impl Answer {
    fn of(reply: &Reply, wanted: Wanted) -> Self {
        let body = reply.json();
        let id = |item: &Json| item["id"].as_str().unwrap_or("?").trim_end_matches('0').to_owned();
        let mut ids: Vec<String> = body["items"].as_array().into_iter().flatten().map(id).collect();
        if wanted != Wanted::Order {
            ids.sort_unstable();
        }
        Self { status: reply.status, total: body["totalItems"].clone(), ids }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.status, self.total, self.ids.join(" "))
    }
}
