//! From a path to what it means: a constant of the request, or a walk over collections to a column.
//!
//! A walk is planned before any SQL is made, so that the compiler knows whether it fans out (crosses a list,
//! a back relation, another collection) before it decides where the joins go.

use std::sync::Arc;

use super::compile::affinity;
use super::error::{QueryError, Result};
use super::path::{Modifier, Path, Root};
use super::request::Request;
use super::value::Affinity;
use super::{Trust, constant};
use crate::schema::{Collection, Field, FieldKind, Schema, unique_on};
use crate::store::Value;

/// Relations that one path may cross (contract 3.1).
const MAX_HOPS: usize = 6;

/// What a path turned out to be.
#[derive(Debug)]
pub(super) enum Planned {
    Const(Value),
    /// A field of the caller: a constant that meets other constants with the type of its field.
    Typed(Value, Affinity),
    /// `@request.body.f:changed` of a field that was submitted: does it differ from the stored one.
    Changed {
        body: Value,
        field: usize,
    },
    Walk(Box<Walk>),
}

#[derive(Debug)]
pub(super) struct Walk {
    pub start: Start,
    pub hops: Vec<Hop>,
    pub leaf: Leaf,
}

#[derive(Debug)]
pub(super) enum Start {
    /// The record itself.
    Own,
    /// Records named by ids of the request, such as a relation of the caller.
    Ids { collection: Arc<Collection>, ids: Vec<String>, list: bool, key: String },
    /// All records of a collection (`@collection.…`).
    All { collection: Arc<Collection>, key: String },
    /// Plain items of the request, under `:each`.
    Items { items: Vec<String>, key: String },
}

/// One step to another collection.
#[derive(Debug)]
pub(super) struct Hop {
    /// Where the step leads.
    pub target: Arc<Collection>,
    /// The relation field: of the collection before for a forward step, of the target for a backward one.
    pub column: String,
    pub backward: bool,
    /// Whether the relation holds a list.
    pub list: bool,
    /// Whether one record may lead to several.
    pub fans_out: bool,
}

/// The column at the end; the collection is the one that the last step leads to.
#[derive(Debug)]
pub(super) enum Leaf {
    Column {
        field: Field,
        lower: bool,
    },
    Json {
        column: String,
        path: String,
    },
    /// `:each`: the items of a list.
    Each {
        column: String,
        list: bool,
    },
    /// `:length`: how many items.
    Length {
        column: String,
        list: bool,
    },
    /// `id` at the end of a list of relations: the items themselves, no row needed.
    Item,
}

impl Walk {
    pub fn fans_out(&self) -> bool {
        let start = match &self.start {
            Start::Own => false,
            Start::Ids { list, .. } => *list,
            Start::All { .. } | Start::Items { .. } => true,
        };
        start || matches!(self.leaf, Leaf::Each { list: true, .. }) || self.hops.iter().any(|hop| hop.fans_out)
    }
}

/// Plans paths for one collection, request and author of the expression.
pub(super) struct Planner<'a> {
    pub schema: &'a Schema,
    pub collection: &'a Arc<Collection>,
    pub request: &'a Request,
    /// True where hidden fields and the rules of other collections are no limit.
    pub trusted: bool,
}

impl<'a> Planner<'a> {
    pub fn new(schema: &'a Schema, collection: &'a Arc<Collection>, request: &'a Request, trust: Trust) -> Self {
        Self { schema, collection, request, trusted: trust == Trust::Rule || request.caller.is_superuser() }
    }

    pub fn plan(&self, path: &Path<'_>) -> Result<Planned> {
        match path.root {
            Root::Own => self
                .walk(path, Start::Own, self.collection.clone(), &path.segments)
                .map(|walk| Planned::Walk(Box::new(walk))),
            Root::Collection { name, alias } => {
                self.deny_client(path, "@collection.")?;
                let collection = self
                    .schema
                    .find(name)
                    .ok_or_else(|| QueryError::at(path.position, format!("there is no collection {name:?}")))?;
                let start = Start::All { collection: collection.clone(), key: format!("@{name}:{alias}") };
                self.walk(path, start, collection.clone(), &path.segments).map(|walk| Planned::Walk(Box::new(walk)))
            }
            Root::Macro => constant::macro_value(path, self.request).map(Planned::Const),
            Root::Auth | Root::Body | Root::Query | Root::Headers | Root::Context | Root::Method => {
                self.deny_client(path, "@request.")?;
                self.request_value(path)
            }
        }
    }

    fn deny_client(&self, path: &Path<'_>, what: &str) -> Result<()> {
        match self.trusted {
            true => Ok(()),
            false => Err(QueryError {
                position: Some(path.position),
                ..QueryError::forbidden(format!("only superusers can filter by {what}"))
            }),
        }
    }

