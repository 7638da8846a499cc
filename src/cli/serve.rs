//! `basalt serve`.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::socket::Socket;
use super::{Context, import, installer, task};
use crate::api;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The address and port to listen on [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<String>,
    /// Origins that browsers may call from, separated by commas [default: *]
    #[arg(long, value_name = "ORIGINS")]
    origins: Option<String>,
    /// The folder of static files [default: public]
    #[arg(long, value_name = "DIR")]
    public_dir: Option<String>,
    /// Whether an unknown path gets the index.html of that folder [default: true]
    #[arg(long, value_name = "BOOL")]
    index_fallback: Option<String>,
}

impl Flags {
    /// The given flags as (flag, key, value).
    pub(super) fn values(&self) -> Vec<(&'static str, &'static str, String)> {
        let values = [
            ("--http", "server.http", &self.http),
            ("--origins", "server.origins", &self.origins),
            ("--public-dir", "server.public_dir", &self.public_dir),
            ("--index-fallback", "server.index_fallback", &self.index_fallback),
        ];
        values.into_iter().filter_map(|(flag, key, value)| Some((flag, key, value.clone()?))).collect()
    }
}

pub(super) async fn run(context: Context) -> anyhow::Result<()> {
    let config = context.config;
    crate::telemetry::init(&config.logs);
    raise_open_file_limit();
    import::settle(&config.dir)?;
    let app = App::open(config.clone(), Clock::system()).await?;
    app.start()?;
    let result = listen(&app, &config).await;
    app.close().await;
    result
}

async fn listen(app: &App, config: &Config) -> anyhow::Result<()> {
    // Before anybody can know that it serves, and stop it for another one.
    let mut signals = api::Signals::watch().context("can't watch for signals")?;
    let running = bind(app, options(config)).await?;
    let socket = Socket::listen(app.clone())?;
    greet(app, config, running.address()).await?;
    signals.next().await;
    running.stop().await;
    drop(socket);
    Ok(())
}

pub(super) async fn bind(app: &App, options: api::Options) -> anyhow::Result<api::Running> {
    let address = options.address.clone();
    api::serve(app.clone(), options).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!("{address} is in use; choose another with --http"),
        _ => anyhow::Error::new(error).context(format!("can't listen on {address}")),
    })
}

pub(super) fn options(config: &Config) -> api::Options {
    let server = &config.server;
    api::Options {
        address: server.http.clone(),
        origins: server.origins.clone(),
        public_dir: Some(server.public_dir.clone()),
        index_fallback: server.index_fallback,
        workers: (server.workers > 0).then_some(server.workers),
        body_limit_bytes: config.limits.body_mib << 20,
        header_timeout: Duration::from_secs(server.header_timeout_s),
        body_timeout: Duration::from_secs(server.body_timeout_s),
        mock: false,
    }
}

/// Tells where the server is and, as long as nobody can sign in, how to change that.
async fn greet(app: &App, config: &Config, address: std::net::SocketAddr) -> anyhow::Result<()> {
    let dir = config.dir.display();
    let mut text = format!(
        "Basalt {} serves {}\n  REST API   http://{address}/api/\n  Dashboard  http://{address}/_/\n",
        env!("CARGO_PKG_VERSION"),
        config.data_place()
    );
    if !task::has_superuser(app).await? {
        let path = installer::path(app).await?;
        text.push_str(&format!(
            "There is no superuser yet. Create the first one in a browser, within 30 minutes:\n  http://{address}{path}\n\
             or on the command line:\n  basalt superuser upsert EMAIL PASSWORD --dir {dir}\n"
        ));
    }
    // Nobody may be reading; the server goes on.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Every connection is an open file, and the usual limit of 1,024 is soon reached.
fn raise_open_file_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a valid struct for their whole duration; a refusal leaves the limit as it is.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}
