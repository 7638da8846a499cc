use serde_json::{Value as Json, json};

use super::{infer, source};

/// The type, whether it is required, whether it is unique.
fn check(values: &[&str], expected: (&str, bool, bool)) {
    let rows: Vec<_> = (1..)
        .zip(values)
        .map(|(line, value)| source::Row { line, values: [("x".to_owned(), Json::from(*value))].into_iter().collect() })
        .collect();
    let field = infer::fields(&rows).remove(0);
    let found = (field["type"].as_str().expect("a type"), field["required"] == true, field["unique"] == true);
    assert_eq!(found, expected, "{values:?}");
}

#[test]
fn types_fit_every_value() {
    check(&["1", "-2.5", "1e3"], ("number", false, false));
    check(&["1", "x"], ("text", true, true));
    check(&["007", "008"], ("text", true, true));
    check(&["true", "false", ""], ("bool", false, false));
    check(&["2024-01-02", "2024-01-02 10:00:00"], ("date", true, false));
    check(&["02/01/2024", "03/01/2024"], ("text", true, true));
    check(&["a@b.co", "c@d.co"], ("email", true, true));
    check(&["https://a.co/x", "https://a.co/y", ""], ("url", false, false));
    check(&["a", "b", "a", "a", "b", "b", "a", "b"], ("select", true, false));
    check(&["a", "a", "b"], ("text", true, false));
    check(&["", ""], ("text", false, false));
}

#[test]
fn lists_and_objects_are_json() {
    let rows = source::json(br#"{"a":[1],"id":"x"} {"a":{"b":2}}"#).expect("rows");
    let fields = infer::fields(&rows);
    assert_eq!(fields, [json!({ "type": "json", "name": "a", "required": true, "unique": false })]);
}

#[test]
fn rows_know_their_lines() {
    let rows = source::csv(b"\xef\xbb\xbfFirst name,2nd\n\"a\nb\",1\nc,2\n").expect("rows");
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(rows[0].values.keys().collect::<Vec<_>>(), ["First_name", "_2nd"]);
    assert_eq!(rows[0].values["First_name"], "a\nb");
    assert!(source::json(b"[1]").is_err());
    assert!(source::csv(b"a\n\xff\n").is_err());
}