    /// `@request.…`: a constant, or a walk that starts at ids of the request.
    fn request_value(&self, path: &Path<'_>) -> Result<Planned> {
        let owner = match path.root {
            Root::Auth => self.request.caller.record().map(|record| record.collection.clone()),
            Root::Body => Some(self.collection.clone()),
            _ => None,
        };
        let first = path.segments.first().copied().unwrap_or_default();
        let field = owner.as_ref().and_then(|owner| owner.field(first)).map(|(index, field)| (index, field.clone()));
        if path.root == Root::Auth
            && path.segments.len() > 1
            && let Some(record) = self.request.caller.record()
            && first.contains("_via_")
        {
            let ids = vec![record.id().to_owned()];
            if back_relation(self.schema, &record.collection, first).is_none() {
                // Another auth collection may be meant; for this caller there is nothing.
                return Ok(Planned::Const(Value::Null));
            }
            let start = Start::Ids { collection: record.collection.clone(), ids, list: false, key: "@auth".into() };
            return self
                .walk(path, start, record.collection.clone(), &path.segments)
                .map(|walk| Planned::Walk(Box::new(walk)));
        }
        if path.segments.len() > 1
            && let Some((_, field)) = &field
            && let FieldKind::Relation(options) = &field.kind
        {
            let Some(target) = self.schema.by_id(&options.collection_id) else {
                return path.error(format!("the collection of {first} does not exist"));
            };
            let ids = constant::ids(path, self.request, Some(field));
            let key = format!("@{:?}.{first}", path.root);
            let start = Start::Ids { collection: target.clone(), ids, list: field.is_multi(), key };
            return self
                .walk(path, start, target.clone(), &path.segments[1..])
                .map(|walk| Planned::Walk(Box::new(walk)));
        }
        let value = || constant::value(path, self.request, field.as_ref().map(|(_, field)| field));
        let items = field.as_ref().is_some_and(|(_, field)| holds_items(field)) && path.segments.len() == 1;
        Ok(match (path.root, path.modifier) {
            (Root::Auth, None) => typed(value(), field.as_ref()),
            (_, None) => Planned::Const(value()),
            (Root::Context | Root::Method, Some(_)) => return path.error(format!("{} takes no modifier", path.text)),
            (_, Some(Modifier::Lower)) => Planned::Const(constant::lower(path.root, value())),
            (_, Some(Modifier::Length)) if items => {
                let length = constant::ids(path, self.request, field.as_ref().map(|(_, field)| field)).len();
                Planned::Const(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
            }
            (_, Some(Modifier::Each)) if items => {
                let items = constant::ids(path, self.request, field.as_ref().map(|(_, field)| field));
                let start = Start::Items { items, key: format!("@{:?}.{first}", path.root) };
                Planned::Walk(Box::new(Walk { start, hops: Vec::new(), leaf: Leaf::Item }))
            }
            // PocketBase takes no notice of a modifier that means nothing for a field of the caller.
            (Root::Auth, Some(_)) => typed(value(), field.as_ref()),
            (_, Some(Modifier::Isset)) => Planned::Const(Value::Int(i64::from(constant::is_set(path, self.request)))),
            (Root::Body, Some(Modifier::Changed)) if path.segments.len() == 1 => match &field {
                None => return path.error(":changed goes with a field in @request.body only"),
                Some(_) if !constant::is_set(path, self.request) => Planned::Const(Value::Int(0)),
                Some((index, _)) => Planned::Changed { body: value(), field: *index },
            },
            (_, Some(Modifier::Changed)) => return path.error(":changed goes with a field in @request.body only"),
            (_, Some(Modifier::Length | Modifier::Each)) => {
                return path.error("this modifier goes with select, file and relation fields only");
            }
        })
    }

    fn walk(&self, path: &Path<'_>, start: Start, mut collection: Arc<Collection>, segments: &[&str]) -> Result<Walk> {
        let mut walk = Walk { start, hops: Vec::new(), leaf: Leaf::Item };
        let mut rest = segments;
        loop {
            let [name, after @ ..] = rest else { return path.error(format!("{} is not complete", path.text)) };
            if let Some((source, field)) = back_relation(self.schema, &collection, name) {
                if after.is_empty() {
                    return path.error(format!("{name} needs a field behind it, such as {name}.id"));
                }
                let list = source.fields[field].is_multi();
                let column = source.fields[field].name.clone();
                let single = !list && source.indexes.iter().any(|index| unique_on(index, &column).is_some());
                self.enter(path, &source, &source.fields[field])?;
                walk.hops.push(Hop { target: source.clone(), column, backward: true, list, fans_out: !single });
                collection = source;
                rest = after;
            } else {
                let field = self.field(path, &collection, name)?;
                match (&field.kind, after) {
                    (FieldKind::Relation(_), [only])
                        if *only == "id" && path.modifier.is_none() && !field.is_multi() =>
                    {
                        walk.leaf = Leaf::Column { field, lower: false };
                        return Ok(walk);
                    }
                    (FieldKind::Relation(options), [_, ..]) => {
                        let Some(target) = self.schema.by_id(&options.collection_id).cloned() else {
                            return path.error(format!("the collection of {name} does not exist"));
                        };
                        self.enter(path, &target, &field)?;
                        let list = field.is_multi();
                        walk.hops.push(Hop {
                            target: target.clone(),
                            column: field.name,
                            backward: false,
                            list,
                            fans_out: list,
                        });
                        collection = target;
                        rest = after;
                    }
                    _ => {
                        walk.leaf = leaf(path, field, after)?;
                        return Ok(walk);
                    }
                }
            }
            if walk.hops.len() > MAX_HOPS {
                return path.error(format!("the path crosses more than {MAX_HOPS} relations"));
            }
        }
    }

    fn field(&self, path: &Path<'_>, collection: &Arc<Collection>, name: &str) -> Result<Field> {
        match collection.field(name) {
            // The hash of a password is no more for clients than a hidden field, though the field itself is shown.
            Some((_, field)) if (field.hidden || matches!(field.kind, FieldKind::Password(_))) && !self.trusted => {
                path.error(format!("{name} is not available to filter or sort by"))
            }
            Some((_, field)) => Ok(field.clone()),
            None => path.error(unknown_field(collection, name, self.trusted)),
        }
    }

    /// A client may cross into a collection only if it may list it at all (contract 3.7).
    fn enter(&self, path: &Path<'_>, target: &Arc<Collection>, field: &Field) -> Result<()> {
        match self.trusted || (target.rules.list.is_some() && !field.hidden) {
            true => Ok(()),
            false => path.error(format!("{} is not available to filter or sort by", path.text)),
        }
    }
}

fn leaf(path: &Path<'_>, field: Field, after: &[&str]) -> Result<Leaf> {
    let column = field.name.clone();
    match (&field.kind, after) {
        (FieldKind::Json(_), []) => return Ok(Leaf::Json { column, path: json_path(&[]) }),
        (FieldKind::Json(_), keys) => return Ok(Leaf::Json { column, path: json_path_to(keys, path.modifier) }),
        (FieldKind::GeoPoint(_), [key]) if matches!(*key, "lon" | "lat") => {
            return Ok(Leaf::Json { column, path: json_path_to(&[key], path.modifier) });
        }
        (_, []) => {}
        _ => return path.error(format!("{} has no {:?}", column, after.join("."))),
    }
    let list = field.is_multi();
    match path.modifier {
        Some(Modifier::Each) if holds_items(&field) => Ok(Leaf::Each { column, list }),
        Some(Modifier::Length) if holds_items(&field) => Ok(Leaf::Length { column, list }),
        modifier => Ok(Leaf::Column { field, lower: modifier == Some(Modifier::Lower) }),
    }
}

fn json_path(keys: &[&str]) -> String {
    keys.iter().fold("$".to_owned(), |path, key| match key.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{path}[{key}]"),
        false => format!("{path}.{key}"),
    })
}

