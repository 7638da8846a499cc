//! How fast a directory of PocketBase is moved in, on one core, and in how much memory.
//!
//! `cargo bench --bench moving` makes a source of small rows and imports a tenth of it and the whole, each in a process of
//! its own on one core: memory must be the same for both. `MOVING_ROWS` says how many rows, `MOVING_BYTES` how many bytes
//! of text each has, `MOVING_DIR` on which disk.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

const ROWS: u32 = 2_000_000;
const BYTES: u32 = 100;
/// Rows that are made in one statement.
const STEP: u32 = 500_000;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

const TABLES: &str = "
    PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;
    CREATE TABLE _collections (id TEXT PRIMARY KEY, system BOOLEAN, type TEXT, name TEXT, fields JSON, indexes JSON,
        listRule TEXT, viewRule TEXT, createRule TEXT, updateRule TEXT, deleteRule TEXT, options JSON, created TEXT, updated TEXT);
    CREATE TABLE _params (id TEXT PRIMARY KEY, value JSON, created TEXT, updated TEXT);
    CREATE TABLE rows (id TEXT PRIMARY KEY, title TEXT, n NUMERIC, flag BOOLEAN, data JSON, created TEXT);
    CREATE INDEX idx_n ON rows (n);";

type Failure = Box<dyn std::error::Error>;

/// What the import of a process took.
struct Taken {
    seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
}

fn main() -> Result<(), Failure> {
    let rows = variable("MOVING_ROWS", ROWS);
    let dir = match std::env::var_os("MOVING_DIR") {
        Some(place) => tempfile::tempdir_in(place)?,
        None => tempfile::tempdir()?,
    };
    for count in [rows / 10, rows] {
        let source = dir.path().join(format!("source-{count}"));
        let bytes = make(&source, count, variable("MOVING_BYTES", BYTES))?;
        let taken = import(&source, &dir.path().join("data"))?;
        println!(
            "{count} rows, {} MiB: {:.1} s, {:.0} rows/s, {:.0} rows/s of CPU, peak memory {:.0} MiB",
            bytes >> 20,
            taken.seconds,
            f64::from(count) / taken.seconds,
            f64::from(count) / taken.cpu_seconds,
            taken.peak_mib
        );
        std::fs::remove_dir_all(dir.path().join("data"))?;
        std::fs::remove_dir_all(source)?;
    }
    Ok(())
}

fn variable(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A directory with one collection; the bytes of its database.
fn make(source: &Path, rows: u32, bytes: u32) -> Result<u64, Failure> {
    std::fs::create_dir(source)?;
    let path = source.join("data.db");
    let database = Connection::open(&path)?;
    database.execute_batch(TABLES)?;
    let fields = json!([
        { "id": "text3208210256", "name": "id", "type": "text", "primaryKey": true, "required": true, "system": true, "pattern": "^[a-z0-9]+$", "min": 1, "max": 30 },
        { "id": "t", "name": "title", "type": "text" }, { "id": "n", "name": "n", "type": "number" },
        { "id": "f", "name": "flag", "type": "bool" }, { "id": "d", "name": "data", "type": "json" },
        { "id": "c", "name": "created", "type": "autodate", "onCreate": true },
    ]);
    let indexes = json!(["CREATE INDEX idx_n ON rows (n)"]);
    let sql = "INSERT INTO _collections VALUES ('pbc_rows', 0, 'base', 'rows', ?1, ?2, '', '', NULL, NULL, NULL, '{}', '', '')";
    database.execute(sql, [fields.to_string(), indexes.to_string()])?;
    for first in (0..rows).step_by(STEP as usize) {
        let sql = "WITH RECURSIVE i (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM i WHERE i + 1 < ?2)
            INSERT INTO rows SELECT printf('r%014d', i), substr(printf('row %d %.*c', i, ?3, 'x'), 1, ?3), i * 7919 % 1000003, i % 2,
                json_object('a', i), '2024-01-01 00:00:00.000Z' FROM i";
        database.execute(sql, [first, rows.min(first + STEP), bytes])?;
    }
    drop(database);
    Ok(std::fs::metadata(path)?.len())
}

/// Imports in a process on one core.
#[expect(clippy::disallowed_methods, reason = "memory is looked at now and then")]
fn import(source: &Path, target: &Path) -> Result<Taken, Failure> {
    let binary = std::env::var_os("BASALT").unwrap_or_else(|| env!("CARGO_BIN_EXE_basalt").into());
    let (began, cpu_before) = (Instant::now(), children_cpu_seconds()?);
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .arg(binary)
        .args(["import", "pocketbase"])
        .arg(source)
        .arg("--dir")
        .arg(target)
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak_kib = 0;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None => peak_kib = peak_kib.max(anonymous_kib(child.id()).unwrap_or_default()),
        }
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        return Err(format!("the import failed: {status}").into());
    }
    Ok(Taken {
        seconds: began.elapsed().as_secs_f64(),
        cpu_seconds: children_cpu_seconds()? - cpu_before,
        peak_mib: f64::from(peak_kib) / 1024.0,
    })
}

/// Memory that is no page of a file, of a process that runs.
fn anonymous_kib(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Of all children that ended.
fn children_cpu_seconds() -> Result<f64, Failure> {
    // SAFETY: a plain struct of numbers, which the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(seconds(usage.ru_utime) + seconds(usage.ru_stime))
}
