//! What names mean, and in which order collections are filled.

use serde_json::{Map, Value as Json, json};

use super::meaning::{self, Meaning};
use super::{Flags, account, fill, greeting, order};
use crate::schema::{Collection, Schema};

#[test]
fn names_tell_what_a_field_is_about() {
    let check = |name: &str, expected: Meaning| assert_eq!(meaning::of(name, false), expected, "{name}");
    check("first_name", Meaning::FirstName);
    check("lastName", Meaning::LastName);
    check("name", Meaning::Thing);
    check("companyName", Meaning::Company);
    check("phone_number", Meaning::Phone);
    check("externalId", Meaning::Code);
    check("number", Meaning::Count);
    check("full_name", Meaning::Person);
    check("user_name", Meaning::Username);
    check("Title", Meaning::Title);
    check("billing_address", Meaning::Street);
    check("images", Meaning::Image);
    check("dueDate", Meaning::Future);
    check("unit_price2", Meaning::Price);
    check("Größe", Meaning::Unknown);
    check("_", Meaning::Unknown);
    check("", Meaning::Unknown);
    assert_eq!(meaning::of("name", meaning::is_of_people("team_members")), Meaning::Person);
    assert!(!meaning::is_of_people("products"));
}

fn collection(id: &str, relations: &[(&str, &str, bool)]) -> std::sync::Arc<Collection> {
    let fields = relations.iter().map(|(name, target, required)| {
        json!({ "name": name, "type": "relation", "collectionId": target, "required": required, "maxSelect": 1 })
    });
    let model = json!({ "id": id, "name": id, "type": "base", "fields": fields.collect::<Vec<Json>>() });
    let model: Map<String, Json> = model.as_object().cloned().expect("an object");
    Collection::from_json(&model, 0).expect("a collection").into()
}

#[test]
fn what_is_pointed_at_comes_first_and_circles_are_cut_where_it_costs_least() {
    let check = |collections: Vec<std::sync::Arc<Collection>>, expected: &[(&str, &[&str])]| {
        let steps = order::steps(&Schema::new(1, collections));
        let found: Vec<(&str, Vec<&str>)> = steps
            .iter()
            .map(|step| (step.collection.id.as_str(), step.later.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(id, later)| (*id, later.to_vec())).collect();
        assert_eq!(found, expected);
    };
    check(vec![collection("a", &[("b", "b", true)]), collection("b", &[])], &[("b", &[]), ("a", &[])]);
    check(
        vec![collection("a", &[("b", "b", true)]), collection("b", &[("a", "a", false)])],
        &[("b", &["a"]), ("a", &[])],
    );
    check(
        vec![collection("a", &[("b", "b", true)]), collection("b", &[("a", "a", true)])],
        &[("a", &["b"]), ("b", &[])],
    );
    check(vec![collection("a", &[("up", "a", false)])], &[("a", &[])]);
    check(vec![collection("a", &[("up", "a", true)])], &[("a", &["up"])]);
}

#[test]
fn a_greeting_warns_of_known_passwords() {
    let flags = Flags { schema: "s.json".into(), http: String::new(), records: 3, seed: 1, open: false };
    let account =
        account::Account { collection: "users".into(), identity: "user@example.com".into(), password: "secret".into() };
    let filled = fill::Filled { accounts: vec![account], counts: vec![("days".into(), 2)] };
    let greet = |address: &str| greeting(address.parse().expect("an address"), &flags, &filled);
    let near = greet("127.0.0.1:80");
    for words in
        ["mocks s.json: for development only", "http://127.0.0.1:80/api/", "user@example.com  secret", "2 records,"]
    {
        assert!(near.contains(words), "{near}");
    }
    let warning = "Whoever reaches this address can sign in as superuser.";
    assert!(!near.contains(warning) && greet("0.0.0.0:80").contains(warning));
}
