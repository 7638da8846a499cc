//! Records for every collection, through the normal write path and one by one: their order and times are the data's.

use std::collections::HashMap;

use anyhow::anyhow;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value as Json};

use super::account::{Account, Accounts};
use super::order::{self, Step};
use super::scene::{NOW, Scene};
use super::{meaning, value};
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Error, FieldErrorNode, Kind};
use crate::query::Request;
use crate::records::{Records, Shape, Terms};
use crate::schema::{Collection, CollectionKind, Field, SUPERUSERS_ID};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// How often values that are taken are drawn anew before a collection counts as full.
const MAX_ATTEMPTS: usize = 200;

/// Codes of values that another record has.
const TAKEN: [&str; 3] = ["validation_not_unique", "validation_pk_invalid", "validation_invalid_auth_id"];

/// What there is after filling.
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
    let mut random = StdRng::seed_from_u64(seed);
    let accounts = Accounts::new(&schema, &mut random)?;
    let records = app.records.knowing(&accounts.passwords()).await?;
    let request = app.records.own_request()?;
    let mut filler = Filler { records, clock, request, random, count, accounts, ids: HashMap::new() };
    if let Some(superusers) = schema.by_id(SUPERUSERS_ID) {
        filler.create(&Step { collection: superusers.clone(), later: Vec::new() }, 0).await?;
    }
    let mut counts = Vec::new();
    let steps = order::steps(&schema);
    for step in &steps {
        relax(app, step).await?;
        counts.push((step.collection.name.clone(), filler.fill(step).await?));
    }
    for step in steps.iter().filter(|step| !step.later.is_empty()) {
        filler.relate(step).await?;
        save(app, step, &step.collection.fields).await?;
    }
    Ok(Filled { accounts: filler.accounts.known, counts })
}

/// Takes the demand off relations that can't be met yet; [`fill`] puts it back.
async fn relax(app: &App, step: &Step) -> anyhow::Result<()> {
    let required: Vec<&str> = step.required_later().map(|field| field.name.as_str()).collect();
    if required.is_empty() {
        return Ok(());
    }
    let mut fields = step.collection.fields.clone();
    for field in fields.iter_mut().filter(|field| required.contains(&field.name.as_str())) {
        field.required = false;
    }
    save(app, step, &fields).await
}

async fn save(app: &App, step: &Step, fields: &[Field]) -> anyhow::Result<()> {
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
    accounts: Accounts,
    /// The records of each collection, by its id.
    ids: HashMap<String, Vec<String>>,
}

