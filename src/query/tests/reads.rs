//! What answers depend on, as their plans tell it.

use serde_json::json;

use super::fixture::{Fixture, caller, collection, kind, open_rules, relation, text};
use crate::query::{Filter, Query, Request, Sort, Trust};
use crate::schema::Rules;

fn fixture() -> Fixture {
    let limited = Rules { list: Some("owner.name != @request.auth.name".into()), ..open_rules() };
    Fixture::new(vec![
        collection("users", open_rules(), &[("name", text()), ("boss", relation("users", 1))]),
        collection("clubs", limited, &[("name", text()), ("owner", relation("users", 1))]),
        collection(
            "posts",
            open_rules(),
            &[
                ("title", text()),
                ("data", kind("json")),
                ("author", relation("users", 1)),
                ("club", relation("clubs", 1)),
            ],
        ),
        collection("comments", open_rules(), &[("post", relation("posts", 1)), ("text", text())]),
    ])
}

/// Tables, the part of the caller, parameters, headers, and whether it is volatile.
fn told(fixture: &Fixture, request: &Request, filter: &str, sort: &str, trust: Trust) -> String {
    let posts = fixture.schema.by_name("posts").expect("a collection");
    let mut query = Query::new(&fixture.schema, posts, request);
    if let Some(filter) = Filter::parse(filter).expect("an expression") {
        query.filter(&filter, trust).expect("a condition");
    }
    query.sort(&Sort::parse(sort).expect("a sort"), trust).expect("an order");
    let reads = query.reads();
    let tables: Vec<&str> = reads.tables.iter().map(|table| table.name.as_str()).collect();
    let mut told = vec![tables.join(" "), format!("{:?}", reads.caller)];
    told.extend(reads.parameters.iter().map(|name| format!("?{name}")));
    told.extend(reads.headers.iter().map(|name| format!("header {name}")));
    told.extend(reads.method.then(|| "method".to_owned()));
    told.extend(reads.volatile.then(|| "volatile".to_owned()));
    told.join(", ")
}

#[test]
fn rules_and_filters() {
    let fixture = fixture();
    let ada = caller(&fixture, json!({ "id": "ada", "boss": "bob" }));
    let check = |filter: &str, trust: Trust, as_ada: &str, as_guest: &str| {
        assert_eq!(told(&fixture, &ada, filter, "", trust), as_ada, "{filter}");
        assert_eq!(told(&fixture, &Request::default(), filter, "", trust), as_guest, "{filter}");
    };
    let alike = |filter: &str, expected: &str| check(filter, Trust::Rule, expected, expected);
    alike("", "posts, Nothing");
    alike("title = 'a' || data.x > 1", "posts, Nothing");
    alike("author = 'x' && author.id = 'y'", "posts, Nothing");
    alike("author.name = 'x'", "posts users, Nothing");
    alike("author.boss.name = 'x' && author.name = 'y'", "posts users, Nothing");
    alike("comments_via_post.text ?= 'x'", "posts comments, Nothing");
    alike("comments_via_post.post.author.name = 'x'", "posts comments users, Nothing");
    alike("@collection.clubs.name ?= title", "posts clubs, Nothing");
    alike("@collection.clubs:a.owner.name ?= title", "posts clubs users, Nothing");
    alike("@request.auth.id != ''", "posts, Collection");
    alike("null = @request.auth.id", "posts, Collection");
    alike("@request.auth.collectionName = 'users'", "posts, Collection");
    alike("@request.auth.id = author", "posts, Record");
    alike("@request.auth.id > ''", "posts, Record");
    alike("@request.auth.name != ''", "posts, Record");
    alike("@request.auth.id != '' && @request.auth.name = title", "posts, Record");
    alike("@request.auth.name = title && @request.auth.id != ''", "posts, Record");
    check("@request.auth.boss.name = title", Trust::Rule, "posts users, Record", "posts, Record");
    check("@request.auth.users_via_boss.name ?= title", Trust::Rule, "posts users, Record", "posts, Record");
    alike("@request.query.a = title || @request.query.b:isset = true", "posts, Nothing, ?a, ?b");
    alike("@request.headers.X_Token = title", "posts, Nothing, header x_token");
    alike("@request.method = 'GET' && @request.context = 'default'", "posts, Nothing, method");
    for time in ["@now > title", "title < @todayStart", "@year = 2000"] {
        alike(time, "posts, Nothing, volatile");
    }
    alike("strftime('%Y', title) = '2000'", "posts, Nothing, volatile");
    alike("geoDistance(1, 2, 3, 4) < 5", "posts, Nothing");
}

#[test]
fn the_rules_of_what_a_client_crosses_count_too() {
    let fixture = fixture();
    let told = |trust: Trust| told(&fixture, &Request::default(), "club.name = 'x'", "", trust);
    assert_eq!(told(Trust::Rule), "posts clubs, Nothing");
    assert_eq!(told(Trust::Client), "posts clubs users, Record");
}

#[test]
fn sorts() {
    let fixture = fixture();
    let check = |sort: &str, expected: &str| {
        assert_eq!(told(&fixture, &Request::default(), "", sort, Trust::Client), expected, "{sort}");
    };
    check("title,-@rowid", "posts, Nothing");
    check("author.name", "posts users, Nothing");
    check("club.name", "posts clubs users, Record");
    check("@random", "posts, Nothing, volatile");
}
