//! Records for every collection, through the normal write path and one by one: their order and times are the data's.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value as Json, json};

use super::order::{self, Step};
use super::scene::{NOW, Scene};
use super::{meaning, value};
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Error, FieldErrorNode, Kind};
use crate::query::Request;
use crate::records::{Records, Shape, Terms};
use crate::schema::{Collection, CollectionKind, Field, SUPERUSERS_ID, Schema};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// How often values that are taken are drawn anew before a collection counts as full.
const MAX_ATTEMPTS: usize = 200;

/// Codes of values that another record has.
const TAKEN: [&str; 3] = ["validation_not_unique", "validation_pk_invalid", "validation_invalid_auth_id"];

/// An account that is printed.
pub(super) struct Account {
    pub collection: String,
    pub identity: String,
    pub password: String,
}

/// What there is after filling.
#[derive(Default)]
pub(super) struct Filled {
    /// The superuser first.
    pub accounts: Vec<Account>,
    /// Collections with the number of their records.
    pub counts: Vec<(String, usize)>,
}

/// Fills all collections with `count` records each.
///
/// # Errors
/// The collection and the field that can't be filled, and why.
pub(super) async fn fill(app: &App, clock: &Clock, count: usize, seed: u64) -> anyhow::Result<Filled> {
    let schema = app.registry.load();
    let mut filler = Filler::new(app, clock, count, seed, &schema).await?;
    if let Some(superusers) = schema.by_id(SUPERUSERS_ID) {
        let superusers = Step { collection: superusers.clone(), later: Vec::new() };
        filler.create(&superusers, 0).await?;
    }
    let steps = order::steps(&schema);
    for step in &steps {
        relax(app, step).await?;
        filler.fill(step).await?;
    }
    for step in steps.iter().filter(|step| !step.later.is_empty()) {
        filler.relate(step).await?;
        let fields = serde_json::to_value(&step.collection.fields)?;
        app.collections.update(&step.collection.id, Map::from_iter([("fields".to_owned(), fields)])).await?;
    }
    Ok(filler.filled)
}

/// Takes the demand off relations that can't be met yet; [`fill`] puts it back.
async fn relax(app: &App, step: &Step) -> anyhow::Result<()> {
    let mut fields = step.collection.fields.clone();
    let required: Vec<String> = step.required_later().map(|field| field.name.clone()).collect();
    if required.is_empty() {
        return Ok(());
    }
    for field in fields.iter_mut().filter(|field| required.contains(&field.name)) {
        field.required = false;
    }
    let patch = Map::from_iter([("fields".to_owned(), serde_json::to_value(fields)?)]);
    app.collections.update(&step.collection.id, patch).await?;
    Ok(())
}

struct Filler<'a> {
    records: Records,
    clock: &'a Clock,
    request: Request,
    random: StdRng,
    count: usize,
    /// The password of the accounts of each auth collection, by its id.
    passwords: HashMap<String, String>,
    /// The records of each collection, by its id.
    ids: HashMap<String, Vec<String>>,
    filled: Filled,
}

impl<'a> Filler<'a> {
    async fn new(app: &App, clock: &'a Clock, count: usize, seed: u64, schema: &Schema) -> anyhow::Result<Self> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut passwords = HashMap::new();
        for collection in schema.collections().iter().filter(|collection| collection.auth().is_some()) {
            let Some((_, field)) = collection.field("password") else { continue };
            let drawn = value::password(field, &mut Scene::new(&mut random, 0, 0));
            passwords.insert(collection.id.clone(), drawn.map_err(|reason| failure(collection, &field.name, &reason))?);
        }
        let known: Vec<String> = passwords.values().cloned().collect();
        Ok(Self {
            records: app.records.knowing(&known).await?,
            clock,
            request: app.records.own_request()?,
            random,
            count,
            passwords,
            ids: HashMap::new(),
            filled: Filled::default(),
        })
    }

    async fn fill(&mut self, step: &Step) -> anyhow::Result<()> {
        let mut made = 0;
        while made < self.count && self.create(step, made).await? {
            made += 1;
        }
        self.filled.counts.push((step.collection.name.clone(), made));
        Ok(())
    }

    /// Makes one record. False if no more fit beside those that are there.
    async fn create(&mut self, step: &Step, index: usize) -> anyhow::Result<bool> {
        let collection = &step.collection;
        let at_ms = self.time_of(index);
        self.clock.set_ms(at_ms);
        let mut body = Map::new();
        let mut wanted: Vec<&Field> =
            collection.fields.iter().filter(|field| !step.later.contains(&field.name)).collect();
        for attempt in 0..MAX_ATTEMPTS {
            let mut scene = Scene::new(&mut self.random, index, attempt);
            for field in &wanted {
                let drawn = match field.is_primary_key() {
                    true => value::id(field, is_plain(collection), at_ms, &mut scene).map(|id| Some(id.into())),
                    false => draw(collection, field, &self.ids, &self.passwords, &mut scene),
                };
                match drawn.map_err(|reason| failure(collection, &field.name, &reason))? {
                    Some(value) => body.insert(field.name.clone(), value),
                    None => body.shift_remove(&field.name),
                };
            }
            if let Some(password) = self.passwords.get(&collection.id) {
                body.insert("passwordConfirm".into(), password.as_str().into());
            }
            let request = Request { body: body.clone(), ..self.request.clone() };
            match self.records.import(&request, &collection.id).await {
                Ok(id) => {
                    self.note(collection, index, id, &body);
                    return Ok(true);
                }
                Err(error) => wanted = taken(collection, &error).ok_or_else(|| refused(collection, &error))?,
            }
        }
        match index {
            0 => Err(failure(collection, &wanted[0].name, "every value that fits is taken")),
            _ => Ok(false),
        }
    }

