use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn field(definition: Json) -> Field {
    serde_json::from_value(definition).unwrap()
}

fn of_type(type_name: &str) -> Field {
    field(json!({"name": "f", "type": type_name, "values": ["a", "b", "c", "1", "true"]}))
}

/// Input to wire form, through the stored value.
fn check_prepare(field: &Field, cases: &[(&str, &str)]) {
    for (input, expected) in cases {
        let value = field.prepare(&serde_json::from_str(input).unwrap());
        let mut out = Vec::new();
        field.write_json(value.as_ref(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), *expected, "{} from {input}", field.kind.name());
    }
}

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
fn text_takes_scalars() {
    let cases = [
        ("null", r#""""#),
        ("true", r#""true""#),
        ("12", r#""12""#),
        ("1e21", r#""1000000000000000000000""#),
        ("1e-7", r#""0.0000001""#),
        ("9007199254740993", r#""9007199254740992""#),
        (r#"" x ""#, r#"" x ""#),
        (r#"["a"]"#, r#""""#),
        ("{}", r#""""#),
        (r#""q\"\\\n\u0001ä""#, r#""q\"\\\n\u0001ä""#),
    ];
    check_prepare(&of_type("text"), &cases);
}

#[test]
fn numbers_are_floats_of_the_wire() {
    let cases = [
        ("null", "0"),
        ("true", "1"),
        ("12", "12"),
        ("1.5", "1.5"),
        ("1e21", "1e+21"),
        ("1e20", "100000000000000000000"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("9007199254740993", "9007199254740992"),
        ("123456789012345678901", "123456789012345680000"),
        ("42.0", "42"),
        (r#""""#, "0"),
        ("[]", "0"),
        (r#"["1"]"#, "0"),
        (r#""1e1""#, "10"),
        (r#"" 3""#, "0"),
        (r#""0x10""#, "0"),
        (r#""1_000""#, "1000"),
        (r#""_1""#, "0"),
        (r#""+5""#, "5"),
        (r#"".5""#, "0.5"),
        (r#""5.""#, "5"),
        (r#""1,5""#, "0"),
        (r#""010""#, "10"),
        (r#""true""#, "0"),
        ("9223372036854775807", "9223372036854776000"),
        ("1e308", "1e+308"),
        (r#""1e400""#, "0"),
        ("5e-324", "5e-324"),
        ("123456789.123456789", "123456789.12345679"),
        ("1e16", "10000000000000000"),
    ];
    check_prepare(&of_type("number"), &cases);
}

#[test]
fn booleans_know_a_few_words() {
    let cases = [
        ("null", "false"),
        ("true", "true"),
        ("12", "true"),
        ("0.5", "true"),
        ("0", "false"),
        (r#""T""#, "true"),
        (r#""True""#, "true"),
        (r#""tRUE""#, "false"),
        (r#""yes""#, "false"),
        (r#""1.0""#, "false"),
        ("[1]", "false"),
    ];
    check_prepare(&of_type("bool"), &cases);
}

#[test]
fn lists_are_distinct_and_singles_take_the_last() {
    let single = [
        ("null", r#""""#),
        ("true", r#""true""#),
        (r#"["a","b","a"]"#, r#""b""#),
        ("[]", r#""""#),
        ("{}", r#""""#),
        (r#"[1,true,null,""]"#, r#""true""#),
        (r#""[\"a\",\"b\"]""#, r#""b""#),
        ("1", r#""1""#),
    ];
    check_prepare(&of_type("select"), &single);
    let multi = [
        ("null", "[]"),
        (r#""""#, "[]"),
        ("true", r#"["true"]"#),
        (r#"["a","b","a"]"#, r#"["a","b"]"#),
        ("{\"a\":1}", "[]"),
        (r#"[1,true,null,""]"#, r#"["1","true"]"#),
        (r#""[\"a\",\"b\"]""#, r#"["a","b"]"#),
        (r#""[1]""#, r#"["[1]"]"#),
        (r#"["a",["b"]]"#, "[]"),
        (r#""[bad""#, r#"["[bad"]"#),
        (r#""a,b""#, r#"["a,b"]"#),
    ];
    check_prepare(&field(json!({"name": "f", "type": "relation", "maxSelect": 5})), &multi);
}

#[test]
fn json_strings_may_stand_for_json() {
    let cases = [
        ("null", "null"),
        ("true", "true"),
        ("1.5", "1.5"),
        ("1e21", "1e+21"),
        ("1.0", "1"),
        (r#""""#, r#""""#),
        (r#"" x ""#, r#"" x ""#),
        (r#""null""#, "null"),
        (r#""True""#, r#""True""#),
        (r#""12""#, "12"),
        (r#""0012""#, r#""0012""#),
        (r#"" 12""#, r#"" 12""#),
        (r#""{bad""#, r#""{bad""#),
        (r#""{\"a\": 1}""#, r#"{"a":1}"#),
        (r#""\"q\"""#, r#""q""#),
        (r#""-""#, r#""-""#),
        (r#""+1""#, r#""+1""#),
        (r#""1 ""#, "1"),
        (r#""{\"a\":1} x""#, r#""{\"a\":1} x""#),
        (r#"{"b":1,"a":[1, 2.0]}"#, r#"{"b":1,"a":[1,2]}"#),
        (r#""NaN""#, r#""NaN""#),
    ];
    check_prepare(&of_type("json"), &cases);
}

#[test]
fn geo_points_are_whole_or_zero() {
    let zero = r#"{"lon":0,"lat":0}"#;
    let cases = [
        ("null", zero),
        ("12", zero),
        ("[1,2]", zero),
        (r#""abc""#, zero),
        (r#"{"lon":1,"lat":2,"x":3}"#, r#"{"lon":1,"lat":2}"#),
        (r#""{\"lon\":1,\"lat\":2}""#, r#"{"lon":1,"lat":2}"#),
        (r#"{"lat":5}"#, r#"{"lon":0,"lat":5}"#),
        (r#"{"lon":"1.5","lat":null}"#, zero),
        (r#"{"lon":1e-7,"lat":0.1}"#, r#"{"lon":1e-7,"lat":0.1}"#),
        (r#"{"Lon":1}"#, zero),
        (r#"" {\"lon\":1}""#, r#"{"lon":1,"lat":0}"#),
    ];
    check_prepare(&of_type("geoPoint"), &cases);
}

#[test]
fn dates_have_many_forms() {
    let cases = [
        ("2025-01-02 03:04:05.678Z", "2025-01-02 03:04:05.678Z"),
        ("2025-01-02T03:04:05Z", "2025-01-02 03:04:05.000Z"),
        ("2025-01-02T03:04:05.123456Z", "2025-01-02 03:04:05.123Z"),
        ("2025-01-02T03:04:05+02:00", "2025-01-02 01:04:05.000Z"),
        ("2025-01-02T03:04:05.9-0330", "2025-01-02 06:34:05.900Z"),
        ("2025-01-02", "2025-01-02 00:00:00.000Z"),
        ("2025-01-02 03:04:05", "2025-01-02 03:04:05.000Z"),
        ("2025-01-02 03:04:05 +0200", "2025-01-02 01:04:05.000Z"),
        ("2025-01-02 03:04:05 +0200 CEST", "2025-01-02 01:04:05.000Z"),
        ("2025-01-02 3:04:05Z", "2025-01-02 03:04:05.000Z"),
        ("2025-01-02 03:04:05,123Z", "2025-01-02 03:04:05.123Z"),
        ("2025-01-02 03:04:05.123456789Z", "2025-01-02 03:04:05.123Z"),
        ("02 Jan 2025", "2025-01-02 00:00:00.000Z"),
        ("Thu, 02 Jan 2025 03:04:05 GMT", "2025-01-02 03:04:05.000Z"),
        ("Thu, 02 Jan 2025 03:04:05 +0200", "2025-01-02 01:04:05.000Z"),
        ("Thursday, 02-Jan-25 03:04:05 MST", "2025-01-02 03:04:05.000Z"),
        ("02 Jan 25 03:04 MST", "2025-01-02 03:04:00.000Z"),
        ("02 Jan 25 03:04 -0700", "2025-01-02 10:04:00.000Z"),
        ("Thu Jan  2 03:04:05 2025", "2025-01-02 03:04:05.000Z"),
        ("Thu Jan 2 03:04:05 MST 2025", "2025-01-02 03:04:05.000Z"),
        ("0000-01-01 00:00:00Z", "0000-01-01 00:00:00.000Z"),
        ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999Z"),
        ("2024-02-29", "2024-02-29 00:00:00.000Z"),
    ];
    for (input, expected) in cases {
        assert_eq!(parse_date(input).as_deref(), Some(expected), "{input}");
    }
    let refused = [
        "",
        "2 Jan 2025",
        "02 Jan 2025 03:04",
        "2025-01-02 03:04",
        "2025-01-02T03:04",
        "20250102",
        "2025/01/02",
        "Jan 2, 2025",
        "03:04:05",
        "1735787045",
        "2025-1-2",
        "2025-13-01",
        "2025-02-29",
        "2025-01-02 24:00:00",
        " 2025-01-02",
        "2025-01-02 ",
        "2025-01-02T03:04:05z",
        "2025-01-02t03:04:05Z",
        "0001-01-01 00:00:00.000Z",
        "10000-01-01",
        "2025-01-02Z",
        "2025-01-02 03:04:60Z",
        "2025-01-02T03:04:05+02",
        "2025-01-02 03:04:05 UTC",
        "2025-01-02T03:04:05 Z",
        "02 January 2025",
        "2025-01-02 03:04:05 Z",
        "0000-01-01T00:00:00+10:00",
        "@now",
        "äöüäöü",
    ];
    for input in refused {
        assert_eq!(parse_date(input), None, "{input}");
    }
}

#[test]
fn modifiers_change_what_is_there() {
    let number = of_type("number");
    let multi = field(json!({"name": "f", "type": "select", "values": ["a"], "maxSelect": 5}));
    let ab = || Value::from(r#"["a","b"]"#);
    let cases = [
        (&number, 10.into(), Modifier::Plus, json!("2"), Some(Value::Int(12))),
        (&number, 10.into(), Modifier::Minus, json!(0.5), Some(Value::Real(9.5))),
        (&number, 10.into(), Modifier::Prepend, json!(1), None),
        (&multi, ab(), Modifier::Plus, json!(["c", "a"]), Some(r#"["a","b","c"]"#.into())),
        (&multi, ab(), Modifier::Prepend, json!(["b", "c"]), Some(r#"["b","c","a"]"#.into())),
        (&multi, ab(), Modifier::Minus, json!(["a", "x"]), Some(r#"["b"]"#.into())),
        (&multi, ab(), Modifier::Plus, json!(null), Some(ab())),
        (&of_type("select"), "a".into(), Modifier::Plus, json!(["b", "c"]), Some("c".into())),
        (&of_type("select"), "a".into(), Modifier::Prepend, json!("b"), Some("a".into())),
        (&of_type("select"), "a".into(), Modifier::Minus, json!("a"), Some("".into())),
        (&of_type("json"), "[1]".into(), Modifier::Plus, json!(2), None),
        (&of_type("text"), "a".into(), Modifier::Autogenerate, json!("p"), Some("p".into())),
    ];
    for (field, current, modifier, input, expected) in cases {
        assert_eq!(field.modify(&current, modifier, &input), expected, "{modifier:?} {input}");
    }
    let generated = field(json!({"name": "f", "type": "text", "autogeneratePattern": "[0-9]{4}"}));
    let value = generated.modify(&Value::Null, Modifier::Autogenerate, &json!("p")).unwrap();
    assert!(value.as_str().len() == 5 && value.as_str().starts_with('p'));
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
        "tel:123",
        "a.bc",
        "ws://a.bc",
        "http://a.b/<x>",
    ];
    let bad = [
        "x",
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

#[test]
fn the_wire_form_has_every_option() {
    let check = |input: Json, expected: Json| assert_eq!(serde_json::to_value(field(input)).unwrap(), expected);
    check(
        json!({"name": "f", "type": "number", "id": "x", "min": 3.0, "max": null, "unknown": 1}),
        json!({"id": "x", "name": "f", "type": "number", "system": false, "hidden": false, "presentable": false, "required": false,
            "help": "", "min": 3, "max": null, "onlyInt": false}),
    );
    check(
        json!({"name": "f", "type": "autodate", "onCreate": true, "required": true, "help": "h"}),
        json!({"id": "", "name": "f", "type": "autodate", "system": false, "hidden": false, "presentable": false,
            "onCreate": true, "onUpdate": false}),
    );
    check(
        json!({"name": "f", "type": "date", "min": "2025-01-02", "max": "bad"}),
        json!({"id": "", "name": "f", "type": "date", "system": false, "hidden": false, "presentable": false, "required": false,
            "help": "", "min": "2025-01-02 00:00:00.000Z", "max": ""}),
    );
    let wrong = [
        (json!({"type": "text", "min": "5"}), "min"),
        (json!({"type": "text", "hidden": 1}), "hidden"),
        (json!({"type": "nope"}), "nope"),
        (json!({}), "type"),
    ];
    for (definition, named) in wrong {
        let error = serde_json::from_value::<Field>(definition).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn conversions_keep_what_fits() {
    let cases = [("", "[]"), ("a", r#"["a"]"#), (r#"["a","b"]"#, r#"["a","b"]"#)];
    for (single, multi) in cases {
        assert_eq!(single_to_multi(&single.into()), multi.into());
    }
    let cases = [("[]", ""), (r#"["a","b"]"#, "b"), ("a", "a")];
    for (multi, single) in cases {
        assert_eq!(multi_to_single(&multi.into()), single.into());
    }
}

#[test]
fn ids_of_base_collections_sort_by_time() {
    let id = field(json!({"name": "id", "type": "text", "primaryKey": true, "autogeneratePattern": "[a-z0-9]{15}"}));
    assert!(id.generate_id(true, 1_000) < id.generate_id(true, 2_000));
    assert_eq!(id.generate_id(false, 0).len(), 15);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        r#"[\[\{"0-9a-z:,\]\}\.eE+-]{0,12}"#.prop_map(Json::from),
        r"\d{4}-\d{2}-\d{2}[ T]?[0-9:.Z+-]{0,14}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[a-z]{0,3}", inner), 0..4)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_input_gives_a_stable_value(input in any_json()) {
        for type_name in ["text", "editor", "number", "bool", "email", "url", "date", "autodate", "select", "file", "relation", "json", "geoPoint"] {
            for max_select in [1, 4] {
                let field = field(json!({"name": "f", "type": type_name, "maxSelect": max_select}));
                let value = field.prepare(&input);
                let _ = field.validate(&value);
                if matches!(value, Value::Real(number) if !number.is_finite()) {
                    continue;
                }
                let wire = field.to_json(&value);
                // A JSON string that spells JSON is read as JSON the second time, by design.
                if type_name != "json" || !wire.is_string() {
                    prop_assert_eq!(field.to_json(&field.prepare(&wire)), wire, "{} {}", type_name, value.as_str());
                }
            }
        }
    }
}
