use std::pin::Pin;

use actix_web::http::header::HeaderValue;
use serde_json::json;

use super::*;

fn json_values(text: &[u8]) -> Result<Json> {
    json::parse_object(text).map(Json::Object)
}

#[test]
fn json_is_strict() {
    let good = |text: &str, expected: Json| {
        assert_eq!(json_values(text.as_bytes()).unwrap_or_default(), expected, "{text}");
    };
    good("null", json!({}));
    good(" {} ", json!({}));
    good(r#"{"a":{"b":[1,-2,1.5,true,null,"x"]}}"#, json!({"a": {"b": [1, -2, 1.5, true, null, "x"]}}));
    good(r#"{"a":1}zzz"#, json!({"a": 1}));
    good(r#"{"a":12345678901234567890}"#, json!({"a": 12_345_678_901_234_567_890_u64}));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let bad: [&[u8]; 12] = [
        b" ",
        b"[]",
        b"5",
        br#""x""#,
        br#"{"a":1,"a":2}"#,
        br#"{"a":{"b":1,"b":2}}"#,
        b"{\"a\":\"\xff\"}",
        br#"{"a":"\ud800"}"#,
        br#"{"a":1e400}"#,
        br#"{"a":1,}"#,
        b"{\"a\":\"\x00\"}",
        deep.as_bytes(),
    ];
    for text in bad {
        assert!(json_values(text).is_err(), "{}", String::from_utf8_lossy(&text[..text.len().min(40)]));
    }
}

#[test]
fn forms_infer_values_that_lose_nothing() {
    let check = |text: &str, expected: Json| assert_eq!(form::infer(text), expected, "{text}");
    check("true", json!(true));
    check("false", json!(false));
    check("12", json!(12));
    check("-3", json!(-3));
    check("1.5", json!(1.5));
    check("-0.5", json!(-0.5));
    for text in [
        "",
        "True",
        "FALSE",
        "007",
        "1.0",
        "1e3",
        "+1",
        "0012",
        "1.50",
        ".5",
        "1.",
        "-",
        "00",
        "null",
        "[1]",
        "9007199254740993",
        "12345678901234567890",
        "NaN",
        "inf",
        " 1",
        "1_000",
        "--1",
        "1.2.3",
    ] {
        check(text, json!(text));
    }
}

#[test]
fn urlencoded_forms() {
    let check = |body: &str, query: &str, expected: Option<Json>| {
        assert_eq!(form::parse(body.as_bytes(), query).ok().map(Json::Object), expected, "{body} {query}");
    };
    check("", "", Some(json!({})));
    check("a=1&b=x+y&c=%C3%A4&&d", "", Some(json!({"a": 1, "b": "x y", "c": "ä", "d": ""})));
    check("a=1&a=true&a=x", "", Some(json!({"a": [1, true, "x"]})));
    check("a=body", "a=query&b=2", Some(json!({"a": ["body", "query"], "b": 2})));
    check("=x", "", Some(json!({"": "x"})));
    check("a=%zz", "", None);
    check("a=%2", "", None);
    check("a=b;c=d", "", None);
}

fn part(disposition: &str, content: &str) -> String {
    format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
}

async fn multipart(parts: &[String], limit: u64) -> Result<Body> {
    let mut content_type = HeaderMap::new();
    content_type.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=X"));
    let bytes = Bytes::from(format!("{}--X--\r\n", parts.concat()));
    let chunks: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(stream::iter([Ok(bytes)]));
    multipart::read(&content_type, limited(Payload::Stream { payload: chunks }, limit), "q=1").await
}

#[actix_web::test]
async fn multipart_merges_json_over_plain_parts() {
    let check = async |parts: &[String], expected: Json| {
        let body = multipart(parts, 10_000).await.unwrap_or_default();
        assert_eq!(Json::Object(body.values), expected);
    };
    check(&[part(r#"name="t""#, "1"), part(r#"name="t""#, "x")], json!({"t": [1, "x"], "q": 1})).await;
    let payload = |json: &str| part(r#"name="@jsonPayload""#, json);
    check(&[payload(r#"{"t":"json"}"#), part(r#"name="t""#, "plain")], json!({"t": "json", "q": 1})).await;
    check(&[payload(r#"{"a":1,"b":1}"#), payload(r#"{"b":[2]}"#)], json!({"q": 1, "a": 1, "b": [2]})).await;
    check(&[payload("null")], json!({"q": 1})).await;
    check(&[part(r#"name="f"; filename="""#, "")], json!({"f": "", "q": 1})).await;
}

#[actix_web::test]
async fn multipart_tells_files_and_faults() {
    let file = part(r#"name="f"; filename="a.txt""#, "bytes");
    let body = multipart(std::slice::from_ref(&file), 10_000).await.unwrap_or_default();
    assert_eq!(body.files, ["f"]);
    for payload in ["[1]", "{bad", "", r#"{"a":1,"a":2}"#] {
        let kind = multipart(&[part(r#"name="@jsonPayload""#, payload)], 10_000).await.err().map(|error| error.kind());
        assert_eq!(kind, Some(Kind::Invalid), "{payload}");
    }
    let kind = multipart(&[file], 20).await.err().map(|error| error.kind());
    assert_eq!(kind, Some(Kind::TooLarge));
}

#[test]
fn content_types() {
    let check = |text: &str, expected: BodyKind| assert_eq!(BodyKind::of(text), expected, "{text}");
    check("application/json", BodyKind::Json);
    check("application/json; charset=utf-8", BodyKind::Json);
    check("Application/JSON", BodyKind::Json);
    check("multipart/form-data; boundary=x", BodyKind::Multipart);
    check("multipart/mixed; boundary=x", BodyKind::Unsupported);
    check("application/x-www-form-urlencoded", BodyKind::Form);
    check("text/plain", BodyKind::Unsupported);
    check("", BodyKind::Unsupported);
}