    fn note(&mut self, collection: &Collection, index: usize, id: String, body: &Map<String, Json>) {
        self.ids.entry(collection.id.clone()).or_default().push(id);
        if let (Some(options), Some(password), 0) = (collection.auth(), self.passwords.get(&collection.id), index) {
            let email = options.identity_fields.iter().find(|field| *field == "email");
            let identity =
                email.into_iter().chain(&options.identity_fields).find_map(|field| body.get(field)?.as_str());
            self.filled.accounts.push(Account {
                collection: collection.name.clone(),
                identity: identity.unwrap_or_default().to_owned(),
                password: password.clone(),
            });
        }
    }

    /// Sets the relations that had no records before.
    async fn relate(&mut self, step: &Step) -> anyhow::Result<()> {
        let collection = &step.collection;
        let fields: Vec<&Field> = collection.fields.iter().filter(|field| step.later.contains(&field.name)).collect();
        for (index, id) in self.ids.get(&collection.id).cloned().unwrap_or_default().iter().enumerate() {
            self.clock.set_ms(self.time_of(index).midpoint(NOW.timestamp_millis()));
            let mut result = Ok(());
            for attempt in 0..MAX_ATTEMPTS {
                let mut scene = Scene::new(&mut self.random, index, attempt);
                let mut body = Map::new();
                for field in &fields {
                    let drawn = draw(collection, field, &self.ids, &self.passwords, &mut scene);
                    let drawn = drawn.map_err(|reason| failure(collection, &field.name, &reason))?;
                    body.extend(drawn.map(|value| (field.name.clone(), value)));
                }
                let request = Request { body, ..self.request.clone() };
                let done = self.records.update(request, &collection.id, id, &Shape::default(), &Terms::default()).await;
                result = match done {
                    Err(error) if taken(collection, &error).is_some() => Err(refused(collection, &error)),
                    Err(error) => return Err(refused(collection, &error)),
                    Ok(_) => Ok(()),
                };
                if result.is_ok() {
                    break;
                }
            }
            result?;
        }
        Ok(())
    }

    /// When a record was made: the year before [`NOW`] is shared out among all, in their order.
    fn time_of(&mut self, index: usize) -> i64 {
        let step = YEAR_MS / i64::try_from(self.count.max(1)).unwrap_or(YEAR_MS);
        let index = i64::try_from(index).unwrap_or(0);
        NOW.timestamp_millis() - YEAR_MS + step * index + self.random.random_range(0..step / 2)
    }
}

fn draw(
    collection: &Collection,
    field: &Field,
    ids: &HashMap<String, Vec<String>>,
    passwords: &HashMap<String, String>,
    scene: &mut Scene<'_>,
) -> Result<Option<Json>, String> {
    let is_auth = collection.auth().is_some();
    let is_known = is_auth && scene.index == 0;
    match field.name.as_str() {
        "tokenKey" if is_auth => Ok(None),
        "password" if is_auth => Ok(passwords.get(&collection.id).map(|password| json!(password))),
        "verified" | "emailVisibility" if is_known => Ok(Some(json!(true))),
        "email" if is_known => {
            let local = if collection.id == SUPERUSERS_ID { "admin" } else { "user" };
            Ok(Some(value::known_email(field, local, scene).into()))
        }
        _ => {
            let targets = field.relation_target().and_then(|target| ids.get(target));
            let of_people = is_auth || meaning::is_of_people(&collection.name);
            value::draw(field, of_people, targets.map(Vec::as_slice).unwrap_or_default(), scene)
        }
    }
}

fn is_plain(collection: &Collection) -> bool {
    !collection.system && matches!(collection.kind, CollectionKind::Base)
}

/// The fields whose values another record has; all of them where the failure names none. `None` for any other failure.
fn taken<'c>(collection: &'c Arc<Collection>, error: &Error) -> Option<Vec<&'c Field>> {
    if error.kind() != Kind::Invalid {
        return None;
    }
    let is_taken = |node: &FieldErrorNode| matches!(node, FieldErrorNode::Leaf(leaf) if TAKEN.contains(&&*leaf.code));
    let named = &error.fields().0;
    if !named.values().all(is_taken) {
        return None;
    }
    Some(collection.fields.iter().filter(|field| named.is_empty() || named.contains_key(&field.name)).collect())
}

fn refused(collection: &Collection, error: &Error) -> anyhow::Error {
    match error.fields().0.iter().next() {
        Some((field, FieldErrorNode::Leaf(leaf))) => failure(collection, field, &leaf.message),
        _ => anyhow!("collection {}: {error}", collection.name),
    }
}

fn failure(collection: &Collection, field: &str, reason: &str) -> anyhow::Error {
    anyhow!("collection {}, field {field}: {reason}", collection.name)
}
