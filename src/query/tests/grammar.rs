//! What is an expression and what is not (contract 3.1).

use proptest::prelude::*;

use crate::query::{Filter, Sort};

fn accepted(text: &str) -> bool {
    Filter::parse(text).is_ok()
}

#[test]
fn well_formed_expressions() {
    for text in [
        "",
        "a = 1",
        "a=1",
        "a!=1&&b~'x'",
        "(a = 1)",
        "((a=1)||(b=2))&&c?=3",
        "a = -1.5",
        "a = 'it\\'s'",
        "a = \"x\" // done",
        "// first\na = 1",
        "a?!=1",
        "a?!~'x'",
        "a ?<= 1",
        "true = TRUE",
        "a = NULL",
        "@request.auth.id != ''",
        "@collection.x:y.z ?= 1",
        "a:lower = 'x'",
        "geoDistance(a.lon, a.lat, 1, 2) < 5",
        "strftime('%Y', created, strftime('%m')) = 'x'",
        "a\n=\t1",
        "_x = 1",
        "#x = 1",
    ] {
        assert!(accepted(text), "{text:?}: {:?}", Filter::parse(text));
    }
}

#[test]
fn malformed_expressions() {
    for text in [
        "a",
        "  ",
        "// only",
        "a = '\0'",
        "a =",
        "= 1",
        "()",
        "(a = 1",
        "a = 1)",
        "a == 1",
        "a = 1 &&",
        "|| a = 1",
        "a = 1 b = 2",
        "a and b",
        "a = 1 & b = 2",
        "a = 'x",
        "a = .5",
        "a = 5.",
        "a = 1e3",
        "a = - 1",
        "a = --1",
        "a = 1.2.3",
        "a\r= 1",
        "a = é",
        "a in (1)",
        "a = f(",
        "a = f(1",
        "a = f(1 2)",
        "a + 1 = 2",
        "a = 1;",
        "a = 1 /* x */",
        "a = 1\0",
        "f(f(f(f(1)))) = 1",
        "5a = 1",
    ] {
        assert!(!accepted(text), "{text:?}: {:?}", Filter::parse(text));
    }
}

#[test]
fn limits() {
    let many = |count: usize| vec!["a=1"; count].join("&&");
    assert!(accepted(&many(200)));
    assert!(!accepted(&many(201)));
    let deep = |depth: usize| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(accepted(&deep(60)));
    assert!(!accepted(&deep(100_000)));
    assert!(Filter::parse_client(&format!("a='{}'", "x".repeat(3496))).is_ok());
    assert!(Filter::parse_client(&format!("a='{}'", "x".repeat(3497))).is_err());
    assert!(Sort::parse("a,b,c,d,e,f,g,h").is_ok());
    assert!(Sort::parse("a,b,c,d,e,f,g,h,i").is_err());
    assert!(Sort::parse(&"x".repeat(256)).is_err());
    assert!(Sort::parse("a,,b").is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = Filter::parse(&text);
        let _ = Sort::parse(&text);
    }

    #[test]
    fn no_mix_of_tokens_makes_the_parser_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "@request.body.", "'", "\"", "\\", "(", ")", "&&", "||", "=", "?", "!", "~", "-", "1", ".", ":", ",", "//", "\n", " ", "\0", "é", "f(", "null",
    ]), 0..60)) {
        let _ = Filter::parse(&parts.concat());
    }
}
