//! Collections as models for the import of a whole schema; `parts.rs` finds what of them this server takes.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json};

use super::Move;
use super::parts::{Part, accepted, whole};
use super::report::Report;
use super::source::text;
use crate::cli::describe;
use crate::query::{Query, Request};
use crate::schema::{Collection, IndexStatement, Secrets};
use crate::store::Value;
use crate::store::sqlite::Foreign;

const TABLE: &str = "_collections";
pub(super) const RULES: [&str; 5] = ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"];
const TEXTS: [&str; 10] =
    ["id", "name", "type", RULES[0], RULES[1], RULES[2], RULES[3], RULES[4], "created", "updated"];
const JSONS: [&str; 3] = ["fields", "indexes", "options"];
const MOST_COLLECTIONS: usize = 10_000;
/// The collection that every new directory has and its owner may not want.
const FIRST_USERS: &str = "users";

/// A collection of the source.
pub(super) struct Model {
    pub json: Map<String, Json>,
    /// One of the collections of the system, which every directory has.
    pub is_ours: bool,
}

/// A collection that is in the directory now: its name in the source and its id here.
pub(super) struct Carried {
    pub name: String,
    pub id: String,
    /// What is made of it once its records are there.
    later: Option<Later>,
}

/// The indexes of a collection with those that are missing while its records come in: to sort all keys at the end takes
/// a fraction of the time that finding a place for each of them does.
struct Later {
    indexes: Vec<String>,
    times: [String; 2],
}

impl Model {
    pub fn text(&self, key: &str) -> &str {
        self.json.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    fn is_system(&self) -> bool {
        self.json.get("system") == Some(&Json::Bool(true))
    }

    pub fn is_view(&self) -> bool {
        self.text("type") == "view"
    }

    pub fn list(&self, key: &str) -> &[Json] {
        list(self.json.get(key))
    }

    pub fn providers(&self) -> &[Json] {
        list(self.json.get("oauth2").and_then(|oauth2| oauth2.get("providers")))
    }
}

fn list(value: Option<&Json>) -> &[Json] {
    value.and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// All collections in their order.
pub(super) fn read(data: &Foreign) -> anyhow::Result<Vec<Model>> {
    let columns: Vec<String> = TEXTS.iter().chain(&JSONS).chain(&["system"]).map(|&name| name.to_owned()).collect();
    let (mut rows, mut next) = (Vec::new(), Some(i64::MIN));
    while let Some(from) = next {
        let page = data.page(TABLE, &columns, from)?;
        if page.too_large.is_some() {
            bail!("the source has a collection that is too large");
        }
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
    Ok(Model { json, is_ours: false })
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
    for (position, model) in models.iter().enumerate() {
        let found = schema.find(model.text("id")).or_else(|| schema.by_name(model.text("name")));
        let parts = [Part::Collection(position), Part::View(position)];
        let Some(collection) = found.filter(|_| parts.iter().any(|part| accepted.contains(part))) else { continue };
        report.collections += 1;
        if !(transfer.merge && model.is_ours) {
            lost_keys(model, collection, report);
            times.push((collection.id.clone(), ["created", "updated"].map(|key| model.text(key).to_owned())));
        }
        if !collection.is_view() {
            let later = (!model.is_ours && collection.indexes.iter().any(|index| !is_unique(index))).then(|| Later {
                indexes: collection.indexes.to_vec(),
                times: ["created", "updated"].map(|key| model.text(key).to_owned()),
            });
            carried.push(Carried { name: model.text("name").to_owned(), id: collection.id.clone(), later });
        }
    }
    transfer.app.collections.set_times(times).await?;
    for collection in &carried {
        if let Some(later) = &collection.later {
            // Those that refuse rows stay.
            let needed = later.indexes.iter().filter(|index| is_unique(index));
            set_indexes(transfer, &collection.id, needed.cloned().collect()).await?;
        }
    }
    Ok(carried)
}

/// Makes the indexes that were left for when the records are there.
pub(super) async fn make_indexes(transfer: &Move<'_>, carried: &[Carried]) -> anyhow::Result<()> {
    for collection in carried {
        if let Some(Later { indexes, times }) = &collection.later {
            set_indexes(transfer, &collection.id, indexes.clone()).await?;
            transfer.app.collections.set_times(vec![(collection.id.clone(), times.clone())]).await?;
        }
    }
    Ok(())
}

async fn set_indexes(transfer: &Move<'_>, id: &str, indexes: Vec<String>) -> anyhow::Result<()> {
    let patch = Map::from_iter([("indexes".to_owned(), Json::from(indexes))]);
    transfer.app.collections.update(id, patch).await.map(drop).map_err(refused)
}

fn is_unique(index: &str) -> bool {
    IndexStatement::parse(index).is_some_and(|index| index.unique)
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
    // In a new directory there are collections of the system only, and whoever has their name is refused for it.
    for model in models.iter().filter(|model| transfer.merge && !model.is_system()) {
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
    model.is_ours = true;
    let ours = ours.to_json(Secrets::Keep);
    if transfer.merge {
        report.note("collection", model.text("name"), "the directory keeps its own rules, options and secrets");
        model.json = ours;
        return;
    }
    for key in RULES.iter().chain(&["id", "name", "authRule", "manageRule"]) {
        if let Some(value) = ours.get(*key) {
            model.json.insert((*key).to_owned(), value.clone());
        }
    }
    let Some(Json::Array(fields)) = model.json.get_mut("fields") else { return };
    let mut missing: Vec<Json> = ours.get("fields").and_then(Json::as_array).cloned().unwrap_or_default();
    missing.retain(|own| !fields.iter().any(|field| field["id"] == own["id"] || field["name"] == own["name"]));
    fields.extend(missing);
}

/// What a later PocketBase writes and this server does not know.
fn lost_keys(model: &Model, collection: &Collection, report: &mut Report) {
    let kept = collection.to_json(Secrets::Keep);
    let name = model.text("name");
    note_lost(&model.json, &kept, name, report);
    for field in model.list("fields").iter().filter_map(Json::as_object).filter(|_| !model.is_view()) {
        let ours = list(kept.get("fields")).iter().find(|ours| Some(&ours["id"]) == field.get("id"));
        if let Some(ours) = ours.and_then(Json::as_object) {
            let field_name = field.get("name").and_then(Json::as_str).unwrap_or_default();
            note_lost(field, ours, &format!("{name}.{field_name}"), report);
        }
    }
}

fn note_lost(theirs: &Map<String, Json>, kept: &Map<String, Json>, path: &str, report: &mut Report) {
    for (key, value) in theirs {
        match (kept.get(key), value) {
            (None, value) if !is_zero(value) => {
                report.note("option", format!("{path}.{key}"), "this version has no such option");
            }
            (Some(Json::Object(kept)), Json::Object(value)) => {
                note_lost(value, kept, &format!("{path}.{key}"), report);
            }
            _ => {}
        }
    }
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(keys) => keys.is_empty(),
    }
}

fn refused(error: crate::error::Error) -> anyhow::Error {
    anyhow::anyhow!("the collections can't be carried over: {}", describe(&error.into()))
}
