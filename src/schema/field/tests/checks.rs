//! What fields refuse: values, options and names.

use super::*;

fn code(error: Option<FieldError>) -> String {
    error.map(|error| error.code.into_owned()).unwrap_or_default()
}

/// Definition, input, code of the failure (empty for none).
fn check_validate(definition: Json, cases: &[(Json, &str)]) {
    let mut definition = definition;
    definition["name"] = "f".into();
    let field = field(definition.clone());
    for (input, expected) in cases {
        assert_eq!(code(field.validate(&field.prepare(input))), *expected, "{definition} with {input}");
    }
}

#[test]
fn values_are_checked_in_order() {
    let text = json!({"type": "text", "min": 3, "max": 5, "pattern": "^[a-z]+$"});
    let min = "validation_min_text_constraint";
    let max = "validation_max_text_constraint";
    let format = "validation_invalid_format";
    check_validate(
        text,
        &[(json!(""), ""), (json!("AB"), min), (json!("ABCDEF"), max), (json!("ABCD"), format), (json!("ééé"), format)],
    );
    let required = "validation_required";
    check_validate(
        json!({"type": "text", "required": true}),
        &[(json!(null), required), (json!("x".repeat(5001)), max)],
    );
    let id = json!({"type": "text", "primaryKey": true, "pattern": "^.*$"});
    let forbidden = "validation_forbidden_pk_character";
    check_validate(
        id,
        &[
            (json!("a.b"), forbidden),
            (json!("con"), "validation_reserved_pk"),
            (json!("com0"), ""),
            (json!("a\nb"), format),
        ],
    );
    let number = json!({"type": "number", "min": 5, "max": 10, "onlyInt": true});
    let (low, high) = ("validation_min_number_constraint", "validation_max_number_constraint");
    let whole = "validation_only_int_constraint";
    check_validate(
        number,
        &[
            (json!(0), ""),
            (json!(3), low),
            (json!(11), high),
            (json!(1.5), whole),
            (json!("NaN"), "validation_not_a_number"),
        ],
    );
    let email = "validation_is_email";
    let good = ["a@b.co", "ä@b.co", "a@b.c", "a@ä.de", "a@b.co.", "a+b@c.de", "a'b@c.de", "a@b_c.de", "ü.ä@xn--c.de"];
    let bad = [
        "x",
        "a@b",
        "T <a@b.co>",
        "a b@c.de",
        "\"a b\"@c.de",
        "a..b@c.de",
        ".a@b.co",
        "a.@b.co",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "a@-b.co",
        " a@b.co",
        "a@b.123",
    ];
    check_validate(json!({"type": "email"}), &good.map(|text| (json!(text), "")));
    check_validate(json!({"type": "email"}), &bad.map(|text| (json!(text), email)));
    let good = [
        "http://a",
        "https://a.b/c?d#e",
        "ftp://x.y",
        "mailto:a@b.co",
        "www.a.b",
        "http://a.b:99999",
        "http://localhost:80/x",
        "http://127.0.0.1",
        "http://[::1]/",
        "http://ä.de",
        "http://a_b.de",
        "http://u:p@a.b",
        "http://a.b.",
        "http://a.b?x=[1]",
        "a.b:80",
        "localhost:80",
        "tel:123",
        "a.bc",
        "ws://a.bc",
        "http://a.b/<x>",
    ];
    let bad = [
        "x",
        "localhost",
        "//a.b",
        "a b",
        "http://a b",
        "http://",
        "javascript:alert(1)",
        "HTTP://A.B",
        "http://.a.b",
        "http://-a.b",
        "data:text/plain,a",
        "x://y.z",
        "http:/a.b",
        " http://a.b",
        "http://a.b/%zz",
        "http://1.2.3",
        "#a",
        "/a/b",
        "http://?x",
        "abc",
    ];
    check_validate(json!({"type": "url"}), &good.map(|text| (json!(text), "")));
    check_validate(json!({"type": "url"}), &bad.map(|text| (json!(text), "validation_invalid_url")));
    let date = json!({"type": "date", "required": true, "min": "2025-01-02", "max": "2025-01-05 10:00:00Z"});
    let (early, late) = ("validation_min_greater_equal_than_required", "validation_max_less_equal_than_required");
    check_validate(
        date,
        &[(json!("x"), required), (json!("2025-01-01"), early), (json!("2025-01-06"), late), (json!("2025-01-02"), "")],
    );
    let select = json!({"type": "select", "required": true, "maxSelect": 2, "values": ["a", "b", "c"]});
    let (many, unknown) = ("validation_too_many_values", "validation_invalid_value");
    check_validate(
        select,
        &[(json!([]), required), (json!(["a", "x", "y"]), many), (json!(["a", "x"]), unknown), (json!(["a", "b"]), "")],
    );
    let relation = json!({"type": "relation", "minSelect": 2, "maxSelect": 3});
    check_validate(
        relation,
        &[(json!([]), ""), (json!("x"), "validation_not_enough_values"), (json!([1, 2, 3, 4]), many)],
    );
    let large = "validation_json_size_limit";
    let blank = [json!(null), json!(""), json!("{}"), json!([])].map(|input| (input, required));
    check_validate(json!({"type": "json", "required": true, "maxSize": 5}), &blank);
    check_validate(
        json!({"type": "json", "required": true, "maxSize": 5}),
        &[(json!("abcd"), large), (json!("abc"), ""), (json!(0), "")],
    );
    let point = json!({"type": "geoPoint", "required": true});
    check_validate(
        point,
        &[
            (json!(null), required),
            (json!({"lon": 181, "lat": 95}), "validation_invalid_latitude"),
            (json!({"lon": -181}), "validation_invalid_longitude"),
        ],
    );
    check_validate(
        json!({"type": "password"}),
        &[(json!("x".repeat(72)), max), (json!("é".repeat(37)), unknown), (json!("é".repeat(36)), "")],
    );
}

