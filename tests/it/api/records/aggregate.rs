//! Aggregates: what they answer, held against what the listed records come to, and what is refused.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use crate::app::TestApp;
use crate::client::{Client, Reply};

const PATH: &str = "/api/collections/sales/aggregate";
const RECORDS: &str = "/api/collections/sales/records";

async fn ask(client: &Client, query: &[(&str, &str)]) -> Reply {
    client.send(client.request(Method::GET, PATH).query(query)).await
}

async fn items(client: &Client, query: &[(&str, &str)]) -> Json {
    ask(client, query).await.ok()["items"].clone()
}

async fn sales() -> TestApp {
    let app = TestApp::start().await;
    let shops = app.open_collection("shops", json!([{ "name": "city", "type": "text" }])).await;
    let fields = json!([
        { "name": "price", "type": "number" },
        { "name": "paid", "type": "bool" },
        { "name": "at", "type": "date" },
        { "name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
        { "name": "shop", "type": "relation", "collectionId": shops["id"], "maxSelect": 1 },
        { "name": "data", "type": "json" },
        { "name": "place", "type": "geoPoint" },
    ]);
    app.open_collection("sales", fields).await;
    for (id, city) in [("shop00000000001", "Oslo"), ("shop00000000002", "Rome")] {
        app.guest().post("/api/collections/shops/records", json!({ "id": id, "city": city })).await.ok();
    }
    app
}

async fn some_sales() -> TestApp {
    let app = sales().await;
    for (title, price, paid, at, tags, shop, size) in [
        ("x", json!(10), true, "2024-12-30 23:30:00.000Z", json!(["a", "b"]), "shop00000000001", json!(1.5)),
        ("x", json!(2.5), false, "2025-01-01 00:10:00.000Z", json!(["a"]), "shop00000000002", json!("large")),
        ("y", json!(-1), true, "2025-05-04 10:00:00.000Z", json!([]), "", json!(3)),
        ("", json!(0), false, "", json!(["c"]), "shop00000000001", Json::Null),
    ] {
        let body = json!({
            "title": title, "price": price, "paid": paid, "at": at, "tags": tags, "shop": shop, "data": { "size": size },
        });
        app.guest().post(RECORDS, body).await.ok();
    }
    app
}

#[tokio::test]
async fn functions_of_all_records() {
    let app = some_sales().await;
    let guest = app.guest();
    assert_eq!(
        ask(&guest, &[]).await.ok(),
        json!({ "items": [{ "count()": 4 }], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1 })
    );
    let select = "count() as n, sum(price), avg(price), min(price), max(price), countDistinct(title), min(at), max(paid), \
                  sum(data.size), max(tags:length), min(title), countDistinct(tags)";
    assert_eq!(
        items(&guest, &[("select", select)]).await,
        json!([{
            "n": 4, "sum(price)": 11.5, "avg(price)": 2.875, "min(price)": -1, "max(price)": 10,
            "countDistinct(title)": 2, "min(at)": "2024-12-30 23:30:00.000Z", "max(paid)": true,
            "sum(data.size)": 4.5, "max(tags:length)": 2, "min(title)": "x", "countDistinct(tags)": 4,
        }])
    );
    let nothing =
        [("filter", "title = 'none'"), ("select", "count(),sum(price),avg(price),min(at),countDistinct(title)")];
    let expected = json!([{
        "count()": 0, "sum(price)": 0, "avg(price)": null, "min(at)": null, "countDistinct(title)": 0,
    }]);
    assert_eq!(items(&guest, &nothing).await, expected);
}

#[tokio::test]
async fn groups() {
    let app = some_sales().await;
    let guest = app.guest();
    for (group, expected) in [
        ("title", json!([["", 1], ["x", 2], ["y", 1]])),
        ("paid", json!([[false, 2], [true, 2]])),
        ("price", json!([[-1, 1], [0, 1], [2.5, 1], [10, 1]])),
        ("shop.city", json!([[null, 1], ["Oslo", 2], ["Rome", 1]])),
        ("tags:each", json!([[null, 1], ["a", 2], ["b", 1], ["c", 1]])),
        ("tags", json!([[["a", "b"], 1], [["a"], 1], [["c"], 1], [[], 1]])),
        ("data.size", json!([[null, 1], [1.5, 1], [3, 1], ["large", 1]])),
        ("title:lower", json!([["", 1], ["x", 2], ["y", 1]])),
        ("place", json!([[{ "lon": 0, "lat": 0 }, 4]])),
        ("year(at)", json!([[null, 1], ["2024-01-01 00:00:00.000Z", 1], ["2025-01-01 00:00:00.000Z", 2]])),
        (
            "quarter(at)",
            json!([
                [null, 1],
                ["2024-10-01 00:00:00.000Z", 1],
                ["2025-01-01 00:00:00.000Z", 1],
                ["2025-04-01 00:00:00.000Z", 1]
            ]),
        ),
        (
            "month(at)",
            json!([
                [null, 1],
                ["2024-12-01 00:00:00.000Z", 1],
                ["2025-01-01 00:00:00.000Z", 1],
                ["2025-05-01 00:00:00.000Z", 1]
            ]),
        ),
        // The 30th of December 2024 is a Monday, the 4th of May 2025 a Sunday.
        ("week(at)", json!([[null, 1], ["2024-12-30 00:00:00.000Z", 2], ["2025-04-28 00:00:00.000Z", 1]])),
        (
            "day(at)",
            json!([
                [null, 1],
                ["2024-12-30 00:00:00.000Z", 1],
                ["2025-01-01 00:00:00.000Z", 1],
                ["2025-05-04 00:00:00.000Z", 1]
            ]),
        ),
        (
            "hour(at)",
            json!([
                [null, 1],
                ["2024-12-30 23:00:00.000Z", 1],
                ["2025-01-01 00:00:00.000Z", 1],
                ["2025-05-04 10:00:00.000Z", 1]
            ]),
        ),
    ] {
        let found = items(&guest, &[("group", group)]).await;
        let rows = found.as_array().into_iter().flatten().map(|row| json!([row[group], row["count()"]]));
        assert_eq!(rows.collect::<Json>(), expected, "{group}");
    }
}

#[tokio::test]
async fn having_sort_and_pages() {
    let app = some_sales().await;
    let guest = app.guest();
    let query = [
        ("group", "shop.city as city, paid"),
        ("select", "count(), sum(price) as total"),
        ("having", "total >= 0 && (city != null || count() > 5)"),
        ("sort", "-total"),
    ];
    let expected = json!([
        { "city": "Oslo", "paid": true, "count()": 1, "total": 10 },
        { "city": "Rome", "paid": false, "count()": 1, "total": 2.5 },
        { "city": "Oslo", "paid": false, "count()": 1, "total": 0 },
    ]);
    assert_eq!(items(&guest, &query).await, expected);
    let mut paged = query.to_vec();
    paged.extend([("perPage", "2"), ("page", "2")]);
    let page = ask(&guest, &paged).await.ok();
    let [items, page, total, pages] = ["items", "page", "totalItems", "totalPages"].map(|key| page[key].clone());
    assert_eq!((items, page, total, pages), (json!([expected[2]]), json!(2), json!(3), json!(2)));
    paged.extend([("skipTotal", "1")]);
    assert_eq!(ask(&guest, &paged).await.ok()["totalItems"], -1);
    for having in [
        "month(at) >= '2025-01-01' && month(at) < @now",
        "month(at) ~ '2025'",
        "month(at) ?= '2025-05-01 00:00:00.000Z' || month(at) = '2025-01-01 00:00:00.000Z'",
    ] {
        let query = [("group", "month(at)"), ("having", having)];
        assert_eq!(ask(&guest, &query).await.ok()["totalItems"], 2, "{having}");
    }
    assert_eq!(ask(&guest, &[("having", "count() > 4")]).await.ok()["items"], json!([]));
    assert_eq!(ask(&guest, &[("having", "1 = 2")]).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn what_is_refused() {
    let app = some_sales().await;
    let guest = app.guest();
    let syntax = "validation_invalid_expression";
    let (unknown, unfit) = ("validation_unknown_field", "validation_invalid_operand");
    for (parameter, text, code) in [
        ("select", "sum(title)", unfit),
        ("select", "avg(paid)", unfit),
        ("select", "sum(tags:each)", unfit),
        ("select", "min(tags)", unfit),
        ("select", "max(place)", unfit),
        ("select", "sum(nope)", unknown),
        ("select", "sum(@now)", unknown),
        ("select", "sum(shop.nope)", unknown),
        ("select", "median(price)", syntax),
        ("select", "price", syntax),
        ("select", "month(at)", syntax),
        ("select", "count(price)", syntax),
        ("select", "sum(price", syntax),
        ("select", "sum(price),", syntax),
        ("select", "sum(price, price)", syntax),
        ("select", "sum(1)", syntax),
        ("select", "count() as a.b", syntax),
        ("select", "count(),count()", syntax),
        ("select", "sum(price); DROP TABLE sales", syntax),
        ("group", "month(title)", unfit),
        ("group", "sum(price)", syntax),
        ("group", "title'", syntax),
        ("group", "@rowid", unknown),
        ("group", "title\" FROM sales --", syntax),
        ("having", "title = 'x'", unknown),
        ("having", "count( = 1", syntax),
        ("having", "sum(price, 1) = 1", unknown),
        ("having", "strftime('%Y') = '2025'", unknown),
        ("sort", "title", unknown),
        ("sort", "@random", unknown),
        ("sort", "count(),", syntax),
    ] {
        assert_eq!(ask(&guest, &[(parameter, text)]).await.code(400, parameter), code, "{parameter} {text}");
    }
    let many = vec!["sum(price)"; 21].join(",");
    assert_eq!(ask(&guest, &[("select", &many)]).await.code(400, "select"), syntax);
    ask(&guest, &[("filter", "nope = 1")]).await.error(400);
    ask(&guest, &[("page", "x")]).await.error(400);
    guest.get("/api/collections/nope/aggregate").await.error(404);
    app.superuser().patch("/api/collections/sales", json!({ "listRule": null })).await.ok();
    ask(&guest, &[]).await.error(403);
    assert_eq!(items(app.superuser(), &[]).await, json!([{ "count()": 4 }]));
}

#[tokio::test]
async fn views_are_aggregated_too() {
    let app = some_sales().await;
    let view = json!({
        "name": "by_shop", "type": "view", "listRule": "",
        "viewQuery": "SELECT s.id, s.shop, s.price, s.paid FROM sales s",
    });
    app.superuser().post("/api/collections", view).await.ok();
    let found = app.guest().get("/api/collections/by_shop/aggregate?group=shop.city&select=sum(price)").await.ok();
    let expected = json!([
        { "shop.city": null, "sum(price)": -1 }, { "shop.city": "Oslo", "sum(price)": 10 },
        { "shop.city": "Rome", "sum(price)": 2.5 },
    ]);
    assert_eq!(found["items"], expected);
}

/// Random records, filters and keys: the answer is what the records that a list gives come to.
#[tokio::test]
async fn the_same_as_the_list_comes_to() {
    let app = sales().await;
    let guest = app.guest();
    app.superuser().patch("/api/collections/sales", json!({ "listRule": "price != 7" })).await.ok();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut draw = |most: usize| (0..most).new_tree(&mut runner).expect("a range").current();
    for _ in 0..60 {
        let tags: Vec<&str> = ["a", "b", "c"].into_iter().filter(|_| draw(2) == 1).collect();
        let at = ["", "2024-02-29 12:00:00.000Z", "2024-12-31 23:59:59.999Z", "2025-01-06 00:00:00.000Z"][draw(4)];
        let body = json!({
            "title": (["", "a", "B", "ü"][draw(4)]), "price": draw(9) as f64 - 1.5 + if draw(2) == 1 { 0.5 } else { 0.0 },
            "paid": draw(2) == 1, "at": at, "tags": tags,
            "shop": (["", "shop00000000001", "shop00000000002"][draw(3)]),
        });
        app.superuser().post(RECORDS, body).await.ok();
    }
    for round in 0..40 {
        let filter = ["", "price > 1", "paid = true", "shop.city = 'Oslo' || title = 'a'", "tags:each ?= 'b'"][draw(5)];
        let keys: Vec<&str> = ["title", "paid", "shop.city", "tags:each", "month(at)", "year(at)"]
            .into_iter()
            .filter(|_| draw(3) == 0)
            .collect();
        let list =
            guest.request(Method::GET, RECORDS).query(&[("filter", filter), ("expand", "shop"), ("perPage", "500")]);
        let listed = guest.send(list).await.ok()["items"].clone();
        let select = "count(),sum(price),avg(price),min(price),max(price),countDistinct(title)";
        let query = [("group", &*keys.join(",")), ("select", select), ("filter", filter), ("perPage", "1000")];
        let answer = items(&guest, &query).await;
        let mut found: Vec<String> = answer.as_array().into_iter().flatten().map(Json::to_string).collect();
        let mut expected = expected(listed.as_array().map(Vec::as_slice).unwrap_or_default(), &keys);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "round {round}: {filter} by {keys:?}");
    }
}

fn expected(records: &[Json], keys: &[&str]) -> Vec<String> {
    let mut groups: BTreeMap<String, (Map<String, Json>, Vec<&Json>)> = BTreeMap::new();
    if keys.is_empty() {
        groups.insert(String::new(), (Map::new(), Vec::new()));
    }
    for record in records {
        for key in combinations(record, keys) {
            let name = if keys.is_empty() { String::new() } else { Json::Object(key.clone()).to_string() };
            groups.entry(name).or_insert_with(|| (key, Vec::new())).1.push(record);
        }
    }
    groups.into_values().map(|(key, records)| row(key, &records)).collect()
}

/// The groups that a record falls in: one for each item of a list.
fn combinations(record: &Json, keys: &[&str]) -> Vec<Map<String, Json>> {
    keys.iter().fold(vec![Map::new()], |made, key| {
        let values = values(record, key);
        let with = |map: &Map<String, Json>, value: &Json| {
            let mut map = map.clone();
            map.insert((*key).to_owned(), value.clone());
            map
        };
        made.iter().flat_map(|map| values.iter().map(move |value| with(map, value)).collect::<Vec<_>>()).collect()
    })
}

fn values(record: &Json, key: &str) -> Vec<Json> {
    let start = |length: usize, rest: &str| match record["at"].as_str().unwrap_or_default() {
        "" => Json::Null,
        at => json!(format!("{}{rest}", &at[..length])),
    };
    match key {
        "tags:each" if record["tags"] == json!([]) => vec![Json::Null],
        "tags:each" => record["tags"].as_array().cloned().unwrap_or_default(),
        "shop.city" => vec![record["expand"]["shop"]["city"].clone()],
        "month(at)" => vec![start(7, "-01 00:00:00.000Z")],
        "year(at)" => vec![start(4, "-01-01 00:00:00.000Z")],
        plain => vec![record[plain].clone()],
    }
}

fn row(mut row: Map<String, Json>, records: &[&Json]) -> String {
    let prices: Vec<f64> = records.iter().filter_map(|record| record["price"].as_f64()).collect();
    let sum: f64 = prices.iter().sum();
    let number = |value: f64| if value.fract() == 0.0 { json!(value as i64) } else { json!(value) };
    let or_null = |value: Option<f64>| value.map_or(Json::Null, number);
    let titles: std::collections::BTreeSet<&str> =
        records.iter().filter_map(|record| record["title"].as_str()).filter(|title| !title.is_empty()).collect();
    row.insert("count()".into(), json!(records.len()));
    row.insert("sum(price)".into(), number(sum));
    row.insert("avg(price)".into(), or_null((!prices.is_empty()).then(|| sum / prices.len() as f64)));
    row.insert("min(price)".into(), or_null(prices.iter().copied().reduce(f64::min)));
    row.insert("max(price)".into(), or_null(prices.iter().copied().reduce(f64::max)));
    row.insert("countDistinct(title)".into(), json!(titles.len()));
    Json::Object(row).to_string()
}
