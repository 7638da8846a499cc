//! What the filter language costs: CPU time for parsing an expression, for making its statement, and for
//! evaluating it in memory, without any database.
//!
//! `cargo bench --bench query` prints one table.

use std::sync::Arc;

use basalt::query::{Caller, Filter, Query, Request, Sort, Trust, eval};
use basalt::schema::{Collection, CollectionKind, Field, Record, Rules, Schema};
use basalt::store::Table;
use serde_json::{Value as Json, json};

type Failure = Box<dyn std::error::Error>;

const ROUNDS: u32 = 20_000;

/// Rules and filters as applications write them.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("owner", "author = @request.auth.id"),
    ("signed in, some fields", "@request.auth.id != '' && status = 'open' && n > 5 && title ~ 'x'"),
    ("one relation", "author.verified = true && title != ''"),
    ("a list", "editors.id ?= @request.auth.id"),
    ("a back relation", "comments_via_post.author ?= @request.auth.id"),
    ("another collection", "@collection.comments.author ?= @request.auth.id && @collection.comments.post ?= id"),
    ("all of a list", "editors.verified = true"),
    ("what is submitted", "@request.body.author:isset = false && @request.body.n:changed = false"),
];

fn main() -> Result<(), Failure> {
    let schema = schema()?;
    let posts = schema.by_name("posts").ok_or("no posts")?.clone();
    let users = schema.by_name("users").ok_or("no users")?;
    let caller = Caller::Record(Arc::new(record(users, &json!({ "id": "ada000000000000" }))));
    let request = Request { caller, ..Request::default() };
    let post =
        record(&posts, &json!({ "id": "post00000000000", "author": "ada000000000000", "n": 7, "status": "open" }));
    println!("{:<26} {:>10} {:>14} {:>14}", "CPU µs for", "parsing", "its statement", "in memory");
    for (name, text) in EXPRESSIONS {
        let filter = Filter::parse(text)?.ok_or("an expression")?;
        let parsing = cpu_us(|| Filter::parse(text).is_ok());
        let statement = cpu_us(|| {
            let mut query = Query::new(&schema, &posts, &request);
            query.filter(&filter, Trust::Rule).is_ok() && !query.select(30, 0).sql.is_empty()
        });
        let memory = match eval(&filter, &schema, &post, &request) {
            Some(_) => format!("{:.2}", cpu_us(|| eval(&filter, &schema, &post, &request).is_some())),
            None => "database".to_owned(),
        };
        println!("{name:<26} {parsing:>10.2} {statement:>14.2} {memory:>14}");
    }
    let sort = cpu_us(|| Sort::parse("-created,author.name").is_ok());
    println!("{:<26} {sort:>10.2}", "a sort of two terms");
    Ok(())
}

fn schema() -> Result<Schema, Failure> {
    let relation = |name: &str, target: &str, max: i64| json!({ "name": name, "type": "relation", "collectionId": target, "maxSelect": max });
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let users = [field("name", "text"), field("verified", "bool")];
    let posts = [
        field("title", "text"),
        field("status", "text"),
        field("n", "number"),
        relation("author", "users", 1),
        relation("editors", "users", 9),
    ];
    let comments = [field("text", "text"), relation("post", "posts", 1), relation("author", "users", 1)];
    let collections = [("users", &users[..]), ("posts", &posts[..]), ("comments", &comments[..])];
    let made: Result<Vec<_>, Failure> =
        collections.into_iter().map(|(name, fields)| collection(name, fields)).collect();
    Ok(Schema::new(1, made?))
}

fn collection(name: &str, fields: &[Json]) -> Result<Arc<Collection>, Failure> {
    let id = json!({ "name": "id", "type": "text", "primaryKey": true });
    let fields: Vec<Field> = std::iter::once(&id)
        .chain(fields)
        .map(|field| serde_json::from_value(field.clone()))
        .collect::<Result<_, _>>()?;
    let columns = fields.iter().map(|field| field.name.clone()).collect();
    Ok(Arc::new(Collection {
        id: name.to_owned(),
        name: name.to_owned(),
        system: false,
        kind: CollectionKind::Base,
        fields,
        indexes: Vec::new(),
        rules: Rules::default(),
        created: String::new(),
        updated: String::new(),
        table: Arc::new(Table { number: 1, name: name.to_owned(), columns, id_column: 0 }),
    }))
}

fn record(collection: &Arc<Collection>, json: &Json) -> Record {
    let value = |field: &Field| json.get(&field.name).map_or_else(|| field.zero(), |json| field.prepare(json));
    Record { collection: collection.clone(), rev: 0, values: collection.fields.iter().map(value).collect() }
}

fn cpu_us(work: impl Fn() -> bool) -> f64 {
    let start = process_cpu_us();
    for _ in 0..ROUNDS {
        assert!(std::hint::black_box(&work)());
    }
    (process_cpu_us() - start) / f64::from(ROUNDS)
}

fn process_cpu_us() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Unix, and the pointer is to a local of the right type.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}
