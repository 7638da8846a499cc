//! How the engine runs common rules: by an index wherever there is one that fits.

use serde_json::json;

use super::fixture::{Fixture, caller, collection, kind, open_rules, relation, text};
use crate::query::Trust;
use crate::store::Statement;

fn fixture() -> Fixture {
    let posts = [
        ("title", text()),
        ("n", kind("number")),
        ("done", kind("bool")),
        ("author", relation("users", 1)),
        ("editor", relation("users", 1)),
        ("editors", relation("users", 5)),
    ];
    let comments = [("text", text()), ("post", relation("posts", 1)), ("author", relation("users", 1))];
    let fixture = Fixture::new(vec![
        collection("users", open_rules(), &[("name", text()), ("boss", relation("users", 1))]),
        collection("posts", open_rules(), &posts),
        collection("comments", open_rules(), &comments),
    ]);
    for (table, column) in [
        ("users", "id"),
        ("posts", "id"),
        ("posts", "title"),
        ("posts", "n"),
        ("posts", "author"),
        ("posts", "editor"),
        ("comments", "post"),
        ("comments", "author"),
    ] {
        let sql = format!("CREATE INDEX \"{table}_{column}\" ON \"{table}\" (\"{column}\")");
        fixture.db.execute_batch(&sql).expect("an index");
    }
    fixture
}

/// The steps of the plan that touch a table of ours.
fn plan(fixture: &Fixture, filter: &str, sort: &str, trust: Trust) -> Vec<String> {
    let request = caller(fixture, json!({ "id": "ada" }));
    let statement = fixture.statement("posts", filter, sort, &request, trust).expect("a statement");
    let explain = Statement::new(format!("EXPLAIN QUERY PLAN {}", statement.sql), statement.params);
    let steps = fixture.run(&explain).into_iter().map(|row| row[3].as_str().to_owned());
    steps
        .filter(|step| !["CONSTANT ROW", "VIRTUAL TABLE", "(subquery"].iter().any(|part| step.contains(part)))
        .collect()
}

#[test]
fn indexes_serve_common_rules() {
    let fixture = fixture();
    for (filter, sort) in [
        ("id = 'x'", ""),
        ("author = @request.auth.id", ""),
        ("author = @request.auth.id", "-title"),
        ("author = @request.auth.id || editor = @request.auth.id", ""),
        ("author.id = @request.auth.id", ""),
        ("n = 5", ""),
        ("n > 5 && n < 9", ""),
        ("title = 'x' && done = true", ""),
        ("title >= 'a' && title < 'b'", "title"),
        ("author.name = 'x' && title = 'y'", ""),
        ("author.boss.name = 'x' && title = 'y'", ""),
        ("title = 'x' && comments_via_post.author ?= @request.auth.id", ""),
        ("title = 'x' && comments_via_post.text != 'y'", ""),
        ("title = 'x' && editors.name ?= 'x'", ""),
        ("title = 'x' && editors.name = 'x'", ""),
        ("title = 'x' && @collection.comments.author ?= @request.auth.id && @collection.comments.post ?= id", ""),
        ("title = 'x' && @request.auth.comments_via_author.post ?= id", ""),
        ("title = 'x' && @request.auth.boss.name = 'y'", ""),
    ] {
        for trust in [Trust::Rule, Trust::Client] {
            if trust == Trust::Client && filter.contains('@') {
                continue;
            }
            let steps = plan(&fixture, filter, sort, trust);
            assert!(!steps.iter().any(|step| step.starts_with("SCAN ")), "{filter}: {steps:#?}");
        }
    }
}

#[test]
fn an_index_serves_the_order() {
    let fixture = fixture();
    for (filter, sort) in [
        ("", "title"),
        ("", "-n"),
        ("done = true", "-title"),
        ("author.name = 'x'", "title"),
        ("editors.name ?= 'x'", "-n"),
        ("author = @request.auth.id", ""),
        ("author = @request.auth.id", "@rowid"),
        ("title = 'x' && done = true", ""),
    ] {
        let steps = plan(&fixture, filter, sort, Trust::Rule);
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{filter} by {sort}: {steps:#?}");
    }
}
