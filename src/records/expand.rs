//! `expand`: related records inside a record (contract 2.4), one statement for each path and level.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::encode::{Collect, write_key};
use super::present::Presenter;
use crate::error::{Error, Result};
use crate::query::{Context, Filter, Query, Reads, Request, Trust};
use crate::schema::{Collection, FieldKind, Record, unique_on};

/// Deeper parts of a path are ignored.
const MAX_DEPTH: usize = 6;
/// Related records of one back relation.
const MAX_BACK: usize = 1000;
/// All related records of an answer on one level. They nest in each other as copies, so that a short parameter over
/// records that point at each other could ask for more than any memory holds.
const MAX_BYTES: usize = 64 << 20;

/// The parsed parameter: names, each with what is expanded below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tree(IndexMap<String, Tree>);

impl Tree {
    pub fn parse(expand: &str) -> Self {
        let mut root = Self::default();
        let paths = expand.split(',').map(|path| path.trim().trim_matches('.'));
        for path in paths.filter(|path| !path.is_empty()) {
            path.split('.').take(MAX_DEPTH).fold(&mut root, |at, name| at.0.entry(name.trim().to_owned()).or_default());
        }
        root
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where a name of the tree leads.
struct Edge {
    name: String,
    target: Arc<Collection>,
    kind: Kind,
}

enum Kind {
    /// The relation field of this collection at that position.
    Forward { field: usize },
    /// The relation field of the target that points here; `single` where at most one record does.
    Back { field: usize, single: bool },
}

/// Each record as JSON with its expand, in order.
pub(super) async fn encode(
    presenter: &Presenter<'_>,
    collection: &Arc<Collection>,
    records: &[Record],
    tree: &Tree,
) -> Result<Vec<Vec<u8>>> {
    match encode_all(presenter, collection, records, tree).await? {
        Some(items) => Ok(items),
        None => Ok(encode_all(presenter, collection, records, &Tree::default()).await?.unwrap_or_default()),
    }
}

/// `None` where there are records but every path of the tree fails: then the step that led here is no use either.
async fn encode_all(
    presenter: &Presenter<'_>,
    collection: &Arc<Collection>,
    records: &[Record],
    tree: &Tree,
) -> Result<Option<Vec<Vec<u8>>>> {
    let Some(expands) = expand(presenter, collection, records, tree).await? else { return Ok(None) };
    let encoder = presenter.encoder(collection, records).await?;
    let bytes = |(record, expand): (&Record, Option<Vec<u8>>)| {
        let mut out = Vec::with_capacity(512);
        encoder.open_record(record, &mut out);
        if let Some(expand) = expand {
            write_key("expand", &mut out);
            out.extend_from_slice(&expand);
        }
        out.push(b'}');
        out
    };
    Ok(Some(records.iter().zip(expands).map(bytes).collect()))
}

/// The value of the `expand` key of each record, `None` in it where nothing was asked for.
async fn expand(
    presenter: &Presenter<'_>,
    collection: &Arc<Collection>,
    records: &[Record],
    tree: &Tree,
) -> Result<Option<Vec<Option<Vec<u8>>>>> {
    if tree.is_empty() || records.is_empty() {
        return Ok(Some(records.iter().map(|_| None).collect()));
    }
    let mut outs: Vec<Vec<u8>> = records.iter().map(|_| vec![b'{']).collect();
    let mut any = false;
    for (name, below) in &tree.0 {
        let Some(edge) = edge(presenter, collection, name) else { continue };
        let Some(related) = related(presenter, &edge, records).await? else { continue };
        let Some(bodies) = Box::pin(encode_all(presenter, &edge.target, &related, below)).await? else { continue };
        any = true;
        match edge.kind {
            Kind::Forward { field } => forward(&edge.name, field, records, &related, &bodies, &mut outs)?,
            Kind::Back { field, single } => back(&edge.name, field, single, records, &related, &bodies, &mut outs)?,
        }
    }
    let close = |mut out: Vec<u8>| {
        out.push(b'}');
        Some(out)
    };
    Ok(any.then(|| outs.into_iter().map(close).collect()))
}

/// What [`encode`] can depend on, whatever records it is given.
pub(super) fn note_reads(
    presenter: &Presenter<'_>,
    collection: &Arc<Collection>,
    tree: &Tree,
    reads: &mut Reads,
) -> Result<()> {
    presenter.note_encoder_reads(collection, reads)?;
    for (name, below) in &tree.0 {
        let Some(edge) = edge(presenter, collection, name) else { continue };
        let request = expanding(presenter);
        let mut query = Query::new(presenter.schema, &edge.target, &request);
        let may_view = may_view(&edge, &request, &mut query);
        reads.merge(query.reads());
        if may_view {
            note_reads(presenter, &edge.target, below, reads)?;
        }
    }
    Ok(())
}

fn expanding(presenter: &Presenter<'_>) -> Request {
    Request { context: Context::Expand, ..presenter.request.clone() }
}

/// ANDs the view rule of the target; false where none of its records is for the caller: a null rule, or one that can't
/// be resolved.
fn may_view(edge: &Edge, request: &Request, query: &mut Query<'_>) -> bool {
    if request.caller.is_superuser() {
        return true;
    }
    let Some(rule) = &edge.target.rules.view else { return false };
    match Filter::parse_rule(rule) {
        Ok(None) => true,
        Ok(Some(filter)) => query.filter(&filter, Trust::Rule).is_ok(),
        Err(_) => false,
    }
}

fn edge(presenter: &Presenter<'_>, collection: &Arc<Collection>, name: &str) -> Option<Edge> {
    let schema = presenter.schema;
    if let Some((position, field)) = collection.field(name) {
        let FieldKind::Relation(options) = &field.kind else { return None };
        let hidden = field.hidden && !presenter.request.caller.is_superuser();
        let target = schema.by_id(&options.collection_id).filter(|_| !hidden)?.clone();
        return Some(Edge { name: name.to_owned(), target, kind: Kind::Forward { field: position } });
    }
    // `coll_via_field`, or the older `coll(field)`.
    let (source, field) = name.split_once("_via_").or_else(|| name.strip_suffix(')')?.split_once('('))?;
    let target = schema.find(source)?.clone();
    let (position, field) = target.field(field)?;
    if field.relation_target() != Some(&collection.id) || (field.hidden && !presenter.request.caller.is_superuser()) {
        return None;
    }
    let single = !field.is_multi() && target.indexes.iter().any(|index| unique_on(index, &field.name).is_some());
    Some(Edge { name: name.to_owned(), kind: Kind::Back { field: position, single }, target })
}

/// The related records that the caller may view, in the order of their creation; `None` where no record of the
/// target is for the caller.
async fn related(presenter: &Presenter<'_>, edge: &Edge, records: &[Record]) -> Result<Option<Vec<Record>>> {
    let mut ids: Vec<String> = match &edge.kind {
        Kind::Forward { field } => {
            records.iter().flat_map(|record| record.collection.fields[*field].items(&record.values[*field])).collect()
        }
        Kind::Back { .. } => records.iter().map(|record| record.id().to_owned()).collect(),
    };
    ids.sort_unstable();
    ids.dedup();
    let request = expanding(presenter);
    let mut query = Query::new(presenter.schema, &edge.target, &request);
    let limit = match &edge.kind {
        Kind::Forward { .. } => {
            query.ids(&ids);
            ids.len()
        }
        Kind::Back { field, .. } => {
            query.refers_to(*field, &ids);
            ids.len().saturating_mul(MAX_BACK)
        }
    };
    if !may_view(edge, &request, &mut query) {
        return Ok(None);
    }
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let sink = Collect { collection: edge.target.clone(), records: Vec::new() };
    Ok(Some(presenter.lane.reader().stream(query.select(limit as u64, 0), sink).await?.records))
}

fn forward(
    name: &str,
    field: usize,
    records: &[Record],
    related: &[Record],
    bodies: &[Vec<u8>],
    outs: &mut [Vec<u8>],
) -> Result<()> {
    let by_id: HashMap<&str, &Vec<u8>> = related.iter().map(Record::id).zip(bodies).collect();
    let mut left = MAX_BYTES;
    for (record, out) in records.iter().zip(outs) {
        let field_of = &record.collection.fields[field];
        let found: Vec<&Vec<u8>> =
            field_of.items(&record.values[field]).iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect();
        write(name, !field_of.is_multi(), &found, out, &mut left)?;
    }
    Ok(())
}

fn back(
    name: &str,
    field: usize,
    single: bool,
    records: &[Record],
    related: &[Record],
    bodies: &[Vec<u8>],
    outs: &mut [Vec<u8>],
) -> Result<()> {
    let mut by_target: HashMap<String, Vec<&Vec<u8>>> = HashMap::new();
    for (referrer, body) in related.iter().zip(bodies) {
        for id in referrer.collection.fields[field].items(&referrer.values[field]) {
            let bodies = by_target.entry(id).or_default();
            if bodies.len() < MAX_BACK {
                bodies.push(body);
            }
        }
    }
    let mut left = MAX_BYTES;
    for (record, out) in records.iter().zip(outs) {
        write(name, single, by_target.get(record.id()).map(Vec::as_slice).unwrap_or_default(), out, &mut left)?;
    }
    Ok(())
}

/// An object for a single one, else a list; no key where there is nothing. What is written is taken off `left`.
fn write(name: &str, single: bool, bodies: &[&Vec<u8>], out: &mut Vec<u8>, left: &mut usize) -> Result<()> {
    let Some(first) = bodies.first() else { return Ok(()) };
    let bytes = bodies.iter().map(|body| body.len()).sum();
    *left = left.checked_sub(bytes).ok_or_else(|| Error::invalid("the expanded records are too large together"))?;
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    out.push(b':');
    if single {
        out.extend_from_slice(first);
        return Ok(());
    }
    out.push(b'[');
    for (index, body) in bodies.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(body);
    }
    out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_merge_and_end_at_the_sixth_level() {
        assert!(Tree::parse(" , ").is_empty());
        assert_eq!(Tree::parse("a,a.b"), Tree::parse("a.b"));
        assert_eq!(Tree::parse("a.b.c.d.e.f.g"), Tree::parse("a.b.c.d.e.f"));
        assert_ne!(Tree::parse("a.b"), Tree::parse("b.a"));
    }
}
