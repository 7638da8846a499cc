//! The one table at the end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::scenarios::Scenario;
use crate::server::Kind;

/// One round of one scenario on one server.
pub struct Figures {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub latencies_us: Vec<u32>,
    /// Of the processes of PostgreSQL, which is not Basalt's own.
    pub database_cpu_s: f64,
}

/// Basalt's own CPU for a create or a view on PostgreSQL is to be at most this much of that on SQLite.
const POSTGRES_SHARE: f64 = 1.6;

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    pub idle_mib: Vec<(Kind, f64)>,
    pub peak_mib: Vec<(Kind, f64)>,
    pub start: Vec<(Kind, Duration)>,
    /// Bytes of the data under load, and after a clean stop: then they are the rows and nothing else.
    pub loaded: Vec<(Kind, u64)>,
    pub settled: Vec<(Kind, u64)>,
}

struct Row {
    scenario: &'static Scenario,
    connections: usize,
    rounds: Vec<(Kind, Figures)>,
    /// Of `pgbench`, transactions a second of the one statement that an operation is.
    pgbench: Option<f64>,
}

/// The rounds of one server in one row, taken together.
struct Sum {
    per_second: f64,
    cpu_us: f64,
    database_cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Report {
    pub fn add(&mut self, scenario: &'static Scenario, connections: usize, kind: Kind, figures: Figures) {
        self.row(scenario, connections).rounds.push((kind, figures));
    }

    pub fn set_pgbench(&mut self, scenario: &'static Scenario, connections: usize, per_second: f64) {
        self.row(scenario, connections).pgbench = Some(per_second);
    }

    fn row(&mut self, scenario: &'static Scenario, connections: usize) -> &mut Row {
        let same = |row: &Row| std::ptr::eq(row.scenario, scenario) && row.connections == connections;
        let index = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row { scenario, connections, rounds: Vec::new(), pgbench: None });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }

    pub fn print(&self) {
        println!(
            "\n{:<12} {:>5} {:<10} {:<8} {:>10} {:>9} {:>9} {:>12} {:>9} {:>9}  target",
            "scenario",
            "conns",
            "server",
            "engine",
            "ops/s",
            "p50 ms",
            "p99 ms",
            "CPU s/1000",
            "CPU ratio",
            "ops ratio"
        );
        self.rows.iter().for_each(Row::print);
        println!();
        let line = |name: &str, values: &[(Kind, f64)], unit: &str| {
            let list: Vec<String> = values.iter().map(|(kind, value)| format!("{kind:?} {value:.1} {unit}")).collect();
            println!("{name:<44} {}", list.join("   "));
        };
        line("idle, anonymous memory", &self.idle_mib, "MiB");
        line("peak memory (VmHWM)", &self.peak_mib, "MiB");
        let ms: Vec<(Kind, f64)> = self.start.iter().map(|(kind, time)| (*kind, time.as_secs_f64() * 1000.0)).collect();
        line("start to first healthy answer, fastest of 5", &ms, "ms");
        let mib = |values: &[(Kind, u64)]| {
            values.iter().map(|(kind, bytes)| (*kind, *bytes as f64 / 1_048_576.0)).collect::<Vec<_>>()
        };
        line("data under load, with the write-ahead log", &mib(&self.loaded), "MiB");
        line("data after a clean stop", &mib(&self.settled), "MiB");
        let share = self.loaded.iter().zip(&self.settled);
        let share: Vec<(Kind, f64)> =
            share.map(|((kind, loaded), (_, settled))| (*kind, *loaded as f64 / *settled as f64)).collect();
        line("the one over the other, at most 2", &share, "times");
    }

