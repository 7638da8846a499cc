use serde_json::{Value as Json, json};

use super::{Settings, Values, merge, validate};
use crate::error::Kind;
use crate::store::Store;
use crate::store::sqlite::{Engine, Options};

fn update(patch: Json) -> crate::error::Result<Values> {
    let values = merge::merged(&Values::default(), patch.as_object().cloned().expect("an object"))?;
    validate::check(&values).map(|()| values)
}

#[test]
fn a_patch_keeps_what_it_does_not_name() {
    let check = |patch: Json, pointer: &str, expected: Json| {
        let json = serde_json::to_value(update(patch.clone()).expect("valid")).expect("JSON");
        assert_eq!(json.pointer(pointer), Some(&expected), "{patch}");
    };
    check(json!({ "meta": { "appName": "Mine" } }), "/meta/appName", json!("Mine"));
    check(json!({ "meta": { "appName": "Mine" } }), "/meta/senderName", json!("Support"));
    check(json!({ "superuserIPs": ["10.0.0.1", "::1/64"] }), "/superuserIPs", json!(["10.0.0.1", "::1/64"]));
    check(json!({ "superuserIPs": null }), "/superuserIPs", json!([]));
    check(
        json!({ "logs": null }),
        "/logs",
        json!({ "maxDays": 0, "minLevel": 0, "logIP": false, "logAuthId": false, "maxDataSize": 0 }),
    );
    check(json!({ "meta": { "accentColor": "" } }), "/meta/accentColor", json!(""));
    check(json!({ "nothing": { "of": "ours" } }), "/batch/maxRequests", json!(50));
    assert_eq!(update(json!({ "nothing": 1, "meta": { "more": 2 } })).expect("valid"), Values::default());
}

#[test]
fn failures_have_the_codes_of_the_contract() {
    let check = |patch: Json, path: &[&str], code: &str| {
        let error = update(patch.clone()).expect_err("not valid");
        assert_eq!(error.kind(), Kind::Invalid);
        let fields = error.fields().to_json();
        let found = path.iter().try_fold(&fields, |node, key| node.get(key)).and_then(|node| node["code"].as_str());
        assert_eq!(found, Some(code), "{patch} gave {fields}");
    };
    check(json!({ "meta": { "appName": "" } }), &["meta", "appName"], "validation_required");
    check(json!({ "meta": null }), &["meta", "senderAddress"], "validation_required");
    check(json!({ "meta": { "appURL": "nope" } }), &["meta", "appURL"], "validation_is_url");
    check(json!({ "meta": { "senderAddress": "x" } }), &["meta", "senderAddress"], "validation_is_email");
    check(json!({ "meta": { "accentColor": "red" } }), &["meta", "accentColor"], "validation_length_invalid");
    check(json!({ "meta": { "accentColor": "#zzzzzz" } }), &["meta", "accentColor"], "validation_is_hex_color");
    check(json!({ "batch": { "enabled": true, "timeout": 0 } }), &["batch", "timeout"], "validation_required");
    let minimum = "validation_min_greater_equal_than_required";
    check(json!({ "batch": { "maxRequests": -1 } }), &["batch", "maxRequests"], minimum);
    check(json!({ "logs": { "maxDays": -1 } }), &["logs", "maxDays"], minimum);
    let network = "validation_invlaid_ip_or_subnet";
    check(json!({ "superuserIPs": ["1.1.1.1", "10.0.0.0/99"] }), &["superuserIPs", "1"], network);
}

#[test]
fn a_wrong_type_is_refused_without_field_errors() {
    for patch in [json!({ "meta": { "appName": 5 } }), json!({ "superuserIPs": "x" }), json!({ "logs": [] })] {
        let error = update(patch).expect_err("a wrong type");
        assert!(error.kind() == Kind::Invalid && error.fields().is_empty());
    }
}

#[tokio::test]
async fn what_is_kept_for_later_comes_back_as_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::Sqlite(Engine::open(Options::for_tests(dir.path())).expect("the directory is free"));
    let settings = Settings::open(store.clone()).await.expect("settings");
    assert!(settings.kept().await.expect("none").is_empty());
    let groups = json!({ "smtp": { "host": "h", "password": "p" } }).as_object().cloned().expect("an object");
    settings.keep(groups.clone()).await.expect("kept");
    assert_eq!(settings.kept().await.expect("it opens"), groups);
    store.close().await;
}
