//! A Redis of its own for a test: on a free port, keeping nothing, gone with the test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use basalt::redis::Redis;
use tempfile::TempDir;

const PASSWORD: &str = "secret of redis";
const START_LIMIT: Duration = Duration::from_secs(20);

pub struct RedisServer {
    process: Option<Child>,
    port: u16,
    dir: TempDir,
}

impl RedisServer {
    /// `None`, and a line that says so, where Redis is not installed.
    pub fn start() -> Option<Self> {
        let mut server = Self::away()?;
        server.run();
        Some(server)
    }

    /// One that is not there yet.
    pub fn away() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: Redis is not installed (Debian's package redis-server)");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its number").port();
        Some(Self { process: None, port, dir: tempfile::tempdir().expect("a directory") })
    }

    /// Starts it, or starts it again.
    pub fn run(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--requirepass", PASSWORD])
            .current_dir(self.dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        self.process = Some(process);
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < START_LIMIT, "Redis does not listen");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", PASSWORD.replace(' ', "%20"), self.port)
    }

    /// A connection of a node, once there is one.
    pub async fn node(&self) -> Redis {
        let redis = Redis::open(&self.url(), "test").expect("a URL");
        assert!(redis.is_there(START_LIMIT).await, "Redis is found");
        redis
    }

    pub fn kill(&mut self) {
        self.signal(libc::SIGKILL);
        if let Some(mut process) = self.process.take() {
            process.wait().expect("it ends");
        }
    }

    /// It holds its connections and answers nothing.
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: libc::c_int) {
        let Some(process) = &self.process else { return };
        // SAFETY: a signal to a child that was not waited for yet.
        unsafe { libc::kill(process.id().cast_signed(), signal) };
    }

    pub fn line(&self) -> Line {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(START_LIMIT)).expect("a timeout");
        let mut line = Line(BufReader::new(stream));
        assert_eq!(line.ask(&format!("AUTH \"{PASSWORD}\"")), ["OK"]);
        line
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A line to a server, as a person has one.
pub struct Line(BufReader<TcpStream>);

impl Line {
    /// The answer to a command, lists flattened.
    pub fn ask(&mut self, command: &str) -> Vec<String> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).expect("it listens");
        self.hear().expect("it answers")
    }

    /// What comes next; `None` at the end of the line.
    pub fn hear(&mut self) -> Option<Vec<String>> {
        let mut head = String::new();
        self.0.read_line(&mut head).ok().filter(|bytes| *bytes > 0)?;
        let (kind, rest) = head.trim_end().split_at(1);
        let length = || rest.parse::<usize>().unwrap_or_default();
        match kind {
            "*" => (0..length()).map(|_| self.hear()).collect::<Option<Vec<_>>>().map(|parts| parts.concat()),
            "$" => {
                let mut bytes = vec![0; length() + 2];
                self.0.read_exact(&mut bytes).ok()?;
                bytes.truncate(length());
                Some(vec![String::from_utf8(bytes).expect("text")])
            }
            _ => Some(vec![rest.to_owned()]),
        }
    }

    /// How many keys there are of this pattern.
    pub fn keys(&mut self, pattern: &str) -> usize {
        self.ask(&format!("KEYS {pattern}")).len()
    }
}
