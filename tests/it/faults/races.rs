//! Many clients at the same few records: each record changes step by step for everybody, and rules, limits and unique
//! indexes hold (D4, D5).

use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::history::{History, Seen, rounds};
use crate::app::TestApp;
use crate::client::{Client, Reply};

const CLIENTS: u64 = 8;
const STEPS: usize = 40;
const RECORDS: usize = 3;
const SECONDS: u64 = 4;

const NOTES: &str = "/api/collections/notes/records";
const ACCOUNTS: &str = "/api/collections/accounts/records";
const BOOKINGS: &str = "/api/collections/bookings/records";
const BALANCE: i64 = 100;

async fn start() -> TestApp {
    let app = TestApp::start_with(|options| options.workers = Some(3)).await;
    app.superuser().patch("/api/settings", json!({ "batch": { "enabled": true, "maxRequests": 5 } })).await.ok();
    app
}

/// Runs the clients at once, each with a client and a generator of its own.
async fn together(app: &TestApp, seed: u64, work: impl AsyncFn(u64, Client, StdRng)) {
    join_all((0..CLIENTS).map(|number| work(number, app.guest(), StdRng::seed_from_u64(seed ^ (number + 1) << 32))))
        .await;
}

fn id(number: usize) -> String {
    format!("record{number:09}")
}

/// The revision in a tag `"<history>.<revision>-<hash>"`.
fn version(reply: &Reply) -> u64 {
    let tag = reply.header("etag");
    let revision = tag.split(['.', '-']).nth(1).and_then(|text| u64::from_str_radix(text, 16).ok());
    revision.unwrap_or_else(|| panic!("{} has the tag {tag:?}", reply.text))
}

#[tokio::test]
async fn a_record_changes_step_by_step_for_everybody() {
    let app = start().await;
    app.open_collection("notes", json!([])).await;
    rounds(SECONDS, async |seed| {
        let history = History::default();
        for number in 0..RECORDS {
            write_first(&app, &history, &id(number), seed).await;
        }
        together(&app, seed, async |number, client, mut random| {
            for step in 0..STEPS {
                let record = id(random.random_range(0..RECORDS));
                let value = format!("{seed}-{number}-{step}");
                one_step(&client, &history, &record, value, random.random_range(0..10)).await;
            }
        })
        .await;
        if let Err(wrong) = history.check() {
            panic!("seed {seed}: {wrong}");
        }
    })
    .await;
}

async fn write_first(app: &TestApp, history: &History, record: &str, seed: u64) {
    let (begin, value) = (history.begin(), format!("{seed}-first-{record}"));
    let one = format!("{NOTES}/{record}");
    let reply = match app.guest().get(&one).await.status {
        404 => app.guest().post(NOTES, json!({ "id": record, "title": value })).await,
        _ => app.guest().patch(&one, json!({ "title": value })).await,
    };
    reply.ok();
    history.saw(record, begin, Seen::Written { version: version(&reply), value, on: None });
}

async fn one_step(client: &Client, history: &History, record: &str, value: String, kind: u32) {
    let path = format!("{NOTES}/{record}");
    let title = |reply: &Reply| reply.ok()["title"].as_str().expect("a title").to_owned();
    let begin = history.begin();
    match kind {
        0..3 => {
            let reply = client.patch(&path, json!({ "title": value })).await;
            assert_eq!(title(&reply), value);
            history.saw(record, begin, Seen::Written { version: version(&reply), value, on: None });
        }
        3..6 => {
            let read = client.get(&path).await;
            history.saw(record, begin, Seen::Read { version: Some(version(&read)), value: title(&read) });
            let (on, begin) = (version(&read), history.begin());
            let request = client.request(Method::PATCH, &path).header("If-Match", read.header("etag"));
            let reply = client.send(request.json(&json!({ "title": value }))).await;
            let seen = match reply.status {
                412 => Seen::Refused { on },
                _ => {
                    assert_eq!(title(&reply), value);
                    Seen::Written { version: version(&reply), value, on: Some(on) }
                }
            };
            history.saw(record, begin, seen);
        }
        6..8 => {
            let list = client.get(&format!("{NOTES}?sort=id&skipTotal=1&fields=id,title")).await.ok();
            for item in list["items"].as_array().expect("items") {
                let [id, value] = ["id", "title"].map(|key| item[key].as_str().expect("a text").to_owned());
                history.saw(&id, begin, Seen::Read { version: None, value });
            }
        }
        _ => {
            let reply = client.get(&path).await;
            history.saw(record, begin, Seen::Read { version: Some(version(&reply)), value: title(&reply) });
        }
    }
}

