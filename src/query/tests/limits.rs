//! What a client may not learn by a filter or an order (contract 3.7), of records that it may not list.

use serde_json::json;

use super::fixture::{Fixture, caller, collection, kind, open_rules, relation, text};
use crate::query::{Request, Trust};
use crate::schema::Rules;

fn fixture() -> Fixture {
    let own = Rules { list: Some("author = @request.auth.id || votes > 1".into()), ..Rules::default() };
    let members = Rules { list: Some("@request.auth.id != ''".into()), ..Rules::default() };
    let fixture = Fixture::new(vec![
        collection("users", open_rules(), &[("name", text())]),
        collection(
            "posts",
            open_rules(),
            &[("s", text()), ("topic", relation("topics", 1)), ("safe", relation("vault", 1))],
        ),
        collection("topics", members, &[("label", text())]),
        collection("vault", Rules::default(), &[("label", text())]),
        collection(
            "comments",
            own,
            &[
                ("text", text()),
                ("votes", kind("number")),
                ("post", relation("posts", 1)),
                ("author", relation("users", 1)),
            ],
        ),
    ]);
    fixture.insert("topics", json!({ "id": "t", "label": "red" }));
    for (id, topic) in [("none", ""), ("hidden", "t"), ("mixed", "")] {
        fixture.insert("posts", json!({ "id": id, "s": id, "topic": topic }));
    }
    for (id, post, text, votes) in
        [("c1", "hidden", "secret", 0), ("c2", "mixed", "secret", 0), ("c3", "mixed", "open", 5)]
    {
        fixture.insert("comments", json!({ "id": id, "post": post, "text": text, "votes": votes, "author": "ada" }));
    }
    fixture
}

fn check(fixture: &Fixture, request: &Request, filter: &str, sort: &str, expected: &[&str]) {
    let found = fixture.ids("posts", filter, sort, request, Trust::Client).expect("an answer");
    assert_eq!(found, expected, "{filter} by {sort}");
}

#[test]
fn what_a_client_may_not_list_does_not_count() {
    let fixture = fixture();
    let guest = Request::default();
    check(&fixture, &guest, "comments_via_post.text ?= 'secret'", "", &[]);
    check(&fixture, &guest, "comments_via_post.text = 'open'", "", &["mixed"]);
    check(&fixture, &guest, "comments_via_post.text != 'secret'", "", &["none", "mixed"]);
    check(&fixture, &guest, "comments_via_post.text = 'x' || s != ''", "", &["none", "mixed"]);
    check(&fixture, &guest, "topic.label = 'red'", "", &[]);
    check(&fixture, &guest, "topic.label != 'red'", "", &["none", "mixed"]);
    check(&fixture, &guest, "", "comments_via_post.text,s", &["none", "mixed"]);
    check(&fixture, &guest, "", "topic.label,s", &["mixed", "none"]);
}

#[test]
fn what_a_client_may_list_counts() {
    let fixture = fixture();
    let ada = caller(&fixture, json!({ "id": "ada" }));
    check(&fixture, &ada, "comments_via_post.text ?= 'secret'", "", &["hidden", "mixed"]);
    check(&fixture, &ada, "comments_via_post.text = 'open'", "", &[]);
    check(&fixture, &ada, "topic.label = 'red'", "", &["hidden"]);
    check(&fixture, &ada, "topic.label = 'red' || s = 'none'", "", &["none", "hidden"]);
}

#[test]
fn a_collection_without_a_list_rule_is_closed() {
    let fixture = fixture();
    let refused = fixture.ids("posts", "safe.label = 'x'", "", &Request::default(), Trust::Client);
    assert!(refused.is_err(), "{refused:?}");
    assert!(fixture.ids("posts", "safe.label = 'x'", "", &Request::default(), Trust::Rule).is_ok());
}

#[test]
fn a_count_binds_only_what_it_mentions() {
    let fixture = fixture();
    let schema = &fixture.schema;
    let collection = schema.by_name("posts").expect("a collection");
    let request = Request::default();
    // The last comparison folds away together with the parameters of its other side.
    let filter = crate::query::Filter::parse("s = 'none' || topic.label < null").expect("valid").expect("not empty");
    let mut query = crate::query::Query::new(schema, collection, &request);
    query.filter(&filter, Trust::Client).expect("allowed");
    assert_eq!(fixture.run(&query.count()), [[crate::store::Value::Int(1)]]);
}
