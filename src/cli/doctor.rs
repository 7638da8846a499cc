//! `basalt doctor`: what could go wrong on this machine, before it does.

use std::ffi::CString;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::Context;
use crate::config::Config;
use crate::redis::Redis;
use crate::store::postgres::Engine;

/// Below this much free space, or this many open files, the doctor warns.
const FREE_BYTES: u64 = 1 << 30;
const OPEN_FILES: u64 = 4096;
/// A flush that takes longer makes every commit slow.
const FLUSH_MS: f64 = 20.0;
const FLUSHES: u32 = 20;
/// A server that takes longer for nothing is far away.
const ROUND_TRIP_MS: f64 = 5.0;

const SQLITE_VERSION: [u32; 3] = [3, 51, 3];

/// One finding.
struct Finding {
    name: &'static str,
    good: bool,
    text: String,
}

pub(super) async fn run(context: &Context) -> anyhow::Result<()> {
    let config = &context.config;
    let place = existing(&config.dir);
    let mut findings = match config.database.url.as_str() {
        "" => vec![configuration(config), sqlite(), disk(&place), flush(&place), open_files()],
        _ => vec![configuration(config), database(config).await, disk(&place), open_files()],
    };
    if !config.cache.redis_url.is_empty() {
        findings.push(redis(config).await);
    }
    if context.json {
        let list: Vec<_> = findings.iter().map(|f| json!({ "check": f.name, "ok": f.good, "text": f.text })).collect();
        println!("{}", json!(list));
    } else {
        for finding in &findings {
            println!("{:5} {:10} {}", if finding.good { "ok" } else { "WARN" }, finding.name, finding.text);
        }
    }
    match findings.iter().all(|finding| finding.good) {
        true => Ok(()),
        false => anyhow::bail!("not everything is as it should be"),
    }
}

/// The directory, or the nearest one above it that is there.
fn existing(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// A command gets here with a valid configuration only.
fn configuration(config: &Config) -> Finding {
    Finding { name: "config", good: true, text: format!("valid; the data is in {}", config.data_place()) }
}

/// The server is used by others too, and each node opens its pool and some connections besides.
async fn database(config: &Config) -> Finding {
    let name = "database";
    let found = match Engine::examine(&config.database.url).await {
        Ok(found) => found,
        Err(error) => return Finding { name, good: false, text: error.to_string() },
    };
    let round_trip_ms = found.round_trip.as_secs_f64() * 1000.0;
    let mut text = format!(
        "PostgreSQL {}, {round_trip_ms:.2} ms a round trip, {} of {} connections in use",
        found.version, found.connections, found.connections_max
    );
    let pool_size = i64::try_from(config.pool_size()).unwrap_or(i64::MAX);
    let fits = found.connections.saturating_add(pool_size) < found.connections_max;
    if !fits {
        text.push_str(&format!("; another {pool_size} of a node may not fit"));
    }
    if found.forgets {
        text.push_str("; it answers commits before they are on its disk (fsync or synchronous_commit is off)");
    }
    Finding { name, good: round_trip_ms <= ROUND_TRIP_MS && fits && !found.forgets, text }
}

/// Requests wait for its answers.
async fn redis(config: &Config) -> Finding {
    let (good, text) = match Redis::examine(&config.cache.redis_url).await {
        Ok(time) => {
            let milliseconds = time.as_secs_f64() * 1000.0;
            (milliseconds <= ROUND_TRIP_MS, format!("{milliseconds:.2} ms a round trip"))
        }
        Err(reason) => (false, reason),
    };
    Finding { name: "redis", good, text }
}

/// Older versions may corrupt a database when a checkpoint meets a commit.
fn sqlite() -> Finding {
    let version = crate::store::sqlite::version();
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    Finding { name: "sqlite", good: parts.as_slice() >= SQLITE_VERSION.as_slice(), text: format!("version {version}") }
}

fn disk(place: &Path) -> Finding {
    let free = free_bytes(place);
    let good = free.is_some_and(|free| free >= FREE_BYTES);
    let text = match free {
        Some(free) => format!("{} MiB free in {}", free >> 20, place.display()),
        None => format!("the free space of {} is unknown", place.display()),
    };
    Finding { name: "disk", good, text }
}

fn free_bytes(place: &Path) -> Option<u64> {
    let path = CString::new(place.as_os_str().as_bytes()).ok()?;
    // SAFETY: a struct of integers may be all zeros, and the call gets a valid text and struct.
    unsafe {
        let mut stat: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &raw mut stat) == 0).then(|| stat.f_bavail * stat.f_frsize)
    }
}

fn flush(place: &Path) -> Finding {
    let measured = flush_ms(place);
    let good = measured.as_ref().is_ok_and(|ms| *ms <= FLUSH_MS);
    let text = match measured {
        Ok(ms) => format!("{ms:.2} ms a flush; every group of commits waits for one"),
        Err(error) => format!("can't write to {}: {error}", place.display()),
    };
    Finding { name: "flush", good, text }
}

fn flush_ms(place: &Path) -> std::io::Result<f64> {
    let path = place.join(format!(".basalt-doctor-{}", std::process::id()));
    let measure = || {
        let mut file = std::fs::File::create_new(&path)?;
        let start = Instant::now();
        for _ in 0..FLUSHES {
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
        }
        Ok(start.elapsed().as_secs_f64() * 1000.0 / f64::from(FLUSHES))
    };
    let result = measure();
    // Where it could not be created there is nothing to remove.
    let _ = std::fs::remove_file(&path);
    result
}

fn open_files() -> Finding {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call gets a valid struct.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 };
    let good = known && limit.rlim_max >= OPEN_FILES;
    Finding { name: "files", good, text: format!("up to {} open files; the server takes all it may", limit.rlim_max) }
}
