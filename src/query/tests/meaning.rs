//! What expressions mean, on rows for which PocketBase 0.40.6 gave these answers.

use serde_json::json;

use super::fixture::{Fixture, caller, collection, kind, open_rules, relation, select, text};
use super::postgres::replay;
use crate::query::{Request, Trust};
use crate::schema::Rules;

fn fixture() -> Fixture {
    let closed = Rules::default();
    let listed = Rules { list: Some("open = true".into()), ..Rules::default() };
    let fixture = Fixture::new(vec![
        collection(
            "users",
            open_rules(),
            &[
                ("name", text()),
                ("role", text()),
                ("team", relation("teams", 1)),
                ("secret", json!({ "type": "text", "hidden": true })),
            ],
        ),
        collection("teams", listed, &[("name", text()), ("open", kind("bool"))]),
        collection("vaults", closed, &[("name", text())]),
        collection(
            "rows",
            open_rules(),
            &[
                ("k", text()),
                ("n", kind("number")),
                ("s", text()),
                ("b", kind("bool")),
                ("d", kind("date")),
                ("j", kind("json")),
                ("tags", select(3)),
                ("one", select(1)),
                ("team", relation("teams", 1)),
                ("teams", relation("teams", 3)),
                ("vault", relation("vaults", 1)),
                ("at", kind("geoPoint")),
                ("hush", json!({ "type": "text", "hidden": true })),
            ],
        ),
    ]);
    for (id, name, open) in [("red", "Red", true), ("blue", "Blue", false), ("grey", "", true)] {
        fixture.insert("teams", json!({ "id": id, "name": name, "open": open }));
    }
    let rows = [
        json!({ "n": 5, "s": "5", "tags": ["a"], "d": "2022-01-01 00:00:00.000Z", "j": { "a": 5 }, "b": true, "team": "red", "teams": ["red"], "one": "a" }),
        json!({ "n": 10, "s": "10", "tags": ["a", "b"], "d": "2022-06-01 10:00:00.000Z", "j": { "a": "5" }, "teams": ["red", "blue"], "team": "blue" }),
        json!({ "n": 0, "s": "", "tags": [], "j": null }),
        json!({ "n": -1.5, "s": "É_x%", "tags": ["b"], "j": [1, "x"], "teams": ["blue", "grey"], "at": { "lon": 23.3, "lat": 42.7 } }),
    ];
    for (index, mut row) in rows.into_iter().enumerate() {
        row["id"] = format!("{}", index + 1).into();
        row["k"] = row["id"].clone();
        fixture.insert("rows", row);
    }
    fixture
}

fn check(fixture: &Fixture, filter: &str, expected: &str) {
    let found = fixture
        .ids("rows", filter, "", &Request::default(), Trust::Rule)
        .unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(
        found.concat(),
        expected,
        "{filter}\n{:?}",
        fixture.statement("rows", filter, "", &Request::default(), Trust::Rule)
    );
}

#[test]
fn values_compare_as_pocketbase_compares_them() {
    let fixture = fixture();
    for (filter, expected) in [
        ("k='1' || k='2' && k='3'", "1"),
        ("s = 5", ""),
        ("s > 9", "4"),
        ("n = '5'", "1"),
        ("n > '9'", "2"),
        ("j.a = 5", "1"),
        ("j.a = '5'", "2"),
        ("j.a != 5", "234"),
        ("j.0 = 1", "4"),
        ("j = null", "3"),
        ("b = 'true'", ""),
        ("b = 1", "1"),
        ("b = true", "1"),
        ("b != true", "234"),
        ("d > '2022-01-01'", "12"),
        ("d = ''", "34"),
        ("s ~ 'é'", ""),
        ("s ~ '_x'", "4"),
        ("s ~ '%x%'", "4"),
        ("s ~ '\\%'", "4"),
        ("s ~ ''", "1234"),
        ("s !~ '5'", "234"),
        ("s = null", "3"),
        ("s != ''", "124"),
        ("n = ''", ""),
        ("n ~ 5", "14"),
        ("s:lower = 'É_x%'", "4"),
        ("'a' = 'a'", "1234"),
        ("1 > 2", ""),
        ("at.lon > 20", "4"),
        ("geoDistance(at.lon, at.lat, 23.3, 42.7) < 1", "4"),
        ("strftime('%Y', d) = '2022'", "12"),
    ] {
        check(&fixture, filter, expected);
    }
    replay(&fixture);
}

#[test]
fn lists_are_compared_item_by_item_where_asked() {
    let fixture = fixture();
    for (filter, expected) in [
        ("tags = 'a'", ""),
        ("tags ~ 'a'", "12"),
        ("tags = '[]'", "3"),
        ("tags:each = 'a'", "1"),
        ("tags:each != 'a'", "34"),
        ("tags:each ?= 'a'", "12"),
        ("tags:each ?!= 'a'", "234"),
        ("tags:length = 2", "2"),
        ("tags:length = '2'", ""),
        ("one:length = 1", "1"),
        ("tags:each ?= 'a' && tags:each ?= 'b'", ""),
        ("teams.id = 'red'", "1"),
        ("teams.id ?= 'red'", "12"),
        ("teams.name ?= 'Blue'", "24"),
        ("teams.name = 'Red'", "1"),
        ("teams.name != 'Red'", "34"),
        ("teams.id = ''", "3"),
        ("team.name = 'Red'", "1"),
        ("team.id = 'red'", "1"),
        ("team.name != 'Red'", "234"),
        ("team.open = true", "1"),
        ("teams.open > 0 || k = '3'", "13"),
        ("@collection.teams.name ?= 'Red'", "1234"),
        ("@collection.teams.id ?= team", "12"),
        ("@collection.teams:x.name ?= 'Red' && @collection.teams:x.id ?= team", "1"),
    ] {
        check(&fixture, filter, expected);
    }
    replay(&fixture);
}

