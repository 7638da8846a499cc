use std::io::{Cursor, Read};

use serde_json::{Value as Json, json};

use super::infer::Inference;
use super::source::{self, Format, Row};

fn fields(rows: &[Row]) -> Vec<Json> {
    let mut inference = Inference::default();
    rows.iter().for_each(|row| inference.add(row));
    inference.fields()
}

fn read(format: Format, bytes: &'static [u8]) -> anyhow::Result<Vec<Row>> {
    source::rows(Box::new(Cursor::new(bytes)), format)?.collect()
}

/// The type, whether it is required, whether it is unique.
fn check(values: &[&str], expected: (&str, bool, bool)) {
    let rows: Vec<_> = (1..)
        .zip(values)
        .map(|(line, value)| Row { line, values: [("x".to_owned(), Json::from(*value))].into_iter().collect() })
        .collect();
    let field = fields(&rows).remove(0);
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
    let rows = read(Format::Json, br#"{"a":[1],"id":"x"} {"a":{"b":2}}"#).expect("rows");
    assert_eq!(fields(&rows), [json!({ "type": "json", "name": "a", "required": true, "unique": false })]);
}

#[test]
fn rows_know_their_lines() {
    let rows = read(Format::Csv, b"\xef\xbb\xbfFirst name,2nd\n\"a\nb\",1\nc,2\n").expect("rows");
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(rows[0].values.keys().collect::<Vec<_>>(), ["First_name", "_2nd"]);
    assert_eq!(rows[0].values["First_name"], "a\nb");
    assert!(read(Format::Json, b"[1]").is_err());
    assert!(read(Format::Csv, b"a\n\xff\n").is_err());
}

#[test]
fn lists_of_json_are_checked_to_their_end() {
    for (text, rows) in [
        (&b"[]"[..], Some(0)),
        (b" \n", Some(0)),
        (b"[{}]", Some(1)),
        (b"\xef\xbb\xbf [ {\"a\":1} , {\"a\":[{}]} ] \n", Some(2)),
        (b"{\"a\":1}\n{\"a\":2}", Some(2)),
        (b"[{}", None),
        (b"[{},]", None),
        (b"[{} {}]", None),
        (b"[{}] {}", None),
        (b"{\"a\":1", None),
        (b"[{},1]", None),
    ] {
        let read = read(Format::Json, text);
        assert_eq!(read.as_ref().ok().map(Vec::len), rows, "{}: {read:?}", String::from_utf8_lossy(text));
    }
}

/// Whoever wants the whole of it never comes to an end.
struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.0.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        Ok(length)
    }
}

#[test]
fn rows_are_read_one_after_the_other() {
    for (format, start, rest) in [
        (Format::Json, &b"[{}"[..], &b",{\"a\":1}"[..]),
        (Format::Json, b"{}", b"{\"a\":1}\n"),
        (Format::Csv, b"a,b\n1,2", b"\n1,2"),
    ] {
        let rows = source::rows(Box::new(Cursor::new(start).chain(Endless(rest))), format).expect("a start");
        assert_eq!(rows.take(1000).filter_map(Result::ok).count(), 1000, "{format:?}");
    }
}

#[test]
fn a_value_that_comes_twice_is_not_unique() {
    let rows: Vec<Row> = (0..2000)
        .map(|line| Row { line, values: [("x".to_owned(), format!("v{}", line % 1999).into())].into_iter().collect() })
        .collect();
    let (mut all, mut but_last) = (Inference::default(), Inference::default());
    rows.iter().for_each(|row| all.add(row));
    rows[..1999].iter().for_each(|row| but_last.add(row));
    assert_eq!((&all.fields()[0]["unique"], &but_last.fields()[0]["unique"]), (&json!(false), &json!(true)));
}