/// A modifier behind a path into a json value is a part of its last key, as PocketBase has it.
fn json_path_to(keys: &[&str], modifier: Option<Modifier>) -> String {
    match (keys, modifier) {
        ([before @ .., last], Some(modifier)) => format!("{}.\"{last}:{}\"", json_path(before), modifier.name()),
        _ => json_path(keys),
    }
}

fn typed(value: Value, field: Option<&(usize, Field)>) -> Planned {
    match field {
        Some((_, field)) if !matches!(field.kind, FieldKind::Json(_) | FieldKind::GeoPoint(_) | FieldKind::Bool(_)) => {
            Planned::Typed(value, affinity(field))
        }
        _ => Planned::Const(value),
    }
}

pub(super) fn holds_items(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_))
}

/// `collection_via_field`: the collection and the position of its relation field that points here.
fn back_relation(schema: &Schema, target: &Collection, name: &str) -> Option<(Arc<Collection>, usize)> {
    let (source, field) = name.split_once("_via_")?;
    let source = schema.find(source)?;
    let (index, field) = source.field(field)?;
    matches!(&field.kind, FieldKind::Relation(options) if options.collection_id == target.id)
        .then(|| (source.clone(), index))
}

fn unknown_field(collection: &Collection, name: &str, trusted: bool) -> String {
    let names = collection.fields.iter().filter(|field| trusted || !field.hidden).map(|field| field.name.as_str());
    let nearest = names.map(|known| (distance(known, name), known)).min().filter(|(distance, _)| *distance <= 2);
    match nearest {
        Some((_, known)) => format!("there is no field {name:?}; did you mean {known:?}?"),
        None => format!("there is no field {name:?}"),
    }
}

/// How many single-letter edits lie between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}
