//! A host of its own for a node: a network namespace with one line to this one, which can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::cli::process::{Place, Server};
use crate::database;

pub struct Namespace {
    name: String,
    /// This side's end of the line.
    link: String,
    network: [u8; 3],
}

/// What can happen to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// What the node sends to the database is lost; clients reach the node.
    Database,
    /// Nobody reaches anybody.
    All,
}

impl Namespace {
    const DATABASE: u8 = 1;
    const NODE: u8 = 2;
    const CLIENT: u8 = 3;

    /// `None` and a printed line where the machine does not allow it.
    pub fn create() -> Option<Self> {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        let (number, process) = (COUNT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let network = [10, 192 + number, process.to_le_bytes()[0]];
        let namespace =
            Self { name: format!("basalt{process}-{number}"), link: format!("b{process}-{number}"), network };
        if !ip(&["netns", "add", &namespace.name]) {
            eprintln!("skipped: network namespaces need the right to make them and the program ip");
            return None;
        }
        let (link, name) = (namespace.link.as_str(), namespace.name.as_str());
        let far = format!("{link}f");
        let with_prefix = |host: u8| format!("{}/24", namespace.address(host));
        let laid = ip(&["link", "add", link, "type", "veth", "peer", "name", &far, "netns", name])
            // The first one is where this side's connections come from.
            && ip(&["address", "add", &with_prefix(Self::CLIENT), "dev", link])
            && ip(&["address", "add", &with_prefix(Self::DATABASE), "dev", link])
            && ip(&["link", "set", link, "up"])
            && ip(&["-n", name, "address", "add", &with_prefix(Self::NODE), "dev", &far])
            && ip(&["-n", name, "link", "set", &far, "up"])
            && ip(&["-n", name, "link", "set", "lo", "up"]);
        if !laid {
            eprintln!("skipped: the machine lays no line between network namespaces");
            return None;
        }
        Some(namespace)
    }

    fn address(&self, host: u8) -> Ipv4Addr {
        let [first, second, third] = self.network;
        Ipv4Addr::new(first, second, third, host)
    }

    /// A server on the host, over the database of this URL.
    pub async fn serve(&self, place: &Place, database_url: &str) -> Server {
        let listener = TcpListener::bind((self.address(Self::DATABASE), 0)).await.expect("a port on the line");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(forward(listener));
        let url = database_url.replace(&database::address(), &format!("{}:{port}", self.address(Self::DATABASE)));
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name, env!("CARGO_BIN_EXE_basalt"), "serve"])
            .args(["--http", &format!("{}:0", self.address(Self::NODE)), "--dir", "data"])
            .current_dir(place.path())
            .env("BASALT_DATABASE__URL", url)
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || Server::spawn(command)).await.expect("no panic")
    }

    pub fn cut(&self, cut: Cut) {
        assert!(match cut {
            Cut::Database => self.blackhole("add"),
            Cut::All => ip(&["link", "set", &self.link, "down"]),
        });
    }

    pub fn heal(&self, cut: Cut) {
        assert!(match cut {
            Cut::Database => self.blackhole("del"),
            Cut::All => ip(&["link", "set", &self.link, "up"]),
        });
    }

    fn blackhole(&self, what: &str) -> bool {
        let target = format!("{}/32", self.address(Self::DATABASE));
        ip(&["-n", &self.name, "route", what, "blackhole", &target])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The line goes with it.
        ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The database is on this side, on the loopback.
async fn forward(listener: TcpListener) {
    let server: SocketAddr = database::address().parse().expect("an address");
    while let Ok((mut from, _)) = listener.accept().await {
        tokio::spawn(async move {
            let Ok(mut to) = TcpStream::connect(server).await else { return };
            // Ends with the line; how is not of interest.
            let _ = copy_bidirectional(&mut from, &mut to).await;
        });
    }
}
