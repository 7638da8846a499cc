//! `basalt health`: asks the server of this configuration how it is, as the health check of a container does.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::Context;

/// For the connection, and for each read and write on it.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The status line is at the start.
const ANSWER_BYTES: u64 = 4096;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The address and port that the server listens on [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<String>,
    /// Ask whether a write would be served right now, instead of whether the process answers
    #[arg(long)]
    ready: bool,
}

impl Flags {
    /// The given flags as (flag, key, value).
    pub(super) fn values(&self) -> Vec<(&'static str, &'static str, String)> {
        self.http.iter().map(|http| ("--http", "server.http", http.clone())).collect()
    }
}

pub(super) fn run(context: &Context, flags: &Flags) -> anyhow::Result<()> {
    let address = address(&context.config.server.http)?;
    let path = if flags.ready { "/api/ready" } else { "/api/health" };
    let status = status(address, path).with_context(|| format!("no answer from {address}"))?;
    anyhow::ensure!(status == 200, "{path} answers with {status}");
    match context.json {
        true => println!("{}", serde_json::json!({ "ok": true })),
        false => println!("ok"),
    }
    Ok(())
}

/// Where to connect to; a server that listens everywhere is asked on the loopback.
fn address(listen: &str) -> anyhow::Result<SocketAddr> {
    let mut address = listen.to_socket_addrs()?.next().with_context(|| format!("{listen} is no address"))?;
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) };
        address.set_ip(loopback);
    }
    Ok(address)
}

fn status(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    let head = String::from_utf8_lossy(&answer);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    status.context("what answers speaks no HTTP")
}
