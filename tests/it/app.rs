//! A running server of its own for each test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use basalt::api::{self, Options, Running};
use basalt::app::App;
use basalt::clock::Clock;
use basalt::config::Config;
use basalt::query::{Caller, Request};
use basalt::records::{Shape, Terms};
use basalt::schema::{Record, SUPERUSERS_ID};
use basalt::store::Table;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::database::Database;

pub const PASSWORD: &str = "correct horse";
pub const SUPERUSER_EMAIL: &str = "root@example.com";
pub const ADA_EMAIL: &str = "ada@example.com";

pub struct TestApp {
    pub address: SocketAddr,
    pub app: App,
    running: Running,
    superuser: Client,
    /// Kept until the end, as its drop deletes the data.
    dir: TempDir,
    /// Where the data is if not in the directory.
    database: Option<Database>,
}

impl TestApp {
    /// A server with a superuser and with the default collections.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other options of the server.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::create(Clock::system(), |_, options| change(options)).await
    }

    /// The same under another configuration.
    pub async fn start_configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::create(Clock::system(), |config, _| change(config)).await
    }

    /// The same under a clock that the test moves.
    pub async fn start_at(clock: &Clock) -> Self {
        Self::create(clock.clone(), |_, _| {}).await
    }

    async fn create(clock: Clock, change: impl FnOnce(&mut Config, &mut Options)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self::open(dir, Database::create().await, clock, None, change).await
    }

    /// Another server over the same database; `None` on the embedded engine, where there is no other.
    pub async fn beside(&self) -> Option<Self> {
        self.beside_configured(|_| {}).await
    }

    /// The same under another configuration.
    pub async fn beside_configured(&self, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let database = self.database.as_ref()?;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (clock, token) = (self.app.clock.clone(), self.superuser.token.clone());
        let configure = |config: &mut Config, _: &mut Options| {
            database.configure(config);
            change(config);
        };
        Some(Self::open(dir, None, clock, token, configure).await)
    }

    /// A server over the database of this URL, beside another one if there is one already.
    pub async fn over(url: &str, other: Option<&Self>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let token = other.and_then(|other| other.superuser.token.clone());
        let configure = |config: &mut Config| {
            config.database.url = url.to_owned();
            config.database.pool_size = 8;
            change(config);
        };
        Self::open(dir, None, Clock::system(), token, |config, _| configure(config)).await
    }

    /// The database of this server.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("not the embedded engine")
    }

    /// Cuts every connection and serves the same data again.
    pub async fn restart(self) -> Self {
        self.running.abort().await;
        self.app.close().await;
        Self::open(self.dir, self.database, self.app.clock.clone(), self.superuser.token.clone(), |_, _| {}).await
    }

    /// `token` is that of the superuser, if there is one already.
    async fn open(
        dir: TempDir,
        database: Option<Database>,
        clock: Clock,
        token: Option<String>,
        change: impl FnOnce(&mut Config, &mut Options),
    ) -> Self {
        let mut config = Config { dir: dir.path().join("data"), ..Config::default() };
        let mut options = Options { address: "127.0.0.1:0".into(), workers: Some(1), ..Options::default() };
        if let Some(database) = &database {
            database.configure(&mut config);
        }
        change(&mut config, &mut options);
        let app = App::open(config, clock).await.expect("the app opens");
        app.start().expect("a thread");
        let running = api::serve(app.clone(), options).await.expect("a free port");
        let address = running.address();
        let token = match token {
            Some(token) => token,
            None => superuser_token(&app, &create_superuser(&app).await).await,
        };
        Self { address, app, running, superuser: Client::new(address, Some(token)), dir, database }
    }

    /// Waits until this node has heard of all that was written so far, its own writes included: until then it takes what it
    /// keeps for older than that.
    pub async fn hear(&self) {
        let Some(database) = &self.database else { return };
        let table = Table { number: 1_000_000, name: String::new(), columns: Vec::new(), id_column: 0 };
        let heard = || self.app.store.generation(&table);
        let before = until(heard).await;
        database.run("INSERT INTO _feed (rev, coll, rec, op) VALUES (nextval('_rev'), 1000000, '', 1)").await;
        until(|| heard().filter(|now| *now != before)).await;
    }

    /// Stops as the process does on a signal.
    pub async fn stop(self) {
        self.running.stop().await;
        self.app.close().await;
    }

    /// Whether the data is on a server instead of in the directory.
    pub fn is_postgres(&self) -> bool {
        self.database.is_some()
    }

    pub fn guest(&self) -> Client {
        Client::new(self.address, None)
    }

    pub fn superuser(&self) -> &Client {
        &self.superuser
    }

    /// A user of the default collection, created on the way.
    pub async fn ada(&self) -> Client {
        let body = json!({ "email": ADA_EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD, "name": "Ada" });
        self.superuser.post("/api/collections/users/records", body).await.ok();
        let form = json!({ "identity": ADA_EMAIL, "password": PASSWORD });
        let signed_in = self.guest().post("/api/collections/users/auth-with-password", form).await.ok();
        Client::new(self.address, signed_in["token"].as_str().map(str::to_owned))
    }

    /// A base collection that everybody may use, with a field `title` and whatever else is given.
    pub async fn open_collection(&self, name: &str, fields: Json) -> Json {
        let mut all = vec![json!({ "name": "title", "type": "text" })];
        all.extend(fields.as_array().cloned().unwrap_or_default());
        let model = json!({
            "name": name, "type": "base", "fields": all,
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        });
        self.superuser.post("/api/collections", model).await.ok()
    }

    /// Sends bytes as they are and returns the whole answer; for what no HTTP client would send.
    pub async fn raw(&self, bytes: impl Into<Vec<u8>>) -> String {
        let (address, bytes) = (self.address, bytes.into());
        let exchange = move || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(&bytes)?;
            let mut answer = Vec::new();
            match stream.read_to_end(&mut answer) {
                // The server may close while it has unread bytes, which resets the connection.
                Err(failure) if answer.is_empty() => return Err(failure),
                _ => {}
            }
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        tokio::task::spawn_blocking(exchange).await.expect("no panic").expect("an answer")
    }
}

/// Looks until there is something to see.
async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the node hears of nothing");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The rules' view of a superuser that does not exist as a record: how the command line writes, too.
fn internal_request(app: &App) -> Request {
    let schema = app.registry.load();
    let collection = schema.by_id(SUPERUSERS_ID).expect("a system collection").clone();
    let values = collection.fields.iter().map(|field| field.zero()).collect();
    Request { caller: Caller::Record(Arc::new(Record { collection, rev: 0, values })), ..Request::default() }
}

async fn create_superuser(app: &App) -> String {
    let mut request = internal_request(app);
    request.body = json!({ "email": SUPERUSER_EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD })
        .as_object()
        .cloned()
        .unwrap_or_default();
    let body = app.records.create(request, SUPERUSERS_ID, &Shape::default(), &Terms::default()).await;
    let record: Json = serde_json::from_slice(&body.expect("a superuser").into_body()).expect("JSON");
    record["id"].as_str().expect("an id").to_owned()
}

/// Without the password, as its check takes long on purpose.
async fn superuser_token(app: &App, id: &str) -> String {
    let collection = app.registry.load().by_id(SUPERUSERS_ID).expect("a system collection").clone();
    app.auth.impersonate(&collection, id, 0).await.expect("a token").token
}
