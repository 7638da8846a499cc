//! `basalt mock`: the API of a schema before there is a backend, with examples for data.
//!
//! A real server on a directory of its own that goes with it. The collections are imported (`schema.rs`), `order.rs`
//! says in which order they are filled, and `fill.rs` writes the records, those of `account.rs` with known passwords.
//! What a field is about is guessed from its name (`meaning.rs`), one record speaks of one thing (`scene.rs`), and
//! `value.rs` makes a value of it that the field takes. Then the directory is opened anew on the system's clock and
//! served. What only such a server does is behind [`api::Options::mock`].
//!
//! *Invariant:* the same file, seed and number give the same records to the byte; every one passed the checks of the
//! normal write path, and rules hold as in production unless they were opened.
//! Start reading at [`run`].

mod account;
mod fill;
mod meaning;
mod order;
mod scene;
mod schema;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value as Json, json};

use super::scratch::Scratch;
use super::{Context, describe, serve};
use crate::api::{self, Signals};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use fill::Filled;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The collections: a file of `collections export`, or a list of them
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// The address and port to listen on, whatever the configuration says
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8090")]
    http: String,
    /// How many records a collection gets
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    records: u32,
    /// Another seed gives other records
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Let everybody do everything with records
    #[arg(long)]
    open: bool,
}

impl Flags {
    /// The given flags as (flag, key, value).
    pub(super) fn values(&self) -> Vec<(&'static str, &'static str, String)> {
        vec![("--http", "server.http", self.http.clone())]
    }
}

pub(super) async fn run(context: Context, flags: Flags) -> anyhow::Result<()> {
    // From here on a signal ends in order, so that the directory goes.
    let mut signals = Signals::watch().context("can't watch for signals")?;
    let scratch = Scratch::new()?;
    let config = scratch.config(&context.config);
    crate::telemetry::init(&config.logs);
    let Some(filled) = prepare(&config, &flags, &mut signals).await? else { return Ok(()) };
    let app = App::open(config.clone(), Clock::system()).await?;
    app.start()?;
    let result = listen(&app, &config, &flags, &filled, context.json, &mut signals).await;
    app.close().await;
    result
}

/// Makes the data under a clock of its own. `None` where a signal came before it was done.
async fn prepare(config: &Config, flags: &Flags, signals: &mut Signals) -> anyhow::Result<Option<Filled>> {
    let clock = Clock::fixed(scene::NOW.timestamp_millis());
    let app = App::open(config.clone(), clock.clone()).await?;
    let work = async {
        schema::import(&app, &flags.schema, flags.open).await?;
        fill::fill(&app, &clock, flags.records as usize, flags.seed).await
    };
    let filled = tokio::select! {
        filled = work => filled.map(Some),
        () = signals.next() => Ok(None),
    };
    app.close().await;
    filled.map_err(|error| anyhow::anyhow!("can't mock {}: {}", flags.schema.display(), describe(&error)))
}

async fn listen(
    app: &App,
    config: &Config,
    flags: &Flags,
    filled: &Filled,
    json: bool,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let options = api::Options { mock: true, ..serve::options(config) };
    let running = serve::bind(app, options).await?;
    let text = match json {
        true => format!("{}\n", facts(running.address(), flags, filled)),
        false => greeting(running.address(), flags, filled),
    };
    // Nobody may be reading; the server goes on.
    let _ = std::io::stdout().write_all(text.as_bytes());
    signals.next().await;
    running.stop().await;
    Ok(())
}

fn facts(address: SocketAddr, flags: &Flags, filled: &Filled) -> Json {
    let account = |account: &account::Account| json!({ "collection": account.collection, "identity": account.identity, "password": account.password });
    let collections = filled.counts.iter().map(|(name, records)| json!({ "name": name, "records": records }));
    json!({
        "url": format!("http://{address}"),
        "seed": flags.seed,
        "open": flags.open,
        "accounts": filled.accounts.iter().map(account).collect::<Vec<_>>(),
        "collections": collections.collect::<Vec<_>>(),
    })
}

fn greeting(address: SocketAddr, flags: &Flags, filled: &Filled) -> String {
    let mut text = format!(
        "Basalt {} mocks {}: for development only, its accounts are known and its data goes with it\n  \
         REST API   http://{address}/api/\n  Dashboard  http://{address}/_/\n",
        env!("CARGO_PKG_VERSION"),
        flags.schema.display(),
    );
    if !address.ip().is_loopback() {
        text.push_str("Whoever reaches this address can sign in as superuser.\n");
    }
    for account in &filled.accounts {
        text.push_str(&format!("  {:20} {}  {}\n", account.collection, account.identity, account.password));
    }
    for (name, records) in &filled.counts {
        let full = if *records < flags.records as usize { ", more have no values of their own" } else { "" };
        text.push_str(&format!("  {name:20} {records} records{full}\n"));
    }
    text + "Request headers slow an answer down (Mock-Delay: 300) or make it fail (Mock-Error: 503).\n"
}
