//! Collections as models for the import of a whole schema, less what this server refuses.
//!
//! First all is tried at once. Where that fails, rules, indexes and views are added in halves until those are found that
//! stand in the way: what works together stays, and the rest is reported.

use anyhow::{Context as _, bail};
use indexmap::IndexSet;
use serde_json::{Map, Value as Json, json};

use super::Move;
use super::report::Report;
use super::source::text;
use crate::cli::describe;
use crate::query::{Query, Request};
use crate::schema::{Secrets, unique_on};
use crate::store::Value;
use crate::store::sqlite::Foreign;

const TABLE: &str = "_collections";
const RULES: [&str; 5] = ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"];
const MANAGE_RULE: &str = "manageRule";
const TEXTS: [&str; 10] =
    ["id", "name", "type", RULES[0], RULES[1], RULES[2], RULES[3], RULES[4], "created", "updated"];
const JSONS: [&str; 3] = ["fields", "indexes", "options"];
const MOST_COLLECTIONS: usize = 10_000;
/// The collection that every new directory has and its owner may not want.
const FIRST_USERS: &str = "users";

/// A collection of the source.
pub(super) struct Model {
    json: Map<String, Json>,
}

/// A collection that is in the directory now: its name in the source and its id here.
pub(super) struct Carried {
    pub name: String,
    pub id: String,
}

/// What may be left out of a schema, by the position of its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Rule(usize, &'static str),
    Index(usize, usize),
    View(usize),
}

