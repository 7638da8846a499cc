//! The filter and rule language beside the real PocketBase: the same generated expressions over the same rows.
//!
//! Needs its binary ($POCKETBASE, the PATH, or the test cache); without one it says so and passes, and the
//! recorded answers of `tests/compat` stand in. `DIFFERENTIAL_SEED` and `DIFFERENTIAL_CASES`
//! choose other expressions and more of them; a failure prints the seed.
//!
//! *Invariant:* both servers get the same requests in the same order. Start reading at [`Pair`].

mod cases;
mod data;
mod expression;
mod pair;
pub mod pocketbase;
pub mod random;

use pair::Pair;
use random::Random;

const SEED: u64 = 20_261_124;
const CASES: u64 = 400;
/// The same code above another engine.
const CASES_OF_POSTGRES: u64 = 200;
/// Differences that a failure prints.
const SHOWN: usize = 200;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The same answers to filters, sorts, list rules and rules of writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expressions_mean_what_they_mean_to_pocketbase() {
    let Some(binary) = pocketbase::binary() else {
        eprintln!("skipped: no PocketBase binary in $POCKETBASE, the PATH or $BASALT_TEST_CACHE");
        return;
    };
    let seed = variable("DIFFERENTIAL_SEED", SEED);
    let default = if crate::database::is_postgres() { CASES_OF_POSTGRES } else { CASES };
    let count = variable("DIFFERENTIAL_CASES", default);
    let mut pair = Pair::start(&binary).await;
    data::load(&pair).await;
    pair.sign_in().await;
    let mut random = Random::new(seed);
    cases::fixed_filters(&mut pair).await;
    cases::filters(&mut pair, &mut random, count).await;
    cases::client_filters(&mut pair, &mut random, count / 2).await;
    cases::sorts(&mut pair, &mut random, count / 4).await;
    cases::list_rules(&mut pair, &mut random, count / 4).await;
    cases::create_rules(&mut pair, &mut random, count / 4).await;
    cases::update_rules(&mut pair, &mut random, count / 4).await;
    let (compared, differences) = pair.finish().await;
    let shown: Vec<String> = differences.iter().take(SHOWN).cloned().collect();
    assert!(
        differences.is_empty(),
        "{} of {compared} answers differ (DIFFERENTIAL_SEED={seed}):\n{}",
        differences.len(),
        shown.join("\n")
    );
    eprintln!("{compared} answers agree with PocketBase");
}
