//! What jobs cost: how many short ones run in a second, and what that does to the requests beside them.
//!
//! `cargo bench --bench jobs` creates and views records at a fixed rate, with 5,000 jobs a second beside them and
//! without, in turns. What counts is the median of the ratios of neighbouring rounds; a single figure says more about the
//! machine.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use basalt::app::App;
use basalt::clock::Clock;
use basalt::config::Config;
use basalt::jobs::NewJob;
use basalt::query::Request;
use basalt::records::{Shape, Terms};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

const JOBS: usize = 50_000;
const JOBS_PER_SECOND: usize = 5_000;
/// Requests a second in each of two kinds, from so many clients.
const REQUESTS_PER_SECOND: usize = 500;
const CLIENTS: usize = 16;
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_secs(3);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let dir = tempfile::tempdir()?;
        let config = Config { dir: dir.path().join("data"), ..Config::default() };
        let bench = Rc::new(Bench::prepare(config).await?);
        bench.throughput().await?;
        bench.beside_requests().await?;
        bench.app.close().await;
        Ok(())
    })
}

struct Bench {
    app: App,
    done: Arc<AtomicUsize>,
    id: String,
}

/// Latencies in microseconds.
#[derive(Default)]
struct Round {
    creates: Vec<u64>,
    views: Vec<u64>,
}

impl Bench {
    async fn prepare(config: Config) -> Result<Self, Failure> {
        let app = App::open(config, Clock::system()).await?;
        let fields = json!([{ "name": "title", "type": "text" }, { "name": "body", "type": "text" }]);
        let model = json!({ "name": "posts", "type": "base", "fields": fields, "createRule": "", "viewRule": "" });
        app.collections.create(model.as_object().cloned().unwrap_or_default()).await?;
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        app.jobs.register("short", move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        app.start()?;
        let id = create(&app).await;
        Ok(Self { app, done, id })
    }

    /// Everything is in the queue; how fast does it empty?
    async fn throughput(&self) -> Result<(), Failure> {
        let app = &self.app;
        let start = Instant::now();
        for _ in 0..JOBS / 500 {
            app.jobs.enqueue_all(&vec![NewJob::new("short", json!({ "n": 1 })); 500]).await?;
        }
        println!("enqueued in sets of 500, per second   {:>8.0}", JOBS as f64 / start.elapsed().as_secs_f64());
        self.finished(JOBS).await;
        println!("enqueued and done, per second         {:>8.0}", JOBS as f64 / start.elapsed().as_secs_f64());
        Ok(())
    }

    async fn beside_requests(self: &Rc<Self>) -> Result<(), Failure> {
        let mut pairs = Vec::new();
        self.round(false).await?;
        for number in 0..ROUNDS {
            // Who goes first changes, so that a machine that gets slower favours neither.
            let jobs_first = number % 2 == 1;
            let first = self.round(jobs_first).await?;
            let second = self.round(!jobs_first).await?;
            pairs.push(if jobs_first { [second, first] } else { [first, second] });
        }
        println!("{:<28} {:>10} {:>14} {:>8}   all ratios", "medians in ms", "alone", "beside jobs", "ratio");
        report("create", &pairs, |round| &round.creates);
        report("view", &pairs, |round| &round.views);
        Ok(())
    }

    /// Requests at a fixed rate, measured from the moment when they were due, so that a stall counts for all it delays.
    async fn round(self: &Rc<Self>, with_jobs: bool) -> Result<Round, Failure> {
        let before = self.done.load(Ordering::Relaxed);
        let producer = with_jobs.then(|| tokio::task::spawn_local(produce(self.clone())));
        let clients: Vec<_> =
            (0..CLIENTS).map(|number| tokio::task::spawn_local(requests(self.clone(), number))).collect();
        let mut round = Round::default();
        for client in clients {
            round.absorb(client.await?);
        }
        if let Some(producer) = producer {
            let enqueued = producer.await??;
            let ran = self.done.load(Ordering::Relaxed) - before;
            assert!(ran * 10 >= enqueued * 9, "only {ran} of {enqueued} jobs kept up");
            self.finished(before + enqueued).await;
        }
        Ok(round)
    }

    async fn finished(&self, count: usize) {
        let mut ticks = interval(Duration::from_millis(2));
        while self.done.load(Ordering::Relaxed) < count {
            ticks.tick().await;
        }
    }
}

async fn produce(bench: Rc<Bench>) -> basalt::error::Result<usize> {
    const TICK: Duration = Duration::from_millis(10);
    let each = vec![NewJob::new("short", json!({ "n": 1 })); JOBS_PER_SECOND / 100];
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let count = (ROUND.as_millis() / TICK.as_millis()) as usize;
    for _ in 0..count {
        ticks.tick().await;
        bench.app.jobs.enqueue_all(&each).await?;
    }
    Ok(count * each.len())
}

async fn requests(bench: Rc<Bench>, number: usize) -> Round {
    let every = Duration::from_secs(1) * CLIENTS as u32 / REQUESTS_PER_SECOND as u32;
    let mut due = Instant::now() + every * number as u32 / CLIENTS as u32;
    let end = due + ROUND;
    let mut round = Round::default();
    while due < end {
        sleep_until(due).await;
        create(&bench.app).await;
        round.creates.push(due.elapsed().as_micros() as u64);
        let start = Instant::now();
        let request = Request::default();
        bench.app.records.view(&request, "posts", &bench.id, &Shape::default()).await.expect("the record is there");
        round.views.push(start.elapsed().as_micros() as u64);
        due += every;
    }
    round
}

/// The id of the new record.
async fn create(app: &App) -> String {
    let body = json!({ "title": "Hello", "body": "lorem ipsum dolor sit amet ".repeat(8) });
    let request = Request { body: body.as_object().cloned().unwrap_or_default(), ..Request::default() };
    let written = app.records.create(request, "posts", &Shape::default(), &Terms::default()).await;
    let record = serde_json::from_slice::<Json>(&written.expect("the rule is open").into_body());
    record.ok().and_then(|record| record["id"].as_str().map(str::to_owned)).unwrap_or_default()
}

impl Round {
    fn absorb(&mut self, other: Self) {
        self.creates.extend(other.creates);
        self.views.extend(other.views);
    }
}

fn report(name: &str, pairs: &[[Round; 2]], latencies: impl Fn(&Round) -> &Vec<u64>) {
    for (title, place) in [("p50", 50), ("p99", 99)] {
        let at = |round: &Round| {
            let mut latencies = latencies(round).clone();
            latencies.sort_unstable();
            latencies[latencies.len() * place / 100] as f64 / 1000.0
        };
        let [alone, beside] = [0, 1].map(|side| pairs.iter().map(|pair| at(&pair[side])).collect::<Vec<f64>>());
        let mut ratios: Vec<f64> = beside.iter().zip(&alone).map(|(beside, alone)| beside / alone).collect();
        let [alone, beside, ratio] = [alone, beside, ratios.clone()].map(median);
        ratios.sort_by(f64::total_cmp);
        println!("{:<28} {alone:>10.2} {beside:>14.2} {ratio:>8.2}   {ratios:.2?}", format!("{name}, {title}"));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
