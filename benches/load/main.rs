//! `make bench`: Basalt on both engines beside PocketBase, as a user meets them: HTTP, one schema, the same rules and rows.
//!
//! Each server runs on a fresh directory, pinned to core 0; this load generator is pinned to core 1. Rounds
//! of them alternate, so that a machine whose speed drifts does not favour one. The steady figure is the
//! server's CPU time per operation; wall figures are printed beside it. Without a PocketBase binary
//! (`$POCKETBASE`, or `pocketbase` on the path) only Basalt's figures are printed, and only those on SQLite without the
//! server of `.ci/postgres`.

mod client;
mod data;
mod postgres;
mod report;
mod scenarios;
mod server;
mod soak;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use client::Connection;
use data::Data;
use postgres::Postgres;
use report::{Figures, Report};
use scenarios::{Random, SCENARIOS, Scenario};
use server::{Kind, Server, pin};

/// Connections of the rounds that measure CPU per operation.
const CONNECTIONS: usize = 16;
/// Connections of the rounds that measure throughput under pressure.
const MANY_CONNECTIONS: usize = 256;

struct Options {
    rounds: usize,
    round: Duration,
    only: Option<String>,
    json: Option<PathBuf>,
    /// Instead of measuring: how long to load Basalt and to watch its memory.
    soak: Option<Duration>,
}

fn main() {
    let options = options();
    pin(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, run(options));
}

async fn run(options: Options) {
    let root = std::env::temp_dir().join(format!("basalt-bench-{}", std::process::id()));
    if let Some(time) = options.soak {
        soak::run(basalt(), root.join("data"), time).await;
        let _ = std::fs::remove_dir_all(root);
        return;
    }
    let mut servers: Vec<(Server, Rc<Data>)> = Vec::new();
    let postgres = Postgres::found();
    let mut report = Report::default();
    for (kind, binary) in binaries(postgres.is_some()) {
        let dir = root.join(format!("{kind:?}")).join("data");
        std::fs::create_dir_all(&dir).expect("a temporary directory");
        let mut server = match &postgres {
            Some(postgres) if kind == Kind::Postgres => Server::over(postgres.url.clone(), binary, dir),
            _ => Server::new(kind, binary, dir),
        };
        server.prepare_and_start().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        report.idle_mib.push((kind, server.memory_mib("RssAnon")));
        let data = Rc::new(data::prepare(&server).await);
        servers.push((server, data));
    }

    for scenario in SCENARIOS
        .iter()
        .filter(|scenario| options.only.as_ref().is_none_or(|only| scenario.name.contains(only.as_str())))
    {
        let many = ["create", "view", "list"].contains(&scenario.name).then_some(MANY_CONNECTIONS);
        for connections in std::iter::once(CONNECTIONS).chain(many) {
            measure(&servers, postgres.as_ref(), scenario, connections, &options, &mut report).await;
        }
    }
    for (server, _) in &mut servers {
        report.peak_mib.push((server.kind, server.memory_mib("VmHWM")));
        // What PostgreSQL holds is not in the directory.
        let rows_inside = server.kind != Kind::Postgres;
        report.loaded.extend(rows_inside.then(|| (server.kind, server::data_bytes(&server.dir))));
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            server.stop();
            fastest = fastest.min(server.start().await);
        }
        report.start.push((server.kind, fastest));
        server.stop();
        report.settled.extend(rows_inside.then(|| (server.kind, server::data_bytes(&server.dir))));
    }
    report.print();
    if let Some(path) = options.json {
        std::fs::write(&path, report.json().to_string()).expect("the report can be written");
    }
    drop(servers);
    let _ = std::fs::remove_dir_all(root);
}

async fn measure(
    servers: &[(Server, Rc<Data>)],
    postgres: Option<&Postgres>,
    scenario: &'static Scenario,
    connections: usize,
    options: &Options,
    report: &mut Report,
) {
    for round in 0..options.rounds {
        for (server, data) in servers {
            let postgres = postgres.filter(|_| server.kind == Kind::Postgres);
            let (cpu, database) = (server.cpu_s(), postgres.map(Postgres::cpu_s));
            let begin = Instant::now();
            let latencies = load(server.port, data, scenario, connections, options.round, round as u64).await;
            let figures = Figures {
                wall_s: begin.elapsed().as_secs_f64(),
                cpu_s: server.cpu_s() - cpu,
                latencies_us: latencies,
                database_cpu_s: postgres.zip(database).map_or(0.0, |(postgres, before)| postgres.cpu_s() - before),
            };
            report.add(scenario, connections, server.kind, figures);
            let Some(postgres) = postgres.filter(|_| round == options.rounds / 2) else { continue };
            if let Some((statement, parameters)) = scenarios::statement(scenario, data, postgres) {
                let rate = postgres.pgbench(&statement, &parameters, connections, options.round);
                report.set_pgbench(scenario, connections, rate);
            }
        }
    }
}

/// Closed-loop connections for a while; the latency of each request in microseconds.
async fn load(
    port: u16,
    data: &Rc<Data>,
    scenario: &'static Scenario,
    connections: usize,
    round: Duration,
    seed: u64,
) -> Vec<u32> {
    let until = Instant::now() + round;
    let tasks: Vec<_> = (0..connections as u64)
        .map(|number| {
            let data = data.clone();
            tokio::task::spawn_local(async move {
                let mut random = Random((number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((seed + 1) << 32));
                let mut connection = Connection::open(port).await.expect("a connection");
                let mut latencies = Vec::new();
                while Instant::now() < until {
                    let request = (scenario.make)(&data, &mut random);
                    let begin = Instant::now();
                    let answer = connection.send(&request).await.expect("an answer");
                    assert!(
                        matches!(answer.status, 200 | 304),
                        "{}: {} {}",
                        scenario.name,
                        answer.status,
                        String::from_utf8_lossy(&answer.body())
                    );
                    latencies.push(begin.elapsed().as_micros() as u32);
                }
                latencies
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("the load task ends"));
    }
    all
}

fn basalt() -> PathBuf {
    std::env::var_os("BASALT").map_or_else(|| env!("CARGO_BIN_EXE_basalt").into(), PathBuf::from)
}

fn binaries(with_postgres: bool) -> Vec<(Kind, PathBuf)> {
    let mut binaries = vec![(Kind::Basalt, basalt())];
    binaries.extend(with_postgres.then(|| (Kind::Postgres, basalt())));
    let on_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join("pocketbase")).find(|path| path.is_file())
    };
    match std::env::var_os("POCKETBASE").map(PathBuf::from).or_else(on_path) {
        Some(binary) => binaries.push((Kind::PocketBase, binary)),
        None => println!("no PocketBase found ($POCKETBASE or PATH): Basalt's figures only, no ratios"),
    }
    binaries
}

fn options() -> Options {
    let mut options = Options { rounds: 3, round: Duration::from_secs(3), only: None, json: None, soak: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} takes a value"));
        match argument.as_str() {
            "--rounds" => options.rounds = value().parse().expect("a number of rounds"),
            "--seconds" => options.round = Duration::from_secs_f64(value().parse().expect("seconds")),
            "--only" => options.only = Some(value()),
            "--json" => options.json = Some(value().into()),
            "--soak" => options.soak = Some(Duration::from_secs_f64(value().parse().expect("seconds"))),
            "--bench" => {}
            other => panic!("unknown option {other}: --rounds N, --seconds S, --only NAME, --json FILE, --soak S"),
        }
    }
    options
}
