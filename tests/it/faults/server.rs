//! A database server that goes away and comes back, is too busy, or is none that can be used.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use basalt::store::postgres::{Engine, Options};
use basalt::store::{Store, StoreError};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::app::TestApp;
use crate::client::Client;
use crate::database::{self, Database};

/// What happens to bytes on the way to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Every connection is cut, and a new one ends at once.
    Cut,
    /// Connections stand, but nothing comes through.
    Silent,
}

/// Stands between Basalt and the server.
struct Gate {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Gate {
    async fn new(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, receiver) = watch::channel(way);
        let server = database::address();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(stream, server.clone(), receiver.clone()));
            }
        });
        Self { address, way: sender }
    }

    fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// The same database, by way of the gate.
    fn url(&self, url: &str) -> String {
        url.replace(&database::address(), &self.address.to_string())
    }
}

async fn forward(mut from: TcpStream, server: String, mut way: watch::Receiver<Way>) {
    loop {
        match *way.borrow_and_update() {
            Way::Cut => return,
            Way::Silent => {}
            Way::Open => break,
        }
        if way.changed().await.is_err() {
            return;
        }
    }
    let Ok(mut to) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut from, &mut to) => {}
        () = async { while *way.borrow_and_update() == Way::Open && way.changed().await.is_ok() {} } => {}
    }
    // Held without a word until something changes again.
    if *way.borrow() == Way::Silent {
        let _ = way.changed().await;
    }
}

fn skipped(app: &TestApp) -> bool {
    if !app.is_postgres() {
        eprintln!("skipped: the embedded engine has no server that could be away");
    }
    !app.is_postgres()
}

const NOTES: &str = "/api/collections/notes/records";

/// Asks until the server says that it is ready.
async fn until_ready(guest: &Client) {
    let start = Instant::now();
    while guest.get("/api/ready").await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come back");
    }
}

async fn refused(guest: &Client) {
    for reply in [
        guest.get(&format!("{NOTES}?filter=title!='x'")).await,
        guest.post(NOTES, json!({ "title": "refused" })).await,
        guest.get("/api/ready").await,
    ] {
        reply.error(503);
        assert_eq!(reply.header("retry-after"), "1");
    }
    guest.get("/api/health").await.ok();
}

#[tokio::test]
async fn a_server_that_goes_away_is_found_again() {
    if !database::is_postgres() {
        return eprintln!("skipped: the embedded engine has no server that could be away");
    }
    let gate = Gate::new(Way::Open).await;
    let app = TestApp::start_configured(|config| config.database.url = gate.url(&config.database.url)).await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    guest.post(NOTES, json!({ "title": "before" })).await.ok();
    for round in 0..3 {
        gate.set(Way::Cut);
        // The first request to find out may be the one that was on its way.
        guest.get(&format!("{NOTES}?filter=title!='{round}'")).await.error(503);
        refused(&guest).await;
        gate.set(Way::Open);
        until_ready(&guest).await;
        guest.post(NOTES, json!({ "title": round.to_string() })).await.ok();
    }
    assert_eq!(guest.get(NOTES).await.ok()["totalItems"], 4, "what was refused is not there");
}

#[tokio::test]
async fn a_server_that_says_nothing_holds_nobody_for_ever() {
    if !database::is_postgres() {
        return eprintln!("skipped: the embedded engine has no server that could be silent");
    }
    let gate = Gate::new(Way::Open).await;
    let app = TestApp::start_configured(|config| {
        config.database.url = gate.url(&config.database.url);
        config.database.query_timeout_s = 1;
    })
    .await;
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    guest.post(NOTES, json!({ "title": "before" })).await.ok();
    gate.set(Way::Silent);
    let start = Instant::now();
    guest.get(&format!("{NOTES}?filter=title!='x'")).await.error(503);
    guest.post(NOTES, json!({ "title": "lost" })).await.error(503);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    guest.get("/api/health").await.ok();
    gate.set(Way::Open);
    until_ready(&guest).await;
    guest.post(NOTES, json!({ "title": "after" })).await.ok();
}

#[tokio::test]
async fn a_request_waits_for_a_connection_but_not_for_ever() {
    let app = TestApp::start_configured(|config| {
        config.database.pool_size = 2;
        config.database.wait_s = 0;
    })
    .await;
    if skipped(&app) {
        return;
    }
    app.open_collection("notes", json!([])).await;
    let guest = app.guest();
    let mut holders = Vec::new();
    while holders.len() < 2 {
        let ((held, holds), (release, released)) = (oneshot::channel(), oneshot::channel::<()>());
        let store = app.app.store.clone();
        let holder = tokio::spawn(async move {
            let hold = async move |_tx| {
                held.send(()).map_err(|()| StoreError::Closed)?;
                released.await.map_err(|_| StoreError::Closed)
            };
            store.transaction(hold).await
        });
        // Work in the background may have been faster.
        if holds.await.is_ok() {
            holders.push((release, holder));
        }
    }
    refused(&guest).await;
    for (release, holder) in holders {
        release.send(()).expect("the transaction waits");
        holder.await.expect("no panic").expect("it commits");
    }
    until_ready(&guest).await;
    guest.post(NOTES, json!({ "title": "after" })).await.ok();
    assert_eq!(guest.get(NOTES).await.ok()["totalItems"], 1);
}

#[tokio::test]
async fn a_server_that_can_not_be_used_is_named_in_one_sentence() {
    let Some(database) = Database::create().await else {
        return eprintln!("skipped: the embedded engine has no server");
    };
    let url = database.url();
    let user = |name: &str| url.replace("://basalt@", &format!("://{name}@"));
    let missing = format!("{url}_missing");
    assert!(database::refusal(missing).await.contains("there is no database"));
    assert!(database::refusal("postgres://basalt@127.0.0.1:1/x".into()).await.contains("is away: 127.0.0.1:1"));
    // The server's own rules ask this role, and none else, for a password.
    database::run("DO $$ BEGIN CREATE ROLE locked LOGIN PASSWORD 'right'; EXCEPTION WHEN OTHERS THEN NULL; END $$")
        .await;
    assert!(database::refusal(user("locked:wrong")).await.contains("refuses the password of the role \"locked\""));
    let told = database::refusal(user("locked:right")).await;
    assert!(told.contains("GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"locked\""), "{told}");
    database.run("INSERT INTO _migrations VALUES (9999, 'later', 9999, '')").await;
    assert!(database::refusal(url.clone()).await.contains("written by a later version"));
}

#[tokio::test]
async fn a_start_waits_for_a_server_that_is_away() {
    let Some(database) = Database::create().await else {
        return eprintln!("skipped: the embedded engine has no server");
    };
    let gate = Gate::new(Way::Cut).await;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let patient = Options { start_wait_ms: 30_000, ..database::options(dir.path(), gate.url(&database.url())) };
    let opening = tokio::spawn(Engine::open(patient));
    tokio::task::yield_now().await;
    gate.set(Way::Open);
    let store = Store::Postgres(opening.await.expect("no panic").expect("it starts"));
    assert!(store.ready());
    store.close().await;
    assert!(!store.ready());
}
