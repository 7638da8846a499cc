//! Records to JSON bytes, straight from columns: the only place where a stored record becomes an answer.
//!
//! *Invariant:* what leaves here obeys contract 2.2: hidden fields for superusers only, secrets for nobody, an
//! e-mail address only for those who may see it.

use std::collections::HashSet;
use std::sync::Arc;

use super::picker::Picker;
use crate::query::{CallerPart, Request};
use crate::schema::{Collection, Field, Record};
use crate::store::{Columns, Sink, Value, ValueRef};

/// How records of one collection look to one caller.
#[derive(Clone)]
pub(super) struct Encoder {
    collection: Arc<Collection>,
    /// Which fields are shown, in field order.
    shown: Vec<bool>,
    show_collection: (bool, bool),
    email: Email,
}

/// Who sees the address of an auth record.
#[derive(Clone)]
enum Email {
    Everyone,
    /// Those of visible records, of the caller itself, and of the records that the caller manages.
    Limited {
        email: usize,
        visibility: usize,
        own_id: String,
        managed: HashSet<String>,
    },
}

impl Encoder {
    pub fn new(collection: &Arc<Collection>, request: &Request, picker: Option<&Picker>) -> Self {
        let superuser = request.caller.is_superuser();
        let names = picker.and_then(Picker::plain_names);
        let picked = |name: &str| names.as_ref().is_none_or(|names| names.contains(&name));
        let shown =
            |field: &Field| (superuser || !field.hidden) && !is_secret(collection, field) && picked(&field.name);
        Self {
            shown: collection.fields.iter().map(shown).collect(),
            show_collection: (picked("collectionId"), picked("collectionName")),
            email: Email::of(collection, request),
            collection: collection.clone(),
        }
    }

    /// Whether the addresses that the caller sees depend on the manage rule.
    pub fn asks_manage_rule(&self) -> bool {
        let manage = self.collection.auth().is_some_and(|options| options.manage_rule.is_some());
        manage && matches!(self.email, Email::Limited { .. })
    }

    /// What of the caller the addresses depend on, besides the manage rule.
    pub fn caller_part(&self, request: &Request) -> CallerPart {
        let own = request.caller.record().is_some_and(|record| record.collection.id == self.collection.id);
        match &self.email {
            Email::Everyone => CallerPart::Nothing,
            Email::Limited { .. } if own => CallerPart::Record,
            Email::Limited { .. } => CallerPart::Collection,
        }
    }

    /// Names the records that the caller manages.
    pub fn set_managed(&mut self, ids: HashSet<String>) {
        if let Email::Limited { managed, .. } = &mut self.email {
            *managed = ids;
        }
    }

    /// Writes `{…` of a row without the closing brace, so that more keys may follow.
    pub fn open<'v>(&self, get: impl Fn(usize) -> ValueRef<'v>, out: &mut Vec<u8>) {
        out.push(b'{');
        let (show_id, show_name) = self.show_collection;
        if show_id {
            write_text_key("collectionId", &self.collection.id, out);
        }
        if show_name {
            write_text_key("collectionName", &self.collection.name, out);
        }
        let hides = self.hidden_email(&get);
        let is_view = self.collection.is_view();
        for (index, field) in self.collection.fields.iter().enumerate() {
            if self.shown[index] && hides != Some(index) {
                write_key(&field.name, out);
                match is_view {
                    true => field.write_json(get(index), out),
                    false => field.write_table_json(get(index), out),
                }
            }
        }
    }

    pub fn open_record(&self, record: &Record, out: &mut Vec<u8>) {
        self.open(|index| record.values.get(index).unwrap_or(&Value::Null).as_ref(), out);
    }

    /// The position of the address, if this row's is not for the caller.
    fn hidden_email<'v>(&self, get: &impl Fn(usize) -> ValueRef<'v>) -> Option<usize> {
        let Email::Limited { email, visibility, own_id, managed } = &self.email else { return None };
        let ValueRef::Text(id) = get(self.collection.table.id_column) else { return Some(*email) };
        let visible = matches!(get(*visibility), ValueRef::Int(number) if number != 0);
        (!visible && id != own_id && !managed.contains(id)).then_some(*email)
    }
}

impl Email {
    fn of(collection: &Arc<Collection>, request: &Request) -> Self {
        if collection.auth().is_none() || request.caller.is_superuser() {
            return Self::Everyone;
        }
        let (Some((email, _)), Some((visibility, _))) =
            (collection.field("email"), collection.field("emailVisibility"))
        else {
            return Self::Everyone;
        };
        let own = request.caller.record().filter(|record| record.collection.id == collection.id);
        let own_id = own.map(|record| record.id().to_owned()).unwrap_or_default();
        Self::Limited { email, visibility, own_id, managed: HashSet::new() }
    }
}

/// The password and the token key of auth records never leave; other password fields show as empty.
pub(super) fn is_secret(collection: &Collection, field: &Field) -> bool {
    collection.auth().is_some() && field.system && matches!(field.name.as_str(), "password" | "tokenKey")
}

/// `"name":` with a comma before it where it is not the first key. Names are `\w+`: nothing to escape.
pub(super) fn write_key(name: &str, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_text_key(name: &str, text: &str, out: &mut Vec<u8>) {
    write_key(name, out);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes rows as the items of a JSON array as they come.
pub(super) struct Items {
    pub encoder: Encoder,
    pub out: Vec<u8>,
    pub count: usize,
    start: usize,
}

impl Items {
    /// Writes behind what `out` holds already.
    pub fn new(encoder: Encoder, out: Vec<u8>) -> Self {
        let start = out.len();
        Self { encoder, out, count: 0, start }
    }
}

impl Sink for Items {
    fn row(&mut self, columns: &dyn Columns) {
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
        self.encoder.open(|index| columns.get(index), &mut self.out);
        self.out.push(b'}');
    }

    fn reset(&mut self) {
        self.out.truncate(self.start);
        self.count = 0;
    }
}

/// Writes the one row of a statement as a whole body.
pub(super) struct Single {
    encoder: Encoder,
    pub out: Vec<u8>,
    /// The revision of the row that came, if one did.
    pub rev: Option<i64>,
}

impl Single {
    pub fn new(encoder: Encoder) -> Self {
        Self { encoder, out: Vec::with_capacity(1024), rev: None }
    }
}

impl Sink for Single {
    fn row(&mut self, columns: &dyn Columns) {
        self.encoder.open(|index| columns.get(index), &mut self.out);
        self.out.push(b'}');
        self.rev = Some(rev(&self.encoder.collection, columns));
    }

    fn reset(&mut self) {
        self.out.clear();
        self.rev = None;
    }
}

/// The revision stands behind the fields.
fn rev(collection: &Collection, columns: &dyn Columns) -> i64 {
    columns.get(collection.fields.len()).to_value().as_i64().unwrap_or_default()
}

/// Takes rows as records.
pub(super) struct Collect {
    pub collection: Arc<Collection>,
    pub records: Vec<Record>,
}

impl Sink for Collect {
    fn row(&mut self, columns: &dyn Columns) {
        let fields = self.collection.fields.len();
        let values = (0..fields).map(|index| columns.get(index).to_value()).collect();
        let rev = rev(&self.collection, columns);
        self.records.push(Record { collection: self.collection.clone(), rev, values });
    }

    fn reset(&mut self) {
        self.records.clear();
    }
}