impl Model {
    pub fn text(&self, key: &str) -> &str {
        self.json.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    fn is_system(&self) -> bool {
        self.json.get("system") == Some(&Json::Bool(true))
    }

    fn is_view(&self) -> bool {
        self.text("type") == "view"
    }

    fn indexes(&self) -> Vec<String> {
        let list = self.json.get("indexes").and_then(Json::as_array).into_iter().flatten();
        list.filter_map(Json::as_str).map(str::to_owned).collect()
    }
}

/// All collections in their order.
pub(super) fn read(data: &Foreign) -> anyhow::Result<Vec<Model>> {
    let columns: Vec<String> = TEXTS.iter().chain(&JSONS).chain(&["system"]).map(|&name| name.to_owned()).collect();
    let page = data.page(TABLE, &columns, i64::MIN)?;
    let mut rows = page.rows;
    let mut next = page.next;
    while let Some(from) = next {
        let page = data.page(TABLE, &columns, from)?;
        rows.extend(page.rows);
        next = page.next;
        if rows.len() > MOST_COLLECTIONS {
            bail!("the source has more than {MOST_COLLECTIONS} collections");
        }
    }
    rows.iter().map(|row| model(row)).collect()
}

fn model(row: &[Value]) -> anyhow::Result<Model> {
    let name = row[1].as_str();
    let (texts, rest) = row.split_at(TEXTS.len());
    let parse = |index: usize| -> anyhow::Result<Json> {
        serde_json::from_str(&text(&rest[index]))
            .with_context(|| format!("the collection {name:?} of the source can't be read: {}", JSONS[index]))
    };
    let mut json = match parse(2)? {
        Json::Object(options) => options,
        _ => Map::new(),
    };
    for (key, value) in TEXTS.iter().zip(texts) {
        json.insert((*key).to_owned(), value.text().map_or(Json::Null, Json::from));
    }
    json.insert("fields".into(), parse(0)?);
    json.insert("indexes".into(), parse(1)?);
    json.insert("system".into(), rest[JSONS.len()].truthy().into());
    Ok(Model { json })
}

/// Creates them in the directory, unless some clash. Returns those that may have records.
pub(super) async fn create(
    transfer: &Move<'_>,
    mut models: Vec<Model>,
    report: &mut Report,
) -> anyhow::Result<Vec<Carried>> {
    make_room(transfer, &models, report).await?;
    if report.clashes() > 0 {
        return Ok(Vec::new());
    }
    for model in models.iter_mut().filter(|model| model.is_system()) {
        keep_ours(transfer, model, report);
    }
    let accepted = accepted(transfer, &models, report).await?;
    transfer.app.collections.import(whole(&models, &accepted), false).await.map_err(refused)?;
    let schema = transfer.app.registry.load();
    let (mut carried, mut times) = (Vec::new(), Vec::new());
    for model in &models {
        let Some(collection) = schema.find(model.text("id")).or_else(|| schema.by_name(model.text("name"))) else {
            continue;
        };
        report.collections += 1;
        if !(transfer.merge && model.is_system()) {
            times.push((collection.id.clone(), ["created", "updated"].map(|key| model.text(key).to_owned())));
        }
        if !collection.is_view() {
            carried.push(Carried { name: model.text("name").to_owned(), id: collection.id.clone() });
        }
    }
    transfer.app.collections.set_times(times).await?;
    Ok(carried)
}

/// The first users' collection goes where it is empty; other collections of the same id or name clash.
async fn make_room(transfer: &Move<'_>, models: &[Model], report: &mut Report) -> anyhow::Result<()> {
    let taken =
        |id_or_name: &str| models.iter().any(|model| [model.text("id"), model.text("name")].contains(&id_or_name));
    let schema = transfer.app.registry.load();
    if let Some(users) = schema.by_name(FIRST_USERS) {
        let count = Query::new(&schema, users, &Request::default()).count().dear();
        let count = transfer.app.store.reader().first(count).await?.and_then(|row| row.get(0).as_i64());
        if count == Some(0) && (!transfer.merge || taken(&users.id) || taken(&users.name)) {
            // One that is referred to stays, and clashes.
            let _ = transfer.app.collections.delete(&users.id).await;
        }
    }
    let schema = transfer.app.registry.load();
    for model in models.iter().filter(|model| !model.is_system()) {
        if [model.text("id"), model.text("name")].iter().any(|key| schema.find(key).is_some()) {
            report.clash(model.text("name"), "the directory has a collection of this name or id");
        }
    }
    Ok(())
}

/// A system collection has our rules and at least our fields; in a used directory it is ours altogether.
fn keep_ours(transfer: &Move<'_>, model: &mut Model, report: &mut Report) {
    let schema = transfer.app.registry.load();
    let Some(ours) = schema.find(model.text("id")).or_else(|| schema.by_name(model.text("name"))) else { return };
    let ours = ours.to_json(Secrets::Keep);
    if transfer.merge {
        report.note("collection", model.text("name"), "the directory keeps its own rules, options and secrets");
        model.json = ours;
        return;
    }
    for key in RULES.iter().chain(&["id", "name", "authRule", MANAGE_RULE]) {
        if let Some(value) = ours.get(*key) {
            model.json.insert((*key).to_owned(), value.clone());
        }
    }
    let Some(Json::Array(fields)) = model.json.get_mut("fields") else { return };
    let mut missing: Vec<Json> = ours.get("fields").and_then(Json::as_array).cloned().unwrap_or_default();
    missing.retain(|own| !fields.iter().any(|field| field["id"] == own["id"] || field["name"] == own["name"]));
    fields.extend(missing);
}

/// Which parts can be had together.
async fn accepted(transfer: &Move<'_>, models: &[Model], report: &mut Report) -> anyhow::Result<IndexSet<Part>> {
    let parts = parts(models);
    let all: IndexSet<Part> = parts.iter().copied().collect();
    if fits(transfer, models, &all).await.is_ok() {
        return Ok(all);
    }
    let mut accepted = IndexSet::new();
    fits(transfer, models, &accepted).await.map_err(refused)?;
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

fn parts(models: &[Model]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (position, model) in models.iter().enumerate().filter(|(_, model)| !model.is_system()) {
        let indexes = model.indexes();
        let removable = (0..indexes.len()).filter(|index| !is_needed(model, &indexes[*index]));
        parts.extend(removable.map(|index| Part::Index(position, index)));
    }
    let views = models.iter().enumerate().filter(|(_, model)| model.is_view());
    parts.extend(views.map(|(position, _)| Part::View(position)));
    // Rules may cross views.
    for (position, _) in models.iter().enumerate().filter(|(_, model)| !model.is_system()) {
        parts.extend(RULES.map(|rule| Part::Rule(position, rule)));
        parts.extend((models[position].text("type") == "auth").then_some(Part::Rule(position, MANAGE_RULE)));
    }
    parts
}

/// Whether sign-in needs the index.
fn is_needed(model: &Model, index: &str) -> bool {
    let fields = model.json.get("fields").and_then(Json::as_array).into_iter().flatten();
    model.text("type") == "auth"
        && fields.filter_map(|field| field["name"].as_str()).any(|field| unique_on(index, field).is_some())
}

/// The models with these parts only. A rule that is left out lets superusers only.
fn whole(models: &[Model], accepted: &IndexSet<Part>) -> Vec<Json> {
    let mut whole = Vec::new();
    for (position, model) in models.iter().enumerate() {
        if model.is_view() && !accepted.contains(&Part::View(position)) {
            continue;
        }
        let mut json = model.json.clone();
        if !model.is_system() {
            for rule in RULES.into_iter().chain([MANAGE_RULE]) {
                if !accepted.contains(&Part::Rule(position, rule)) && json.contains_key(rule) {
                    json.insert(rule.to_owned(), Json::Null);
                }
            }
            let indexes: Vec<String> = model.indexes();
            let kept = indexes.iter().enumerate().filter(|(index, statement)| {
                accepted.contains(&Part::Index(position, *index)) || is_needed(model, statement)
            });
            json.insert("indexes".into(), json!(kept.map(|(_, statement)| statement).collect::<Vec<_>>()));
        }
        whole.push(Json::Object(json));
    }
    whole
}

impl Part {
    fn model(self) -> usize {
        match self {
            Part::Rule(model, _) | Part::Index(model, _) | Part::View(model) => model,
        }
    }
}

fn note(model: &Model, part: Part, reason: String, report: &mut Report) {
    let name = model.text("name");
    match part {
        Part::Rule(_, rule) => {
            let text = model.text(rule);
            report.note("rule", format!("{name}.{rule} {text:?}, which lets superusers only now"), reason);
        }
        Part::Index(_, index) => report.note("index", model.indexes().swap_remove(index), reason),
        Part::View(_) => report.note("view", name, reason),
    }
}

fn refused(error: crate::error::Error) -> anyhow::Error {
    anyhow::anyhow!("the collections can't be carried over: {}", describe(&error.into()))
}
