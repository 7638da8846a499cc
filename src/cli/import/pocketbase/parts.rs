//! Which parts of the schema this server takes together.
//!
//! First all is tried at once. Where that fails, collections are tried bare, and then what they are made of is added in
//! halves until those parts are found that stand in the way: what works together stays, and the rest is reported.

use indexmap::IndexSet;
use serde_json::{Map, Value as Json, json};

use super::Move;
use super::models::{Model, RULES};
use super::report::Report;
use crate::cli::describe;

const AUTH_RULE: &str = "authRule";
const MANAGE_RULE: &str = "manageRule";
/// The rule among the options of a second factor.
const MFA_RULE: &str = "mfa.rule";
/// Options of auth collections, those first which another needs.
const OPTIONS: [&str; 13] = [
    "authToken",
    "passwordResetToken",
    "emailChangeToken",
    "verificationToken",
    "fileToken",
    "authAlert",
    "verificationTemplate",
    "resetPasswordTemplate",
    "confirmEmailChangeTemplate",
    "passwordAuth",
    "otp",
    "oauth2",
    "mfa",
];
/// What a field is without its options: what its values mean and who may see them.
const ESSENTIALS: [&str; 13] = [
    "id",
    "name",
    "type",
    "system",
    "hidden",
    "primaryKey",
    "maxSelect",
    "values",
    "collectionId",
    "cascadeDelete",
    "onCreate",
    "onUpdate",
    "protected",
];

