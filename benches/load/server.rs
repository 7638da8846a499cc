//! A server under test: started on a directory, pinned to one core, its CPU time and memory read from `/proc`.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{Connection, request};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Basalt,
    /// Basalt over PostgreSQL.
    Postgres,
    PocketBase,
}

pub struct Server {
    pub kind: Kind,
    pub port: u16,
    pub dir: PathBuf,
    binary: PathBuf,
    /// Where its rows are, if not in its directory.
    database_url: Option<String>,
    child: Option<Child>,
}

pub const EMAIL: &str = "bench@example.com";
pub const PASSWORD: &str = "bench-password-1";

impl Server {
    pub fn new(kind: Kind, binary: PathBuf, dir: PathBuf) -> Self {
        Self { kind, port: free_port(), dir, binary, database_url: None, child: None }
    }

    pub fn over(url: String, binary: PathBuf, dir: PathBuf) -> Self {
        let mut server = Self::new(Kind::Postgres, binary, dir);
        server.database_url = Some(url);
        server
    }

    /// Creates the superuser through the command line, then starts the server.
    pub async fn prepare_and_start(&mut self) -> Duration {
        let status = self
            .command()
            .args(["superuser", "upsert", EMAIL, PASSWORD, "--dir"])
            .arg(&self.dir)
            .stdout(Stdio::null())
            .status()
            .expect("the server's binary runs");
        assert!(status.success(), "{:?}: could not create a superuser", self.kind);
        self.start().await
    }

    /// Starts the server and waits for its first healthy answer; returns how long that took.
    pub async fn start(&mut self) -> Duration {
        let mut command = self.command();
        command.args(["serve", "--http", &format!("127.0.0.1:{}", self.port), "--dir"]).arg(&self.dir);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        pin_command(&mut command, 0);
        let begin = Instant::now();
        self.child = Some(command.spawn().expect("the server's binary runs"));
        let health = request("GET", "/api/health", "", None);
        while begin.elapsed() < Duration::from_secs(30) {
            if let Ok(mut connection) = Connection::open(self.port).await
                && let Ok(answer) = connection.send(&health).await
                && answer.status == 200
            {
                return begin.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{:?} did not become healthy within 30 s", self.kind);
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // SAFETY: a signal to our own child.
            unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
            let _ = child.wait();
        }
    }

    /// User and system seconds that the process has used.
    pub fn cpu_s(&self) -> f64 {
        cpu_s(self.pid(), 11..13)
    }

    /// A line of `/proc/PID/status` such as `VmHWM` or `RssAnon`, in MiB.
    pub fn memory_mib(&self, key: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.dir.parent().unwrap_or(Path::new("/")));
        if let Some(url) = &self.database_url {
            command.env("BASALT_DATABASE__URL", url);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Seconds of a process, from the fields of its `stat` behind the name: 11 and 12 are its own, of the user and of the
/// system, 13 and 14 those of its children that ended.
pub fn cpu_s(pid: u32, fields: std::ops::Range<usize>) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let all = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = all.skip(fields.start).take(fields.len()).filter_map(|text| text.parse::<f64>().ok()).sum();
    // SAFETY: sysconf has no preconditions.
    ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
}

pub fn pin_command(command: &mut Command, core: usize) {
    // SAFETY: only an async-signal-safe system call runs between fork and exec.
    unsafe {
        command.pre_exec(move || {
            pin(core);
            Ok(())
        });
    }
}

/// Pins the calling thread (and what it starts) to one core, where the machine has a second one.
pub fn pin(core: usize) {
    // SAFETY: a zeroed cpu_set_t is a valid empty set, and the calls only read it.
    unsafe {
        if libc::sysconf(libc::_SC_NPROCESSORS_ONLN) < 2 {
            return;
        }
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &set);
    }
}

/// The size of what a data directory holds, without the request log: that one is as long as the load was.
pub fn data_bytes(dir: &Path) -> u64 {
    const REQUEST_LOGS: [&str; 2] = ["aux.db", "auxiliary.db"];
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .filter(|entry| !REQUEST_LOGS.iter().any(|log| entry.file_name().to_string_lossy().starts_with(log)))
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => data_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
