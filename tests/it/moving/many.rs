//! A directory with many records, made by the real binary: `MOVING_RECORDS` says how many.

use std::time::Instant;

use serde_json::json;

use super::asks::get;
use super::same::{Same, variable};
use crate::differential::pocketbase::{self, PocketBase};

const RECORDS: usize = 100_000;
const BATCH: usize = 1000;
const PAGE: usize = 1000;
const TAGS: [&str; 3] = ["a", "b", "c"];
/// Every so many pages are compared, which are read by both without a sort: in the order of the rows.
const EVERY: usize = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_records_are_moved_in_their_order() {
    let Some(binary) = pocketbase::binary() else {
        eprintln!("skipped: no PocketBase binary in $POCKETBASE, the PATH or $BASALT_TEST_CACHE");
        return;
    };
    let records = variable("MOVING_RECORDS", RECORDS);
    let pocketbase = PocketBase::start(&binary).await;
    let root = &pocketbase.superuser;
    root.patch("/api/settings", json!({ "batch": { "enabled": true, "maxRequests": BATCH, "timeout": 60 } }))
        .await
        .ok();
    let fields = json!([
        { "name": "title", "type": "text" }, { "name": "n", "type": "number" }, { "name": "flag", "type": "bool" },
        { "name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
        { "name": "created", "type": "autodate", "onCreate": true },
    ]);
    let model = json!({ "name": "many", "type": "base", "listRule": "n < 50000 || @request.auth.id != ''", "fields": fields,
        "indexes": ["CREATE INDEX idx_n ON many (n)"] });
    root.post("/api/collections", model).await.ok();
    let began = Instant::now();
    for first in (0..records).step_by(BATCH) {
        let one = |number: usize| {
            json!({ "method": "POST", "url": "/api/collections/many/records", "body": {
                "title": format!("record {number} ü"), "n": number * 7919 % records, "flag": number.is_multiple_of(3),
                "tags": TAGS[..number % 4] } })
        };
        let requests: Vec<_> = (first..records.min(first + BATCH)).map(one).collect();
        root.post("/api/batch", json!({ "requests": requests })).await.ok();
    }
    eprintln!("PocketBase took {records} records in {:.1} s", began.elapsed().as_secs_f64());
    let callers = vec![("guest", None), ("superuser", root.token.clone())];
    let began = Instant::now();
    let mut same = Same::new(&pocketbase.dir().join("data"), root, callers);
    eprintln!("they were moved in {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(same.report["records"]["many"], records, "{}", same.report);
    let per_page = PAGE.to_string();
    let mut asks = Vec::new();
    for page in (1..=records / PAGE + 1).step_by(EVERY) {
        asks.push(get("many", &[("page", &page.to_string()), ("perPage", &per_page)]));
    }
    for (filter, sort) in
        [("flag=true", "-n"), ("tags:length>2", "title"), ("title~'99'", "n"), ("n>10&&n<2000", "-created,n")]
    {
        asks.push(get("many", &[("filter", filter), ("sort", sort), ("perPage", &per_page)]));
    }
    for ask in &asks {
        same.all_ask(ask).await;
    }
    same.finish(0);
}
