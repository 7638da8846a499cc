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
}

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
}

/// The rounds of one server in one row, taken together.
struct Sum {
    per_second: f64,
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Report {
    pub fn add(&mut self, scenario: &'static Scenario, connections: usize, kind: Kind, figures: Figures) {
        let row =
            self.rows.iter_mut().find(|row| std::ptr::eq(row.scenario, scenario) && row.connections == connections);
        match row {
            Some(row) => row.rounds.push((kind, figures)),
            None => self.rows.push(Row { scenario, connections, rounds: vec![(kind, figures)] }),
        }
    }

    pub fn print(&self) {
        println!(
            "\n{:<12} {:>5} {:<10} {:>10} {:>9} {:>9} {:>12} {:>9} {:>9}  target",
            "scenario", "conns", "server", "ops/s", "p50 ms", "p99 ms", "CPU s/1000", "CPU ratio", "ops ratio"
        );
        for row in &self.rows {
            let basalt = row.sum(Kind::Basalt);
            let other = row.sum(Kind::PocketBase);
            for (name, sum) in [("basalt", &basalt), ("pocketbase", &other)] {
                let Some(sum) = sum else { continue };
                print!(
                    "{:<12} {:>5} {:<10} {:>10.0} {:>9.2} {:>9.2} {:>12.4}",
                    row.scenario.name,
                    row.connections,
                    name,
                    sum.per_second,
                    sum.p50_ms,
                    sum.p99_ms,
                    sum.cpu_us / 1000.0
                );
                match (name, &other) {
                    ("basalt", Some(other)) => println!(
                        " {:>9} {:>9}  CPU at most 1/{}: {}",
                        format!("1/{:.1}", other.cpu_us / sum.cpu_us),
                        format!("{:.1}x", sum.per_second / other.per_second),
                        row.scenario.share,
                        if other.cpu_us / sum.cpu_us >= row.scenario.share { "holds" } else { "MISSED" }
                    ),
                    _ => println!(),
                }
            }
        }
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
            row.sum(kind).map(|sum| json!({ "perSecond": sum.per_second, "cpuMicros": sum.cpu_us, "p50Ms": sum.p50_ms, "p99Ms": sum.p99_ms }))
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "scenario": row.scenario.name, "connections": row.connections,
                    "basalt": sums(row, Kind::Basalt), "pocketbase": sums(row, Kind::PocketBase),
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
        let at = |share: f64| f64::from(latencies[((latencies.len() - 1) as f64 * share) as usize]) / 1000.0;
        Some(Sum { per_second: operations / wall, cpu_us: cpu * 1e6 / operations, p50_ms: at(0.5), p99_ms: at(0.99) })
    }
}
