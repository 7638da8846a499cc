//! `basalt mock`: examples for every type, the same ones each time, and nothing left behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::process::Place;

/// A mock server of its own process; killed when it is dropped.
struct Mock {
    child: Child,
    /// What it said of itself.
    facts: Json,
}

impl Mock {
    fn start(place: &Place, schema: &Json, more: &[&str]) -> Self {
        std::fs::write(place.path().join("schema.json"), schema.to_string()).expect("a file");
        let mut command = prepare(place, more);
        let mut child = command.arg("--json").stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        Self { child, facts: serde_json::from_str(&line).expect("JSON") }
    }

    async fn text(&self, path: &str) -> String {
        let answer = reqwest::get(format!("{}{path}", self.facts["url"].as_str().expect("a url"))).await;
        answer.expect("an answer").text().await.expect("a body")
    }

    async fn items(&self, collection: &str) -> Vec<Json> {
        let text = self.text(&format!("/api/collections/{collection}/records?perPage=1000")).await;
        let mut page: Json = serde_json::from_str(&text).expect("JSON");
        page["items"].as_array_mut().map(std::mem::take).unwrap_or_else(|| panic!("{collection}: {text}"))
    }

    fn end(mut self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn prepare(place: &Place, more: &[&str]) -> Command {
    let scratch = place.path().join("scratch");
    std::fs::create_dir_all(&scratch).expect("a directory");
    let mut command = place.command(&["mock", "--schema", "schema.json", "--http", "127.0.0.1:0"]);
    command.args(more).env("TMPDIR", scratch);
    command
}

fn left_behind(place: &Place) -> usize {
    std::fs::read_dir(place.path().join("scratch")).expect("a directory").count()
}

/// Every type of field with every demand, collections that need each other, and one that needs itself.
fn whole_schema() -> Json {
    let relation = |name: &str, target: &str, more: Json| {
        let mut field = json!({ "name": name, "type": "relation", "collectionId": target, "maxSelect": 1 });
        field.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        field
    };
    json!([
        {
            "id": "pbc_1", "name": "products", "type": "base", "listRule": "",
            "indexes": ["CREATE UNIQUE INDEX idx_code ON products (code)", "CREATE UNIQUE INDEX idx_lower ON products (lower(title))"],
            "fields": [
                { "name": "title", "type": "text", "required": true, "min": 5, "max": 30 },
                { "name": "code", "type": "text", "required": true, "pattern": "^[A-Z]{2}-\\d{3}$" },
                { "name": "token", "type": "text", "autogeneratePattern": "[a-f]{8}" },
                { "name": "text", "type": "editor", "maxSize": 60 },
                { "name": "price", "type": "number", "required": true, "min": 1000, "max": 1001 },
                { "name": "pages", "type": "number", "onlyInt": true, "min": -5, "max": -1, "required": true },
                { "name": "live", "type": "bool", "required": true },
                { "name": "mail", "type": "email", "onlyDomains": ["basalt.example"], "required": true },
                { "name": "site", "type": "url", "exceptDomains": ["example.com"], "required": true },
                { "name": "on", "type": "date", "min": "1999-01-01 00:00:00.000Z", "max": "1999-02-01 00:00:00.000Z", "required": true },
                { "name": "kinds", "type": "select", "values": ["a", "b", "c"], "maxSelect": 2, "required": true },
                { "name": "cover", "type": "file", "maxSelect": 1, "required": true },
                { "name": "extra", "type": "json", "required": true, "maxSize": 10 },
                { "name": "pin", "type": "password", "pattern": "^[0-9]{4}$" },
                { "name": "place", "type": "geoPoint", "required": true },
                { "name": "made", "type": "autodate", "onCreate": true },
                { "name": "changed", "type": "autodate", "onCreate": true, "onUpdate": true },
                relation("maker", "pbc_2", json!({ "required": true })),
                relation("parts", "pbc_1", json!({ "maxSelect": 5, "minSelect": 2, "required": true })),
            ],
        },
        {
            "id": "pbc_2", "name": "makers", "type": "auth", "listRule": "", "authRule": "verified = true",
            "fields": [
                { "name": "password", "type": "password", "min": 20, "hidden": true, "required": true, "system": true },
                relation("favourite", "pbc_1", json!({ "required": true })),
            ],
        },
        {
            "id": "pbc_3", "name": "cards", "type": "base", "listRule": "@request.auth.id = maker",
            "indexes": ["CREATE UNIQUE INDEX idx_maker ON cards (maker)"],
            "fields": [relation("maker", "pbc_2", json!({ "required": true }))],
        },
        { "name": "titles", "type": "view", "listRule": "", "viewQuery": "SELECT id, title FROM products" },
    ])
}

#[tokio::test]
async fn every_field_has_an_example_that_fits() {
    let place = Place::new();
    let mock = Mock::start(&place, &whole_schema(), &["--records", "12"]);
    let counts = json!([
        { "name": "users", "records": 12 }, { "name": "makers", "records": 12 },
        { "name": "products", "records": 12 }, { "name": "cards", "records": 12 },
    ]);
    let mut found = mock.facts["collections"].clone();
    found
        .as_array_mut()
        .expect("a list")
        .sort_by_key(|it| counts.as_array().expect("a list").iter().position(|x| x == it));
    assert_eq!(found, counts);

    let (products, makers) = (mock.items("products").await, mock.items("makers").await);
    assert_eq!((products.len(), makers.len(), mock.items("titles").await.len()), (12, 12, 12));
    let ids = |records: &[Json]| records.iter().map(|record| record["id"].clone()).collect::<Vec<_>>();
    let (product_ids, maker_ids) = (ids(&products), ids(&makers));
    for product in &products {
        let text = |field: &str| product[field].as_str().unwrap_or_else(|| panic!("{field}: {product}")).to_owned();
        assert!((5..=30).contains(&text("title").len()), "{product}");
        assert!(text("code").len() == 6 && text("code").as_bytes()[2] == b'-', "{product}");
        assert!(text("token").len() == 8 && text("cover").is_empty() && text("pin").is_empty(), "{product}");
        assert!((1000.0..=1001.0).contains(&product["price"].as_f64().expect("a number")), "{product}");
        assert!((-5..=-1).contains(&product["pages"].as_i64().expect("a number")), "{product}");
        assert!(
            text("mail").ends_with("@basalt.example") && text("site").starts_with("https://example.org/"),
            "{product}"
        );
        assert!(product["live"] == true && text("on").starts_with("1999-0"), "{product}");
        assert!((1..=2).contains(&product["kinds"].as_array().expect("a list").len()), "{product}");
        assert!(!product["extra"].is_null() && product["place"]["lon"] != 0, "{product}");
        let parts = product["parts"].as_array().expect("a list");
        assert!((2..=5).contains(&parts.len()) && parts.iter().all(|part| product_ids.contains(part)), "{product}");
        assert!(maker_ids.contains(&product["maker"]) && text("made") < text("changed"), "{product}");
    }
    assert!(makers.iter().all(|maker| product_ids.contains(&maker["favourite"])), "{makers:?}");
    assert!(products.windows(2).all(|pair| pair[0]["made"].as_str() < pair[1]["made"].as_str()));
}

#[tokio::test]
async fn accounts_sign_in_and_rules_hold() {
    let place = Place::new();
    let mock = Mock::start(&place, &whole_schema(), &["--records", "5"]);
    let url = mock.facts["url"].as_str().expect("a url");
    let accounts = mock.facts["accounts"].as_array().expect("a list");
    let names: Vec<_> = accounts.iter().map(|it| (it["collection"].as_str(), it["identity"].as_str())).collect();
    for expected in
        [("_superusers", "admin@example.com"), ("users", "user@example.com"), ("makers", "user@example.com")]
    {
        assert!(names.contains(&(Some(expected.0), Some(expected.1))), "{names:?}");
    }
    assert!(mock.items("cards").await.is_empty(), "the list rule holds");
    for account in accounts {
        let collection = account["collection"].as_str().expect("a name");
        let sign_in = format!("{url}/api/collections/{collection}/auth-with-password");
        let answer = reqwest::Client::new().post(sign_in).json(account).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{account}");
    }
    // What could not be met while the data was made is demanded again.
    let admin = json!({ "identity": "admin@example.com", "password": accounts[0]["password"] });
    let http = reqwest::Client::new();
    let signed_in =
        http.post(format!("{url}/api/collections/_superusers/auth-with-password")).json(&admin).send().await;
    let signed_in: Json = signed_in.expect("an answer").json().await.expect("JSON");
    let token = signed_in["token"].as_str().expect("a token");
    let refused = http.post(format!("{url}/api/collections/products/records")).header("authorization", token);
    let refused: Json = refused.json(&json!({})).send().await.expect("an answer").json().await.expect("JSON");
    for field in ["title", "maker", "parts"] {
        assert_eq!(refused["data"][field]["code"], "validation_required", "{refused}");
    }
}

#[tokio::test]
async fn one_seed_gives_the_same_lists_to_the_byte() {
    let paths =
        ["products", "makers", "cards", "users", "titles"].map(|name| format!("/api/collections/{name}/records"));
    let mut seen = Vec::new();
    for seed in ["7", "7", "8"] {
        let place = Place::new();
        let mock = Mock::start(&place, &whole_schema(), &["--seed", seed, "--records", "15", "--open"]);
        let mut lists = Vec::new();
        for path in &paths {
            lists.push(mock.text(path).await);
            assert!(lists.last().is_some_and(|list| list.contains("\"totalItems\":15")), "{path}: {lists:?}");
        }
        seen.push(lists);
    }
    for (index, path) in paths.iter().enumerate() {
        assert!(seen[0][index] == seen[1][index], "{path}\n{}\n{}", seen[0][index], seen[1][index]);
        assert!(seen[0][index] != seen[2][index], "{path}: another seed gives other records");
    }
}

#[tokio::test]
async fn open_means_that_everybody_may_write() {
    let place = Place::new();
    let mock = Mock::start(&place, &whole_schema(), &["--records", "3", "--open"]);
    let url = mock.facts["url"].as_str().expect("a url");
    let card = mock.items("cards").await.remove(0);
    let answer = reqwest::Client::new()
        .delete(format!("{url}/api/collections/cards/records/{}", card["id"].as_str().expect("an id")))
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 204);
}

#[tokio::test]
async fn the_directory_goes_with_the_server() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mock = Mock::start(&place, &json!([]), &[]);
        assert_eq!(left_behind(&place), 1);
        let start = Instant::now();
        tokio::task::spawn_blocking(move || mock.end(signal)).await.expect("no panic");
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(left_behind(&place), 0);
        assert!(!place.path().join("data").try_exists().expect("a directory"), "the data directory is not its own");
    }
}

