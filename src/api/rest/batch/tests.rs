use super::*;

fn entry(method: &str, url: &str) -> Option<(BatchAction, String)> {
    let draft = Draft { method: method.into(), url: url.into(), headers: Default::default(), body: Map::new() };
    draft.entry().map(|entry| (entry.action, entry.collection))
}

#[test]
fn method_and_url_make_the_action() {
    let check = |method: &str, url: &str, expected: BatchAction, collection: &str| {
        assert_eq!(entry(method, url), Some((expected, collection.to_owned())), "{method} {url}");
    };
    check("POST", "/api/collections/t/records?expand=a", BatchAction::Create, "t");
    check("PUT", "/api/collections/t%20x/records", BatchAction::Upsert, "t x");
    check("PATCH", "/api/collections/t/records/a%2Fb", BatchAction::Update("a/b".into()), "t");
    check("DELETE", "/api/collections/t/records/a", BatchAction::Delete("a".into()), "t");
    for (method, url) in [
        ("GET", "/api/collections/t/records"),
        ("POST", "api/collections/t/records"),
        ("POST", "http://x/api/collections/t/records"),
        ("POST", "/api/collections/t/records/"),
        ("POST", "/api/collections/t/records#x"),
        ("POST", "/api/collections//records"),
        ("POST", "/x/api/collections/t/records"),
        ("POST", "/api/collections/t/../t/records"),
        ("PUT", "/api/collections/t/records/a"),
        ("DELETE", "/api/collections/t/records"),
        ("DELETE", "/api/collections/t/records/"),
        ("PATCH", "/api/collections/t/records/a/b"),
    ] {
        assert_eq!(entry(method, url), None, "{method} {url}");
    }
}

#[test]
fn faults_of_the_body() {
    let check = |body: Json, expected: Json| {
        let values = body.as_object().cloned().unwrap_or_default();
        let error = parse(Body { values, files: Vec::new() }, 2).err();
        assert_eq!(error.map(|error| error.fields().to_json()).unwrap_or_default(), expected, "{body}");
    };
    let required = || json!({ "code": "validation_required", "message": "Cannot be blank." });
    check(json!({}), json!({ "requests": required() }));
    check(json!({ "requests": [] }), json!({ "requests": required() }));
    check(json!({ "requests": [{}] }), json!({ "requests": { "0": { "method": required(), "url": required() } } }));
    check(json!({ "requests": [null] }), json!({}));
    check(json!({ "requests": "x" }), json!({}));
    let good = json!({ "METHOD": "POST", "Url": "/api/collections/t/records", "body": null });
    check(json!({ "requests": [good] }), Json::Null);
    let unsupported = json!({ "method": "GET", "url": "/api/health" });
    check(
        json!({ "requests": [good, unsupported] }),
        json!({ "requests": { "1": {
            "code": "batch_request_failed",
            "message": "Batch request failed.",
            "response": { "status": 400, "message": "The request could not be processed.", "data": {} },
        } } }),
    );
    let too_many = json!({ "requests": [good, good, good] });
    let values = too_many.as_object().cloned().unwrap_or_default();
    let error = parse(Body { values, files: Vec::new() }, 2).err().map(|error| error.fields().to_json());
    assert_eq!(error.map(|error| error["requests"]["code"].clone()), Some(json!("validation_length_too_long")));
}

#[test]
fn inner_headers_lose_authorization_and_get_rule_names() {
    let request = json!({ "method": "POST", "url": "/x", "headers": { "X-Tenant": "a", "Authorization": "t" } });
    let headers = Draft::read(request).map(|draft| draft.headers).unwrap_or_default();
    assert_eq!(headers.into_iter().collect::<Vec<_>>(), [("x_tenant".to_owned(), "a".to_owned())]);
}
