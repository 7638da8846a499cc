//! The PostgreSQL server that `.ci/postgres` started beside this: what it spends, and what `pgbench` gets out of it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::server::{cpu_s, pin_command};

/// Ids of `pgbench`'s rows are numbers below this, as its scripts make no texts.
const IDS: u64 = 1_000_000_000_000_000;

pub struct Postgres {
    pub url: String,
    pid: u32,
    bin: String,
}

/// What is sent for a `$1` of a statement.
pub enum Parameter {
    Text(String),
    /// An id that no row has.
    Fresh,
}

impl Postgres {
    /// `None`, and a line that says so, where there is none.
    pub fn found() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let url = variable("TEST_POSTGRES_URL");
        let pid = variable("TEST_POSTGRES_PID").and_then(|pid| pid.parse().ok());
        let (Some(url), Some(pid), Some(bin)) = (url, pid, variable("TEST_POSTGRES_BIN")) else {
            println!("skipped: no PostgreSQL of .ci/postgres, so Basalt runs on SQLite alone");
            return None;
        };
        Some(Self { url, pid, bin })
    }

    /// User and system seconds of all its processes, those that ended included.
    pub fn cpu_s(&self) -> f64 {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let running: f64 = pids.filter(|pid| parent(*pid) == Some(self.pid)).map(|pid| cpu_s(pid, 11..13)).sum();
        // Of itself, and of children that it waited for.
        running + cpu_s(self.pid, 11..15)
    }

    /// The statement with this part that Basalt sent last.
    pub fn last_statement(&self, part: &str) -> String {
        let of_basalt = "FROM pg_stat_activity WHERE application_name = 'basalt'";
        let statement =
            self.ask(&format!("SELECT query {of_basalt} AND query LIKE '%{part}%' ORDER BY query_start DESC LIMIT 1"));
        assert!(!statement.is_empty(), "no connection ran a statement with {part}");
        statement
    }

    /// The first value of an answer.
    pub fn ask(&self, sql: &str) -> String {
        let psql = Path::new(&self.bin).join("psql");
        let output = Command::new(psql).args(["-X", "-A", "-t", "-c", sql, &self.url]).output().expect("psql runs");
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Transactions a second of a statement with these parameters, as many clients at once as `clients`.
    pub fn pgbench(&self, statement: &str, parameters: &[Parameter], clients: usize, time: Duration) -> f64 {
        let script = std::env::temp_dir().join(format!("pgbench-{}.sql", std::process::id()));
        let text = format!("\\set fresh random(1, {IDS})\n{};\n", in_variables(statement, parameters));
        std::fs::write(&script, text).expect("a script can be written");
        // Each connection plans the statement first, which many of them do for long.
        let seconds = time.as_secs().max(1) + clients as u64 / 16;
        let mut command = Command::new(Path::new(&self.bin).join("pgbench"));
        command.args(["-n", "-M", "prepared", "-c", &clients.to_string(), "-T", &seconds.to_string()]);
        for (index, parameter) in parameters.iter().enumerate() {
            if let Parameter::Text(value) = parameter {
                command.arg("-D").arg(format!("p{}={value}", index + 1));
            }
        }
        command.arg("-f").arg(&script).arg(&self.url);
        pin_command(&mut command, 0);
        let output = command.output().expect("pgbench runs");
        let _ = std::fs::remove_file(script);
        let printed = String::from_utf8_lossy(&output.stdout);
        let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench: {printed}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// `$1` becomes `:p1`, or the new id. The highest first: `$1` is also the start of `$12`.
fn in_variables(statement: &str, parameters: &[Parameter]) -> String {
    let mut text = statement.replace('\n', " ");
    for (index, parameter) in parameters.iter().enumerate().rev() {
        let name = match parameter {
            Parameter::Text(_) => format!(":p{}", index + 1),
            Parameter::Fresh => ":fresh".to_owned(),
        };
        text = text.replace(&format!("${}", index + 1), &name);
    }
    text
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}