#[test]
fn back_relations_lead_to_those_who_refer() {
    let fixture = fixture();
    let ids = |filter: &str| {
        fixture
            .ids("teams", filter, "", &Request::default(), Trust::Rule)
            .unwrap_or_else(|error| panic!("{filter}: {error}"))
            .join(",")
    };
    assert_eq!(ids("rows_via_team.n ?= 5"), "red");
    assert_eq!(ids("rows_via_teams.n ?> 5"), "red,blue");
    assert_eq!(ids("rows_via_teams.n > 5"), "");
    assert_eq!(ids("rows_via_teams.id = ''"), "");
    assert_eq!(ids("rows_via_team.id = ''"), "grey");
    assert!(fixture.ids("teams", "rows_via_team = 'x'", "", &Request::default(), Trust::Rule).is_err());
    replay(&fixture);
}

#[test]
fn the_request_is_seen() {
    let fixture = fixture();
    let mut request =
        caller(&fixture, json!({ "id": "ada", "name": "Ada", "role": "5", "team": "red", "secret": "x" }));
    request.query.insert("q".into(), "1".into());
    request.body = json!({ "n": "5", "s": "5", "teams": ["red", "blue"], "other": { "deep": [7] } })
        .as_object()
        .cloned()
        .unwrap_or_default();
    let ids = |filter: &str| {
        fixture
            .ids("rows", filter, "", &request, Trust::Rule)
            .unwrap_or_else(|error| panic!("{filter}: {error}"))
            .concat()
    };
    for (filter, expected) in [
        ("@request.auth.id = 'ada'", "1234"),
        ("@request.auth.missing = ''", "1234"),
        ("@request.auth.secret = 'x'", "1234"),
        ("@request.auth.collectionName = 'users'", "1234"),
        ("s = @request.auth.role", "1"),
        ("team = @request.auth.team", "1"),
        ("@request.auth.team.name = 'Red'", "1234"),
        ("@request.auth.team.rows_via_team.n ?= 5", "1234"),
        ("@request.query.q = 1", ""),
        ("@request.query.q = '1'", "1234"),
        ("@request.query.none = ''", "1234"),
        ("@request.query.none:isset = false", "1234"),
        ("@request.body.n = n", "1"),
        ("@request.body.n:isset = true", "1234"),
        ("@request.body.k:isset = true", ""),
        ("@request.body.s:changed = true", "234"),
        ("@request.body.k:changed = true", ""),
        ("@request.body.teams:length = 2", "1234"),
        ("@request.body.teams:each ?= 'blue'", "1234"),
        ("@request.body.teams.name ?= 'Blue'", "1234"),
        ("@request.body.teams.name = 'Blue'", ""),
        ("@request.body.other.deep.0 = 7", "1234"),
        ("@request.context = 'default'", "1234"),
        ("@year > 2000 && @now > '2000'", "1234"),
    ] {
        assert_eq!(ids(filter), expected, "{filter}");
    }
    let guest = Request::default();
    assert_eq!(fixture.ids("rows", "@request.auth.id != ''", "", &guest, Trust::Rule), Ok(vec![]));
    assert_eq!(
        fixture.ids("rows", "@request.auth.team.name = ''", "", &guest, Trust::Rule).map(|ids| ids.len()),
        Ok(4)
    );
    replay(&fixture);
}

#[test]
fn a_client_may_not_touch_everything() {
    let fixture = fixture();
    let guest = Request::default();
    let client = |filter: &str| fixture.ids("rows", filter, "", &guest, Trust::Client).map(|ids| ids.concat());
    for refused in [
        "hush = ''",
        "vault.name = ''",
        "nope = 1",
        "collectionId = 'x'",
        "@rowid = 1",
        "s:nope = 1",
        "tags:each:lower = 'a'",
        "j:x.y = 1",
    ] {
        assert!(client(refused).is_err(), "{refused}");
    }
    assert!(fixture.ids("rows", "", "hush", &guest, Trust::Client).is_err());
    // Through a relation only what the caller may list there is seen.
    assert_eq!(client("team.name = 'Red'"), Ok("1".into()));
    assert_eq!(client("team.name = 'Blue'"), Ok(String::new()));
    assert_eq!(client("teams.name ?= 'Blue'"), Ok(String::new()));
    let forbidden = crate::query::Filter::parse("@request.auth.id = ''").ok().flatten().unwrap();
    let rows = fixture.schema.by_name("rows").unwrap();
    let error = crate::query::Query::new(&fixture.schema, rows, &guest).filter(&forbidden, Trust::Client).unwrap_err();
    assert!(error.forbidden);
    replay(&fixture);
}

#[test]
fn sorting() {
    let fixture = fixture();
    let sorted = |sort: &str| {
        fixture
            .ids("rows", "", sort, &Request::default(), Trust::Rule)
            .unwrap_or_else(|error| panic!("{sort}: {error}"))
            .concat()
    };
    assert_eq!(sorted(""), "1234");
    assert_eq!(sorted("-n"), "2134");
    assert_eq!(sorted("+n,s"), "4312");
    assert_eq!(sorted("-@rowid"), "4321");
    assert_eq!(sorted("team.name,-k"), "4321");
    assert_eq!(sorted("-tags:length,k"), "2143");
    assert_eq!(sorted("j.a,-k"), "4312");
    assert_eq!(sorted("@random").len(), 4);
    replay(&fixture);
}