/// What may be left out of a schema, by the position of its model and its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// All else of a collection counts only with it.
    Collection(usize),
    Field(usize, usize),
    FieldOptions(usize, usize),
    Index(usize, usize),
    Option(usize, &'static str),
    Provider(usize, usize),
    View(usize),
    Rule(usize, &'static str),
}

/// Finds the parts that can be had together and reports the others.
pub(super) async fn accepted(
    transfer: &Move<'_>,
    models: &[Model],
    report: &mut Report,
) -> anyhow::Result<IndexSet<Part>> {
    let parts = parts(models);
    let all: IndexSet<Part> = parts.iter().copied().collect();
    if fits(transfer, models, &all).await.is_ok() {
        return Ok(all);
    }
    let mut accepted = IndexSet::new();
    let mut waiting = parts;
    loop {
        let before = accepted.len();
        let refused = add(transfer, models, &mut accepted, &waiting).await;
        // What needed a view that stood behind it has a chance in the next round.
        if refused.is_empty() || accepted.len() == before {
            for (part, reason) in refused {
                note(&models[part.model()], part, reason, report);
            }
            return Ok(accepted);
        }
        waiting = refused.into_iter().map(|(part, _)| part).collect();
    }
}

/// Adds as many of the parts as fit; the others with the reason.
async fn add(
    transfer: &Move<'_>,
    models: &[Model],
    accepted: &mut IndexSet<Part>,
    parts: &[Part],
) -> Vec<(Part, String)> {
    let mut refused = Vec::new();
    let mut waiting = vec![parts];
    while let Some(some) = waiting.pop() {
        let mut tried = accepted.clone();
        tried.extend(some);
        match (fits(transfer, models, &tried).await, some) {
            (Ok(()), _) => *accepted = tried,
            (Err(error), [only]) => refused.push((*only, describe(&error.into()))),
            (Err(_), _) => {
                let (first, second) = some.split_at(some.len() / 2);
                waiting.extend([second, first].into_iter().filter(|half| !half.is_empty()));
            }
        }
    }
    refused
}

async fn fits(transfer: &Move<'_>, models: &[Model], accepted: &IndexSet<Part>) -> crate::error::Result<()> {
    transfer.app.collections.check_import(whole(models, accepted), false).await
}

/// All parts, each behind those that it needs.
fn parts(models: &[Model]) -> Vec<Part> {
    let (mut collections, mut fields, mut field_options) = (Vec::new(), Vec::new(), Vec::new());
    let (mut indexes, mut options, mut views, mut rules) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (position, model) in models.iter().enumerate() {
        let has = |key: &str| model.json.contains_key(key);
        if model.is_view() {
            views.push(Part::View(position));
        } else {
            collections.push(Part::Collection(position));
            for number in 0..model.list("fields").len() {
                fields.push(Part::Field(position, number));
                field_options.push(Part::FieldOptions(position, number));
            }
            indexes.extend((0..model.list("indexes").len()).map(|number| Part::Index(position, number)));
        }
        for option in OPTIONS.into_iter().filter(|option| has(option)) {
            if option == "mfa" {
                // Whether there are two ways to sign in is known only now.
                options.extend((0..model.providers().len()).map(|number| Part::Provider(position, number)));
            }
            options.push(Part::Option(position, option));
        }
        if !model.is_ours {
            let named = RULES.into_iter().chain([AUTH_RULE, MANAGE_RULE]);
            rules.extend(named.filter(|rule| has(rule)).map(|rule| Part::Rule(position, rule)));
        }
        rules.extend(has("mfa").then_some(Part::Rule(position, MFA_RULE)));
    }
    [collections, fields, field_options, indexes, options, views, rules].concat()
}

/// The models with these parts only; views in the order in which they were accepted, as one may read another.
pub(super) fn whole(models: &[Model], accepted: &IndexSet<Part>) -> Vec<Json> {
    let tables = (0..models.len()).filter(|&position| accepted.contains(&Part::Collection(position)));
    let views = accepted.iter().filter_map(|part| match part {
        Part::View(position) => Some(*position),
        _ => None,
    });
    let one = |position: usize| {
        let has = |part: Part| accepted.contains(&part);
        let model = &models[position];
        let mut json = model.json.clone();
        if !model.is_view() {
            json.insert("fields".into(), fields(model, position, has));
            let kept = |number: &usize| has(Part::Index(position, *number));
            json.insert("indexes".into(), pick(model.list("indexes"), kept));
            limit_options(&mut json, model, position, has);
        }
        limit_rules(&mut json, model, position, has);
        Json::Object(json)
    };
    tables.chain(views).map(one).collect()
}

fn pick(list: &[Json], kept: impl Fn(&usize) -> bool) -> Json {
    (0..list.len()).filter(kept).map(|number| list[number].clone()).collect()
}

fn fields(model: &Model, position: usize, has: impl Fn(Part) -> bool) -> Json {
    let mut fields = Vec::new();
    for (number, field) in model.list("fields").iter().enumerate() {
        if has(Part::Field(position, number)) {
            let mut field = field.clone();
            if !has(Part::FieldOptions(position, number))
                && let Some(keys) = field.as_object_mut()
            {
                keys.retain(|key, _| ESSENTIALS.contains(&key.as_str()));
            }
            fields.push(field);
        }
    }
    fields.into()
}

/// An option that is left out has its default, but never one that lets in whom the source kept out.
fn limit_options(json: &mut Map<String, Json>, model: &Model, position: usize, has: impl Fn(Part) -> bool) {
    for option in OPTIONS {
        if has(Part::Option(position, option)) {
            continue;
        }
        let Some(theirs) = json.remove(option) else { continue };
        match option {
            "passwordAuth" => {
                json.insert(
                    option.into(),
                    json!({ "enabled": theirs["enabled"] != false, "identityFields": ["email"] }),
                );
            }
            "mfa" if theirs["enabled"] != false && !model.is_ours => {
                json.insert(AUTH_RULE.into(), Json::Null);
            }
            _ => {}
        }
    }
    if let Some(oauth2) = json.get_mut("oauth2").and_then(Json::as_object_mut) {
        let kept = |number: &usize| has(Part::Provider(position, *number));
        oauth2.insert("providers".into(), pick(model.providers(), kept));
    }
}

/// A rule that is left out lets superusers only, and asks everybody for a second factor.
fn limit_rules(json: &mut Map<String, Json>, model: &Model, position: usize, has: impl Fn(Part) -> bool) {
    if !model.is_ours {
        for rule in RULES.into_iter().chain([AUTH_RULE, MANAGE_RULE]) {
            if !has(Part::Rule(position, rule)) && json.contains_key(rule) {
                json.insert(rule.to_owned(), Json::Null);
            }
        }
    }
    if !has(Part::Rule(position, MFA_RULE))
        && let Some(mfa) = json.get_mut("mfa").and_then(Json::as_object_mut)
    {
        mfa.insert("rule".into(), "".into());
    }
}

impl Part {
    fn model(self) -> usize {
        match self {
            Part::Collection(model) | Part::View(model) => model,
            Part::Field(model, _) | Part::FieldOptions(model, _) => model,
            Part::Index(model, _) | Part::Provider(model, _) => model,
            Part::Option(model, _) | Part::Rule(model, _) => model,
        }
    }
}

fn note(model: &Model, part: Part, reason: String, report: &mut Report) {
    let name = model.text("name");
    let named = |list: &[Json], number: usize| {
        let item = list.get(number).and_then(|item| item["name"].as_str()).unwrap_or_default();
        format!("{name}.{item}")
    };
    match part {
        Part::Collection(_) => report.note("collection", name, reason),
        Part::View(_) => report.note("view", name, reason),
        Part::Field(_, number) => report.note("field", named(model.list("fields"), number), reason),
        Part::FieldOptions(_, number) => {
            let field = named(model.list("fields"), number);
            report.note("field", format!("{field}, whose options have their defaults now"), reason);
        }
        Part::Index(_, number) => {
            let index = &model.list("indexes")[number];
            report.note("index", index.as_str().map_or_else(|| index.to_string(), str::to_owned), reason);
        }
        Part::Provider(_, number) => report.note("provider", named(model.providers(), number), reason),
        Part::Option(_, "mfa") if !model.is_ours => {
            let item = format!("{name}.mfa, which is off now, and so is signing in: {AUTH_RULE} is null");
            report.note("option", item, reason);
        }
        Part::Option(_, option) => report.note("option", format!("{name}.{option}, which is the default now"), reason),
        Part::Rule(_, rule) => {
            let text = match rule {
                MFA_RULE => model.json["mfa"]["rule"].as_str().unwrap_or_default(),
                _ => model.text(rule),
            };
            let now = match rule {
                MFA_RULE => "asks everybody",
                AUTH_RULE => "lets nobody sign in",
                _ => "lets superusers only",
            };
            report.note("rule", format!("{name}.{rule} {text:?}, which {now} now"), reason);
        }
    }
}