#[tokio::test]
async fn transfers_keep_the_total() {
    let app = start().await;
    app.open_collection("accounts", json!([{ "name": "balance", "type": "number", "min": 0 }])).await;
    for number in 0..RECORDS {
        app.guest().post(ACCOUNTS, json!({ "id": id(number), "balance": BALANCE })).await.ok();
    }
    let done = Mutex::new(0);
    rounds(SECONDS, async |seed| {
        together(&app, seed, async |_, client, mut random| {
            for _ in 0..STEPS / 2 {
                let from = random.random_range(0..RECORDS);
                let to = (from + random.random_range(1..RECORDS)) % RECORDS;
                let amount = random.random_range(1..BALANCE);
                let reply = match random.random_bool(0.5) {
                    true => by_difference(&client, &id(from), &id(to), amount).await,
                    false => by_tags(&client, &id(from), &id(to), amount).await,
                };
                // A balance below zero, or a tag that is not the present one any more.
                assert!([200, 400, 412].contains(&reply.status), "seed {seed}: {} {}", reply.status, reply.text);
                *done.lock() += u64::from(reply.status == 200);
                assert_total(&client, seed).await;
            }
        })
        .await;
    })
    .await;
    assert!(*done.lock() > 10, "hardly any transfer was done");
}

/// The engine adds and subtracts; the field's minimum holds.
async fn by_difference(client: &Client, from: &str, to: &str, amount: i64) -> Reply {
    let change =
        |id: &str, key: &str| json!({ "method": "PATCH", "url": format!("{ACCOUNTS}/{id}"), "body": { key: amount } });
    client.post("/api/batch", json!({ "requests": [change(from, "balance-"), change(to, "balance+")] })).await
}

/// The client calculates, and both accounts must be as it read them.
async fn by_tags(client: &Client, from: &str, to: &str, amount: i64) -> Reply {
    let mut requests = Vec::new();
    for (id, difference) in [(from, -amount), (to, amount)] {
        let path = format!("{ACCOUNTS}/{id}");
        let read = client.get(&path).await;
        let balance = read.ok()["balance"].as_i64().expect("a balance") + difference;
        let headers = json!({ "If-Match": read.header("etag") });
        requests.push(json!({ "method": "PATCH", "url": path, "headers": headers, "body": { "balance": balance } }));
    }
    client.post("/api/batch", json!({ "requests": requests })).await
}

/// One list is one state: no money is on its way in it.
async fn assert_total(client: &Client, seed: u64) {
    let list = client.get(&format!("{ACCOUNTS}?skipTotal=1")).await.ok();
    let balances: Vec<i64> =
        list["items"].as_array().into_iter().flatten().filter_map(|item| item["balance"].as_i64()).collect();
    assert!(balances.iter().all(|balance| *balance >= 0), "seed {seed}: {balances:?}");
    assert_eq!(balances.iter().sum::<i64>(), BALANCE * RECORDS as i64, "seed {seed}: {balances:?}");
}

#[tokio::test]
async fn a_slot_is_booked_once() {
    let app = start().await;
    let model = json!({
        "name": "bookings", "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "deleteRule": "", "fields": [{ "name": "slot", "type": "number" }],
        "indexes": ["CREATE UNIQUE INDEX one_booking ON bookings (slot)"],
    });
    app.superuser().post("/api/collections", model).await.ok();
    let booked = Mutex::new(0);
    rounds(SECONDS, async |seed| {
        // Who holds each slot, from the answer to a booking until its end is asked for.
        let held: Arc<Vec<Mutex<Option<u64>>>> = Arc::new((0..RECORDS).map(|_| Mutex::new(None)).collect());
        together(&app, seed, async |number, client, mut random| {
            for _ in 0..STEPS {
                let slot = random.random_range(0..RECORDS);
                let reply = book(&client, slot, random.random_bool(0.3)).await;
                let Some(id) = reply else { continue };
                *booked.lock() += 1;
                let before = held[slot].lock().replace(number);
                assert_eq!(before, None, "seed {seed}: slot {slot} is booked by {number}, too");
                client.get(&format!("{BOOKINGS}/{id}")).await.ok();
                *held[slot].lock() = None;
                client.delete(&format!("{BOOKINGS}/{id}")).await.ok();
            }
        })
        .await;
        assert_eq!(app.guest().get(BOOKINGS).await.ok()["totalItems"], 0, "seed {seed}");
    })
    .await;
    assert!(*booked.lock() > 10, "hardly any booking was made");
}

/// The id of the booking, alone or from a batch; `None` where the slot is taken.
async fn book(client: &Client, slot: usize, in_batch: bool) -> Option<String> {
    let body = json!({ "slot": slot });
    let (reply, id): (Reply, fn(&Json) -> &Json) = if in_batch {
        let requests = json!([{ "method": "POST", "url": BOOKINGS, "body": body }]);
        (client.post("/api/batch", json!({ "requests": requests })).await, |body| &body[0]["body"]["id"])
    } else {
        (client.post(BOOKINGS, body).await, |body| &body["id"])
    };
    match reply.status {
        200 => Some(id(&reply.json()).as_str().expect("an id").to_owned()),
        _ => {
            reply.error(400);
            assert!(reply.text.contains("validation_not_unique"), "{}", reply.text);
            None
        }
    }
}