#[test]
fn options_are_checked() {
    let (low, high) = ("validation_min_greater_equal_than_required", "validation_max_less_equal_than_required");
    let cases = [
        (json!({"type": "text", "min": -1}), "min", low),
        (json!({"type": "text", "min": 5, "max": 3}), "max", low),
        (json!({"type": "text", "min": 9_007_199_254_740_992_i64}), "min", high),
        (json!({"type": "text", "pattern": "["}), "pattern", "validation_invalid_regex"),
        (
            json!({"type": "text", "autogeneratePattern": "^a$"}),
            "autogeneratePattern",
            "validation_invalid_autogenerate_pattern",
        ),
        (
            json!({"type": "text", "autogeneratePattern": "a{5}", "max": 3}),
            "autogeneratePattern",
            "validation_invalid_autogenerate_pattern_value",
        ),
        (json!({"type": "text", "primaryKey": true}), "pattern", "validation_required"),
        (json!({"type": "text", "help": "x".repeat(301)}), "help", "validation_length_out_of_range"),
        (json!({"type": "number", "min": 5, "max": 3}), "max", "validation_min_number_constraint"),
        (json!({"type": "number", "min": 1.5, "onlyInt": true}), "min", "validation_only_int_constraint"),
        (
            json!({"type": "email", "onlyDomains": ["a.co"], "exceptDomains": ["b.co"]}),
            "onlyDomains",
            "validation_empty",
        ),
        (json!({"type": "autodate"}), "onCreate", "validation_required"),
        (json!({"type": "select"}), "values", "validation_required"),
        (json!({"type": "select", "values": ["a"], "maxSelect": 2}), "maxSelect", high),
        (json!({"type": "relation"}), "collectionId", "validation_required"),
        (json!({"type": "relation", "collectionId": "x", "minSelect": 3}), "maxSelect", "validation_required"),
        (json!({"type": "relation", "collectionId": "x", "minSelect": 3, "maxSelect": 2}), "maxSelect", low),
        (json!({"type": "password", "cost": 3}), "cost", low),
        (json!({"type": "password", "max": 72}), "max", high),
    ];
    for (definition, option, expected) in cases {
        let errors = field(definition.clone()).validate_options().to_json();
        assert_eq!(errors[option]["code"], expected, "{definition}: {errors}");
    }
    let thumbs = field(json!({"type": "file", "thumbs": ["100x100", "0x50", "x", "0x0"]})).validate_options().to_json();
    assert_eq!(thumbs["thumbs"]["2"]["code"], "validation_match_invalid");
    assert_eq!(thumbs["thumbs"]["3"]["code"], "validation_not_in_invalid");
    for type_name in
        ["text", "editor", "number", "bool", "email", "url", "date", "select", "file", "json", "password", "geoPoint"]
    {
        assert!(of_type(type_name).validate_options().is_empty(), "{type_name}");
    }
}

#[test]
fn names_are_checked() {
    let cases = [
        ("", "validation_required"),
        ("a b", "validation_match_invalid"),
        ("ä", "validation_match_invalid"),
        ("null", "validation_not_in_invalid"),
        ("TRUE", ""),
        ("1a", ""),
        ("A_VIA_b", "validation_found_via"),
        ("oldPassword", "validation_reserved_field_name"),
    ];
    for (name, expected) in cases {
        assert_eq!(code(Field::validate_name(name, true)), expected, "{name}");
    }
    assert_eq!(code(Field::validate_name("oldPassword", false)), "");
    assert_eq!(code(Field::validate_name(&"x".repeat(101), false)), "validation_length_out_of_range");
    assert_eq!(Field::id_for("text", "id"), "text3208210256");
}
