//! The SQL of common rules: what indexes can serve, and what folds away.

use expect_test::{Expect, expect};
use serde_json::json;

use super::fixture::{Fixture, caller, collection, kind, open_rules, relation, text};
use crate::query::Trust;

fn check(filter: &str, sort: &str, expected: Expect) {
    let fixture = Fixture::new(vec![
        collection("users", open_rules(), &[("name", text()), ("verified", kind("bool"))]),
        collection(
            "posts",
            open_rules(),
            &[("title", text()), ("author", relation("users", 1)), ("editors", relation("users", 5))],
        ),
    ]);
    let request = caller(&fixture, json!({ "id": "ada" }));
    let statement = fixture.statement("posts", filter, sort, &request, Trust::Rule).expect("a statement");
    let (_, from) = statement.sql.split_once(" FROM ").expect("a select");
    expected.assert_eq(&format!("{from}\n{:?}", statement.params));
}

#[test]
fn common_rules() {
    check(
        "author = @request.auth.id",
        "",
        expect![[r#"
        "posts" AS r WHERE r."author" = ?1 ORDER BY r.rowid LIMIT ?2
        [Text("ada"), Int(1000)]"#]],
    );
    check(
        "@request.auth.id != ''",
        "-title",
        expect![[r#"
        "posts" AS r ORDER BY r."title" DESC LIMIT ?1
        [Int(1000)]"#]],
    );
    check(
        "author.verified = true && title != ''",
        "",
        expect![[r#"
        "posts" AS r LEFT JOIN "users" AS j1 ON j1."id" = r."author" WHERE j1."verified" = ?1 AND r."title" IS NOT '' ORDER BY r.rowid LIMIT ?2
        [Int(1), Int(1000)]"#]],
    );
    check(
        "editors.id ?= @request.auth.id && title ~ 'x'",
        "",
        expect![[r#"
        "posts" AS r WHERE r."title" LIKE ?2 ESCAPE '\' AND EXISTS (SELECT 1 FROM (SELECT 1) LEFT JOIN json_each(CASE WHEN json_valid(r."editors") THEN r."editors" END) AS j1 WHERE j1.value = ?1) ORDER BY r.rowid LIMIT ?3
        [Text("ada"), Text("%x%"), Int(1000)]"#]],
    );
    check(
        "@request.auth.id = '' || @request.auth.id = 'bob'",
        "",
        expect![[r#"
        "posts" AS r WHERE 0 ORDER BY r.rowid LIMIT ?1
        [Int(1000)]"#]],
    );
}
