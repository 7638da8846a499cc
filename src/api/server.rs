//! The listening server: its options, its start and its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App as Http, HttpServer, web};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::middleware::shell;
use super::openapi::Documents;
use super::{route, routes, unknown};
use crate::app::App;

/// How to listen and what to let in (contract 1.6).
#[derive(Debug, Clone)]
pub struct Options {
    /// `ADDR:PORT`; port 0 takes a free one.
    pub address: String,
    /// Origins that browsers may call from; `*` is every one.
    pub origins: Vec<String>,
    /// The folder of static files; nothing is served when it is missing.
    pub public_dir: Option<PathBuf>,
    /// Whether an unknown path gets the `index.html` of the public folder.
    pub index_fallback: bool,
    /// Threads that handle requests; `None` takes one a core.
    pub workers: Option<usize>,
    pub body_limit_bytes: u64,
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    /// Whether requests may ask for delays and errors by header; for development only.
    pub mock: bool,
}

/// What every worker holds.
pub(super) struct Server {
    pub(super) app: App,
    pub(super) options: Options,
    pub(super) documents: Documents,
    /// Set once the server stops: each answer then ends its connection, or busy ones would hold the end up.
    pub(super) stopping: Arc<AtomicBool>,
}

/// A server that listens.
pub struct Running {
    addresses: Vec<SocketAddr>,
    handle: ServerHandle,
    stopping: Arc<AtomicBool>,
    task: JoinHandle<std::io::Result<()>>,
}

/// The signals that end the process; those of the time before are not told.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// How long an idle connection is kept. Shorter than [`DRAIN_S`], as draining waits for idle ones too.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long requests that run may take to finish after a stop, so that the process ends within 10 s.
const DRAIN_S: u64 = 8;

/// How long a closing connection waits for its client to read the rest.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

impl Default for Options {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8090".into(),
            origins: vec!["*".into()],
            public_dir: None,
            index_fallback: true,
            workers: None,
            body_limit_bytes: 32 << 20,
            header_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(300),
            mock: false,
        }
    }
}

/// Binds the address and serves until [`Running::stop`]. The listener is open when this returns.
///
/// # Errors
/// Those of binding: the address is in use, not ours, or no address at all.
pub async fn serve(app: App, options: Options) -> std::io::Result<Running> {
    let workers = options.workers.or_else(|| std::thread::available_parallelism().map(usize::from).ok()).unwrap_or(1);
    let (address, header_timeout) = (options.address.clone(), options.header_timeout);
    let stopping = Arc::<AtomicBool>::default();
    let server = web::Data::new(Server { app, options, documents: Documents::default(), stopping: stopping.clone() });
    // Runs once on each of the threads.
    let http = HttpServer::new(move || {
        server.app.store.serve_here();
        Http::new()
            .app_data(server.clone())
            .wrap(from_fn(shell))
            .configure(|config| route::register(config, routes()))
            .default_service(web::to(unknown::answer))
    })
    .workers(workers)
    .keep_alive(KEEP_ALIVE)
    .tcp_nodelay(true)
    .client_request_timeout(header_timeout)
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .shutdown_timeout(DRAIN_S)
    .disable_signals()
    .bind(address)?;
    let addresses = http.addrs();
    let running = http.run();
    let handle = running.handle();
    Ok(Running { addresses, handle, stopping, task: tokio::spawn(running) })
}

impl Running {
    /// The first address that is listened on, with its real port.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Takes no more connections, lets requests that run finish for some seconds, then returns.
    pub async fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.handle.stop(true).await;
        if let Ok(Err(failure)) = self.task.await {
            tracing::warn!(cause = ?failure, "the listener ended with an error");
        }
    }

    /// Drops every connection at once.
    pub async fn abort(self) {
        self.handle.stop(false).await;
        self.task.await.ok();
    }
}

impl Signals {
    /// # Errors
    /// When they can't be watched.
    pub fn watch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for SIGTERM or SIGINT.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