impl Filler<'_> {
    /// Makes the records of a collection. Returns how many there are.
    async fn fill(&mut self, step: &Step) -> anyhow::Result<usize> {
        for index in 0..self.count {
            if !self.create(step, index).await? {
                return Ok(index);
            }
        }
        Ok(self.count)
    }

    /// Makes one record. False if no more fit beside those that are there.
    async fn create(&mut self, step: &Step, index: usize) -> anyhow::Result<bool> {
        let collection = &step.collection;
        self.clock.set_ms(self.time_of(index));
        let drawn = |field: &&Field| !step.later.contains(&field.name) && !is_token_key(collection, field);
        let fields: Vec<&Field> = collection.fields.iter().filter(drawn).collect();
        let (mut body, mut wanted) = (Map::new(), fields.clone());
        if let Some(password) = self.accounts.password(collection) {
            body.insert("passwordConfirm".into(), password.into());
        }
        for attempt in 0..MAX_ATTEMPTS {
            self.draw(collection, &wanted, (index, attempt), &mut body)?;
            let request = Request { body: body.clone(), ..self.request.clone() };
            match self.records.import(&request, &collection.id).await {
                Ok(id) => {
                    self.ids.entry(collection.id.clone()).or_default().push(id);
                    if index == 0 {
                        self.accounts.note(collection, &body);
                    }
                    return Ok(true);
                }
                Err(error) => wanted = taken(&fields, &error).ok_or_else(|| refused(collection, &error))?,
            }
        }
        if index == 0 { Err(all_taken(collection, &wanted)) } else { Ok(false) }
    }

    /// Sets the relations of all records that had no targets before.
    async fn relate(&mut self, step: &Step) -> anyhow::Result<()> {
        for (index, id) in self.ids.get(&step.collection.id).cloned().unwrap_or_default().iter().enumerate() {
            self.clock.set_ms(self.time_of(index).midpoint(NOW.timestamp_millis()));
            self.relate_one(step, index, id).await?;
        }
        Ok(())
    }

    async fn relate_one(&mut self, step: &Step, index: usize, id: &str) -> anyhow::Result<()> {
        let collection = &step.collection;
        let fields: Vec<&Field> = collection.fields.iter().filter(|field| step.later.contains(&field.name)).collect();
        for attempt in 0..MAX_ATTEMPTS {
            let mut body = Map::new();
            self.draw(collection, &fields, (index, attempt), &mut body)?;
            let request = Request { body, ..self.request.clone() };
            match self.records.update(request, &collection.id, id, &Shape::default(), &Terms::default()).await {
                Ok(_) => return Ok(()),
                Err(error) if taken(&fields, &error).is_some() => {}
                Err(error) => return Err(refused(collection, &error)),
            }
        }
        Err(all_taken(collection, &fields))
    }

    /// Puts a value of each field into the body of a record.
    fn draw(
        &mut self,
        collection: &Collection,
        fields: &[&Field],
        (index, attempt): (usize, usize),
        body: &mut Map<String, Json>,
    ) -> anyhow::Result<()> {
        let of_people = collection.auth().is_some() || meaning::is_of_people(&collection.name);
        let mut scene = Scene::new(&mut self.random, index, attempt);
        for field in fields {
            let targets = field.relation_target().and_then(|target| self.ids.get(target)).map(Vec::as_slice);
            let drawn = if field.is_primary_key() {
                value::id(field, is_plain(collection), self.clock.now_ms(), &mut scene).map(|id| Some(id.into()))
            } else if let Some(known) = self.accounts.value(collection, field, &mut scene) {
                Ok(Some(known))
            } else {
                value::draw(field, of_people, targets.unwrap_or_default(), &mut scene)
            };
            match drawn.map_err(|reason| failure(collection, &field.name, &reason))? {
                Some(value) => body.insert(field.name.clone(), value),
                None => body.shift_remove(&field.name),
            };
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

fn is_plain(collection: &Collection) -> bool {
    !collection.system && matches!(collection.kind, CollectionKind::Base)
}

/// Nobody ever sees the key of an account's tokens: the server makes it.
fn is_token_key(collection: &Collection, field: &Field) -> bool {
    collection.auth().is_some() && field.name == "tokenKey"
}

/// The fields whose values another record has; all of them where the failure names none. `None` for any other failure.
fn taken<'f>(fields: &[&'f Field], error: &Error) -> Option<Vec<&'f Field>> {
    let is_taken = |node: &FieldErrorNode| matches!(node, FieldErrorNode::Leaf(leaf) if TAKEN.contains(&&*leaf.code));
    let named = &error.fields().0;
    if error.kind() != Kind::Invalid || !named.values().all(is_taken) {
        return None;
    }
    Some(fields.iter().copied().filter(|field| named.is_empty() || named.contains_key(&field.name)).collect())
}

fn all_taken(collection: &Collection, fields: &[&Field]) -> anyhow::Error {
    let name = fields.first().map(|field| field.name.as_str()).unwrap_or_default();
    failure(collection, name, "every value that fits is taken")
}

fn refused(collection: &Collection, error: &Error) -> anyhow::Error {
    match error.fields().0.iter().next() {
        Some((field, FieldErrorNode::Leaf(leaf))) => failure(collection, field, &leaf.message),
        _ => anyhow!("collection {}: {error}", collection.name),
    }
}

/// Why a field can't be filled, in the words that the command ends with.
pub(super) fn failure(collection: &Collection, field: &str, reason: &str) -> anyhow::Error {
    anyhow!("collection {}, field {field}: {reason}", collection.name)
}