#[test]
fn a_signal_ends_the_filling_too() {
    let place = Place::new();
    std::fs::write(place.path().join("schema.json"), whole_schema().to_string()).expect("a file");
    let mut child = prepare(&place, &["--records", "10000"]).spawn().expect("the binary runs");
    while left_behind(&place) == 0 {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().expect("kill runs").success());
    assert!(child.wait().expect("it ends").success());
    assert_eq!(left_behind(&place), 0);
}

#[test]
fn what_has_no_example_is_named() {
    let check = |fields: Json, words: &str| {
        let place = Place::new();
        let schema = json!([{ "id": "pbc_1", "name": "odd", "type": "base", "fields": fields }]);
        std::fs::write(place.path().join("schema.json"), schema.to_string()).expect("a file");
        let output = prepare(&place, &[]).output().expect("the binary runs");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("schema.json") && message.contains(words), "{message}");
        assert_eq!(left_behind(&place), 0);
    };
    let field = |more: Json| {
        let mut field = json!({ "name": "code", "required": true });
        field.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        json!([field])
    };
    check(
        field(json!({ "type": "text", "pattern": "^[0-9]{4}$", "min": 9 })),
        "collection odd, field code: no text of 9 to 5000 characters fits the pattern \"^[0-9]{4}$\"",
    );
    check(
        field(json!({ "type": "number", "onlyInt": true, "min": 0, "max": 0 })),
        "collection odd, field code: no example fits",
    );
    check(
        field(json!({ "type": "relation", "collectionId": "pbc_1", "maxSelect": 900, "minSelect": 500 })),
        "collection odd, field code: it asks for 500 of 30 records",
    );
    check(field(json!({ "type": "nonsense" })), "could not be saved");
}

#[test]
fn a_collection_of_few_values_has_fewer_records() {
    let place = Place::new();
    let schema = json!([{
        "name": "days", "type": "base", "indexes": ["CREATE UNIQUE INDEX idx_day ON days (day)"],
        "fields": [{ "name": "day", "type": "select", "values": ["sat", "sun"], "required": true }],
    }]);
    let mock = Mock::start(&place, &schema, &[]);
    let counts = mock.facts["collections"].as_array().expect("a list").clone();
    assert!(counts.contains(&json!({ "name": "days", "records": 2 })), "{counts:?}");
}