    pub fn json(&self) -> Value {
        let sums = |row: &Row, kind: Kind| {
            row.sum(kind).map(|sum| json!({ "perSecond": sum.per_second, "cpuMicros": sum.cpu_us, "databaseCpuMicros": sum.database_cpu_us, "p50Ms": sum.p50_ms, "p99Ms": sum.p99_ms }))
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "scenario": row.scenario.name, "connections": row.connections,
                    "basalt": sums(row, Kind::Basalt), "postgres": sums(row, Kind::Postgres),
                    "pgbenchPerSecond": row.pgbench, "pocketbase": sums(row, Kind::PocketBase),
                })
            })
            .collect();
        let pairs = |values: &[(Kind, f64)]| {
            values.iter().map(|(kind, value)| (format!("{kind:?}"), json!(value))).collect::<serde_json::Map<_, _>>()
        };
        json!({ "rows": rows, "idleMiB": pairs(&self.idle_mib), "peakMiB": pairs(&self.peak_mib) })
    }
}

impl Row {
    fn print(&self) {
        let (basalt, other) = (self.sum(Kind::Basalt), self.sum(Kind::PocketBase));
        if let Some(sum) = &basalt {
            let versus = other.as_ref().map(|other| {
                let ratio = other.cpu_us / sum.cpu_us;
                let target =
                    format!("CPU at most 1/{}: {}", self.scenario.share, verdict(ratio >= self.scenario.share));
                (format!("1/{ratio:.1}"), sum.per_second / other.per_second, target)
            });
            self.line("basalt", "sqlite", sum, versus);
        }
        if let Some(sum) = &self.sum(Kind::Postgres) {
            let versus = basalt.as_ref().map(|basalt| {
                let ratio = sum.cpu_us / basalt.cpu_us;
                (format!("{ratio:.2}"), sum.per_second / basalt.per_second, self.beside_postgres(sum, ratio))
            });
            self.line("basalt", "postgres", sum, versus);
        }
        if let Some(sum) = &other {
            self.line("pocketbase", "sqlite", sum, None);
        }
    }

    fn line(&self, server: &str, engine: &str, sum: &Sum, versus: Option<(String, f64, String)>) {
        let (cpu, operations, target) = match versus {
            Some((cpu, operations, target)) => (cpu, format!("{operations:.1}x"), target),
            None => Default::default(),
        };
        println!(
            "{:<12} {:>5} {server:<10} {engine:<8} {:>10.0} {:>9.2} {:>9.2} {:>12.4} {cpu:>9} {operations:>9}  {target}",
            self.scenario.name,
            self.connections,
            sum.per_second,
            sum.p50_ms,
            sum.p99_ms,
            sum.cpu_us / 1000.0,
        );
    }

    /// What belongs to a figure on PostgreSQL: the wish, what the database spent, and what `pgbench` got out of it.
    fn beside_postgres(&self, sum: &Sum, ratio: f64) -> String {
        let database = format!("PostgreSQL's own {:.4}", sum.database_cpu_us / 1000.0);
        match self.pgbench {
            Some(pgbench) => format!(
                "CPU at most {POSTGRES_SHARE}x of SQLite's: {}; {database}; pgbench {pgbench:.0} ops/s",
                verdict(ratio <= POSTGRES_SHARE)
            ),
            None => database,
        }
    }

    fn sum(&self, kind: Kind) -> Option<Sum> {
        let rounds: Vec<&Figures> =
            self.rounds.iter().filter(|(of, _)| *of == kind).map(|(_, figures)| figures).collect();
        let mut latencies: Vec<u32> = rounds.iter().flat_map(|figures| figures.latencies_us.iter().copied()).collect();
        if latencies.is_empty() {
            return None;
        }
        latencies.sort_unstable();
        let operations = (latencies.len() * self.scenario.operations) as f64;
        let wall: f64 = rounds.iter().map(|figures| figures.wall_s).sum();
        let cpu: f64 = rounds.iter().map(|figures| figures.cpu_s).sum();
        let database_cpu: f64 = rounds.iter().map(|figures| figures.database_cpu_s).sum();
        let at = |share: f64| f64::from(latencies[((latencies.len() - 1) as f64 * share) as usize]) / 1000.0;
        Some(Sum {
            per_second: operations / wall,
            cpu_us: cpu * 1e6 / operations,
            database_cpu_us: database_cpu * 1e6 / operations,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
        })
    }
}

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "MISSED" }
}
