//! The real PocketBase as a child process on a fresh directory.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::app::{PASSWORD, SUPERUSER_EMAIL};
use crate::client::Client;
use serde_json::json;
use tempfile::TempDir;

const SIGN_IN: &str = "/api/collections/_superusers/auth-with-password";
const START_LIMIT: Duration = Duration::from_secs(60);

/// Where the binary is, if anywhere.
pub fn binary() -> Option<PathBuf> {
    let named = std::env::var_os("POCKETBASE").map(PathBuf::from);
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    let candidates = on_path.map(|dir| dir.join("pocketbase"));
    let cached = cache().map(|cache| cache.join("venv/bin/pocketbase"));
    named.into_iter().chain(candidates).chain(cached).find(|path| path.is_file())
}

/// The binary of another version, if it is installed.
pub fn of_version(version: &str) -> Option<PathBuf> {
    let place = cache()?.join(format!("pocketbase-{version}/bin/pocketbase"));
    Some(place).filter(|path| path.is_file())
}

fn cache() -> Option<PathBuf> {
    let named = ["BASALT_TEST_CACHE", "COMPAT_CACHE"].into_iter().find_map(std::env::var_os).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/basalt-test"));
    named.or(home)
}

pub struct PocketBase {
    child: Child,
    pub superuser: Client,
    dir: TempDir,
}

impl PocketBase {
    /// The directory with its data directory `data`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub async fn start(binary: &Path) -> Self {
        Self::launch(binary, Self::made(binary), None, SIGN_IN).await
    }

    /// With settings that are encrypted with a key of 32 characters.
    pub async fn start_encrypted(binary: &Path, key: &str) -> Self {
        Self::launch(binary, Self::made(binary), Some(key), SIGN_IN).await
    }

    /// A version whose superusers were admins.
    pub async fn start_before_0_23(binary: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        run(binary, &dir, &["migrate", "up"]);
        run(binary, &dir, &["admin", "create", SUPERUSER_EMAIL, PASSWORD]);
        Self::launch(binary, dir, None, "/api/admins/auth-with-password").await
    }

    /// A data directory with a superuser.
    fn made(binary: &Path) -> TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        run(binary, &dir, &["superuser", "upsert", SUPERUSER_EMAIL, PASSWORD]);
        dir
    }

    /// With what is in the data directory already, the superuser among it.
    pub async fn start_in(binary: &Path, dir: TempDir) -> Self {
        Self::launch(binary, dir, None, SIGN_IN).await
    }

    async fn launch(binary: &Path, dir: TempDir, key: Option<&str>, sign_in: &str) -> Self {
        let address = free_address();
        let mut command = Command::new(binary);
        command.args(["serve", "--http", &address.to_string(), "--dir", "data"]).current_dir(dir.path());
        if let Some(key) = key {
            command.args(["--encryptionEnv", "SETTINGS_KEY"]).env("SETTINGS_KEY", key);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("PocketBase runs");
        let mut server = Self { child, superuser: Client::new(address, None), dir };
        server.superuser = server.sign_in_when_ready(sign_in).await;
        server
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub fn guest(&self) -> Client {
        let mut guest = self.superuser.clone();
        guest.token = None;
        guest
    }

    async fn sign_in_when_ready(&self, path: &str) -> Client {
        let end = Instant::now() + START_LIMIT;
        let guest = &self.superuser;
        while guest.request(reqwest::Method::GET, "/api/health").send().await.is_err() {
            assert!(Instant::now() < end, "PocketBase does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let form = json!({ "identity": SUPERUSER_EMAIL, "password": PASSWORD });
        let signed_in = guest.post(path, form).await.ok();
        guest.with_token(signed_in["token"].as_str().expect("a token"))
    }
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(binary: &Path, dir: &TempDir, arguments: &[&str]) {
    let done = Command::new(binary).args(arguments).args(["--dir", "data"]).current_dir(dir.path()).output();
    let done = done.expect("PocketBase runs");
    assert!(done.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&done.stderr));
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address")
}
